"""Where on a photo there is text, or may be."""

from collections.abc import Iterable

import cv2
import numpy as np

from extractor.page import Maps, Page, Word
from synthgen.arrays import F32, U8, Bools, Quads
from synthgen.quads import of_boxes

RIM_SHARE = 0.3  # of a word's height; its faint scores end there
SPECK_PX = 3  # what is narrower is no letter
FAR_PX = 1e6  # OpenCV's numbers end
# Region scores from which a px may be of a letter, and which one near it must reach: grass and gravel reach the first now and then, but
# hardly ever near the second.
FAINT, PEAK = 0.4, 0.6


def outline(word: Word) -> F32:
    """Return the closest outline of a word, `(n, 2)`."""
    return word.quad if word.polygon is None else word.polygon


def filled(outlines: Iterable[F32], size: tuple[int, int]) -> U8:
    """Return a picture of `size` (height, width) that is 255 within outlines (n, 2), their edges included, and 0 elsewhere."""
    marked = np.zeros(size, dtype=np.uint8)
    for points in outlines:
        cv2.fillPoly(marked, [np.rint(np.clip(points, -FAR_PX, FAR_PX)).astype(np.int32)], 255)
    return marked


def faint(page: Page, maps: Maps) -> Bools:
    """Return where a photo's region map has letters, and be it faintly, at the photo's size `(h, w)`."""
    region = _whole(page, maps)
    count, labels = cv2.connectedComponents((region >= FAINT * 255).astype(np.uint8))
    peaks = np.zeros(count, dtype=np.uint8)
    np.maximum.at(peaks, np.asarray(labels, dtype=np.int64).reshape(-1), region.reshape(-1))
    peaks[0] = 0  # what is below FAINT
    kept = (peaks >= PEAK * 255).astype(np.uint8)[labels]
    return np.asarray(cv2.resize(kept, (page.width, page.height), interpolation=cv2.INTER_NEAREST) > 0, dtype=np.bool_)


def _whole(page: Page, maps: Maps) -> U8:
    """Return the region map without what its last row and column show beyond the photo, or it would be stretched."""
    height, width = (max(round(side * maps.scale), 1) for side in (page.height, page.width))
    return maps.region[:height, :width]


def unread(page: Page, maps: Maps) -> Quads:
    """Return upright quads round what may be text and is neither in a word of the page nor on its rim, `(n, 4, 2)`, px of the photo."""
    marked = faint(page, maps).astype(np.uint8)
    marked[_with_rims(page) > 0] = 0
    opened = cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((SPECK_PX, SPECK_PX), dtype=np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    corners = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:count].tolist()], dtype=np.float32)
    return of_boxes(corners.reshape(-1, 4))


def _with_rims(page: Page) -> U8:
    """Return a picture `(h, w)` that is 255 within words and as far round them as their own scores reach: a frame round a word would be
    a place of its own, and hide it."""
    marked = filled(map(outline, page.words), (page.height, page.width))
    for word in page.words:
        sides = np.linalg.norm(np.roll(word.quad, -1, axis=0) - word.quad, axis=1)
        around = np.rint(np.clip(outline(word), -FAR_PX, FAR_PX)).astype(np.int32)
        cv2.polylines(marked, [around], isClosed=True, color=255, thickness=max(round(2 * RIM_SHARE * float(sides.min())), 1))
    return marked
