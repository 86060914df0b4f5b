"""Words cut out of a photo and laid flat, as the reader wants them."""

import cv2
import numpy as np

from extractor.page import Word
from synthgen.arrays import F32, F64, Image, Quads
from synthgen.quads import bounds

MOST_HIGH = 64.0  # px of a strip's shorter side: twice what the reader sees; larger words are averaged first, warping alone would alias
# Heights beyond a found word that the reader is shown: more suits the detector that comes along, less CRAFT's public weights. Source:
# benchmarks/RESULTS.md, what was tried.
MARGIN = 0.12
BAND_MARGIN = 0.25  # the same of curved words, whose outlines lie closer to the letters
TINY = 1e-9  # px, in place of no length


def crop_of(photo: Image, word: Word) -> Image:
    """Return a word of a photo `(h, w, 3)` as it was shown to the reader, upright and laid flat."""
    return cut(photo, word.quad, word.polygon)


def cut(photo: Image, quad: Quads, polygon: F32 | None) -> Image:
    """Return a word as the reader wants it: laid flat, with a margin round it."""
    return straightened(photo, grown(quad), None if polygon is None else grown_band(polygon))


def grown(quad: Quads) -> Quads:
    """Return a quad (4, 2) whose sides lie MARGIN of its shorter side further out."""
    corners = quad.astype(np.float64)
    along, down = ((corners[a] - corners[b] + corners[c] - corners[d]) / 2 for a, b, c, d in ((1, 0, 2, 3), (3, 0, 2, 1)))
    wide, high = np.linalg.norm(along), np.linalg.norm(down)
    right, below = (MARGIN * min(wide, high) * way / max(size, TINY) for way, size in ((along, wide), (down, high)))
    return np.asarray(corners + [-right - below, right - below, right + below, below - right], dtype=np.float32)


def grown_band(polygon: F32) -> F32:
    """Return the outline (2k, 2) of a curved word that reaches BAND_MARGIN of its height further out, at its ends too."""
    upper, lower = _outlines(polygon.astype(np.float64))
    reach = BAND_MARGIN * float(np.median(np.linalg.norm(lower - upper, axis=1)))
    up = (upper - lower) / np.maximum(np.linalg.norm(upper - lower, axis=1, keepdims=True), TINY)
    higher, deeper = upper + reach * up, lower - reach * up
    for side in (higher, deeper):
        for end, inner in ((0, 1), (-1, -2)):
            way = side[end] - side[inner]
            side[end] += reach * way / max(float(np.linalg.norm(way)), TINY)
    return np.concatenate([higher, deeper[::-1]]).astype(np.float32)


def straightened(photo: Image, quad: Quads, polygon: F32 | None) -> Image:
    """Return what lies within a word's quad (4, 2), or within its polygon (2k, 2) if it is curved, as a strip `(h, w, 3)`.

    The strip begins at the quad's first corner; what lies beyond the photo repeats its edge. A flat quad is undone by its perspective. A
    curved word is cut into columns that run from its upper outline to its lower one, as far apart as their middles are along the word.
    """
    width, height = _sides(quad) if polygon is None else _bent_sides(polygon)
    times = max(min(width, height) / MOST_HIGH, 1.0)
    size = (max(round(width / times), 1), max(round(height / times), 1))
    outline = quad if polygon is None else polygon
    piece, points = _shrunk(photo, outline, times)
    return _flat(piece, points, size) if polygon is None else _unbent(piece, points, size)


def _sides(quad: Quads) -> tuple[float, float]:
    """Return width and height of a quad (4, 2), of two opposite sides the longer."""
    across, down, back, up = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1).tolist()
    return max(across, back), max(down, up)


def _bent_sides(polygon: F32) -> tuple[float, float]:
    """Return how long and how high the band of a polygon (2k, 2) is."""
    upper, lower = _outlines(polygon.astype(np.float64))
    return float(_along(upper, lower)[-1]), float(np.median(np.linalg.norm(lower - upper, axis=1)))


def _outlines(polygon: F64) -> tuple[F64, F64]:
    """Return the upper and the lower outline (k, 2) of a polygon (2k, 2), both from the left."""
    half = len(polygon) // 2
    return polygon[:half], polygon[half:][::-1]


def _along(upper: F64, lower: F64) -> F64:
    """Return how far along the band the middle of each pair of points is, `(k,)`, from 0."""
    middles = (upper + lower) / 2
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middles, axis=0), axis=1))])


def _shrunk(photo: Image, outline: F32, times: float) -> tuple[Image, F64]:
    """Return the upright piece of a photo round an outline (n, 2), `times` times smaller, and the outline in px of the piece."""
    height, width = photo.shape[:2]
    low, high = bounds(outline[None])[0].reshape(2, 2)
    x0, y0 = np.clip(np.floor(low) - 1, 0, (width - 1, height - 1)).astype(int)
    x1, y1 = np.clip(np.ceil(high) + 1, (x0 + 1, y0 + 1), (width, height)).astype(int)
    piece, points = photo[y0:y1, x0:x1], outline.astype(np.float64) - (x0, y0)
    if times == 1:
        return piece, points
    before = np.array(piece.shape[1::-1])
    after = np.maximum(np.rint(before / times), 1).astype(int)
    return np.asarray(cv2.resize(piece, after.tolist(), interpolation=cv2.INTER_AREA), dtype=np.uint8), points * (after / before)


def _flat(piece: Image, points: F64, size: tuple[int, int]) -> Image:
    """Return the strip of `size` (width, height) that a quad (4, 2) is filled with."""
    width, height = size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    source, target = ((x - 0.5).astype(np.float32) for x in (points, corners))  # OpenCV counts from the middle of the first pixel
    way = cv2.getPerspectiveTransform(source, target)
    return np.asarray(cv2.warpPerspective(piece, way, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _unbent(piece: Image, points: F64, size: tuple[int, int]) -> Image:
    """Return the strip of `size` (width, height) that the band of a polygon (2k, 2) is filled with."""
    width, height = size
    upper, lower = _outlines(points)
    far = _along(upper, lower)
    at = (np.arange(width) + 0.5) / width * far[-1]
    top, bottom = (np.stack([np.interp(at, far, side[:, axis]) for axis in (0, 1)], axis=-1) for side in (upper, lower))
    share = ((np.arange(height) + 0.5) / height)[:, None, None]
    source = (top + (bottom - top) * share - 0.5).astype(np.float32)  # (height, width, 2)
    strip = cv2.remap(piece, source[..., 0], source[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(strip, dtype=np.uint8)
