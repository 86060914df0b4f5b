"""What a detector is shown of a scene: a square piece of it, in another size, turned and seen aslant, in other colours.

Source: EasyOCR's trainer (`trainer/craft/data/imgaug.py`, `config/syn_train.yaml`), which trains CRAFT on squares as wide as the scene's
shorter side and changes brightness, contrast, saturation and hue by up to 0.2.
Differs: sizes of text are drawn evenly by their logarithm, so that what a photo enlarged to 1,280 px holds is seen; and turns,
perspective, blur and JPEG's faults, which photos have.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthgen.arrays import F32, F64, U64, Quads
from synthgen.chance import Stream, uniforms

DRAWS = 24  # numbers a view takes, whatever is made of them
WANTED_MOST = 0.5  # of a view's side: what is higher leaves too little of its word
FILLED = 0.7  # of a view's side, by the longer side of the scene, at least: the rest is bare
SHOWN_PX = 256.0  # of the scene's longer side in a view of any size: in less, most print would be too small to be seen
NOMINAL_PX = 16.0  # height of a word where there is none
ENLARGED = 3.0  # at most: photos are enlarged 1.5 times, and more brings no more detail
MARGIN = 0.1  # of a view's side, in which the chosen word does not have its centre
LEAST_DEPTH = 0.2  # of the depth at the view's middle; points nearer the eye, or behind it, are far outside and have no place
LUMA = (0.299, 0.587, 0.114)  # Source: ITU-R BT.601
VIEW = np.dtype(
    [
        ("word_px", "f8"),  # wanted height of the chosen word
        ("word", "f8"),  # which is chosen, 0 to 1
        ("at", "f8", 2),  # where its centre lies, x and y, 0 to 1 of the view
        ("free", "?"),  # whether a place of the scene is chosen, not a word
        ("place", "f8", 2),  # which, 0 to 1 of the scene
        ("tilt", "f8"),  # radians, clockwise
        ("stretch", "f8"),  # of width over height
        ("lean", "f8", 2),  # change of depth from the view's middle to its right and its lower edge, of the depth at the middle
        ("fill", "f8"),  # shade outside the scene, 0 to 255
        ("colours", "f4", (3, 4)),  # RGB, 0 to 255, and 1 -> RGB
        ("blur_px", "f8"),  # sigma; 0: none
        ("quality", "i4"),  # of JPEG; 0: not stored in between
    ]
)
Views = NDArray[np.void]  # rows of VIEW


@dataclass(frozen=True)
class Variety:
    """How far views depart from the scene they show; `_share` is of the views, the rest is drawn evenly up to what is said."""

    word_px: tuple[float, float] = (10.0, 200.0)  # height of the chosen word, drawn log-uniformly
    free_share: float = 0.1  # show any place of the scene, the others a word
    tilt_deg: float = 15.0  # at most, either way; twice as many upright as at half of it
    turned_share: float = 0.04  # by a quarter turn besides, either way: photos lie on their side; none by a half, which nobody prints
    stretch: float = 1.25  # of width over height, or the other way, at most
    lean: float = 0.1  # change of depth from the view's middle to an edge
    brightness: float = 0.12  # of white, either way
    contrast: float = 0.25  # of 1, either way; so the following
    saturation: float = 0.4
    hue_deg: float = 20.0
    grey_share: float = 0.08  # without colour
    blurred_share: float = 0.15
    blur_px: tuple[float, float] = (0.4, 1.5)  # sigma
    jpeg_share: float = 0.2  # stored as JPEG in between
    quality: tuple[int, int] = (25, 90)


def plan_views(variety: Variety, seed: int, index: U64) -> Views:
    """Return a view for each of `index`; always DRAWS draws a row, so that no choice shifts a later one."""
    draws = uniforms(seed, Stream.VIEW, index, DRAWS)
    views = np.zeros(len(index), dtype=VIEW)
    (height, word, free, one, other, turned, side, wide), colour = draws[:, :8].T, draws[:, 14:]
    views["word_px"] = _between(variety.word_px, height)
    views["word"], views["free"], views["at"], views["place"] = word, free < variety.free_share, draws[:, 8:10], draws[:, 10:12]
    views["tilt"] = np.radians(variety.tilt_deg * (one + other - 1) + 90 * (turned < variety.turned_share) * np.sign(side - 0.5))
    views["stretch"] = variety.stretch ** (2 * wide - 1)
    views["lean"] = variety.lean * (2 * draws[:, 12:14] - 1)
    views["fill"] = 255 * np.maximum(0, 2 * colour[:, 0] - 1)  # black in half of them, as photos are padded
    views["colours"] = _colours(variety, colour[:, 1:6])
    views["blur_px"] = np.where(colour[:, 6] < variety.blurred_share, _between(variety.blur_px, colour[:, 7]), 0)
    views["quality"] = np.where(colour[:, 8] < variety.jpeg_share, np.rint(_between(variety.quality, colour[:, 9])), 0)
    return views


def _between(ends: tuple[float, float], share: F64) -> F64:
    """Return numbers from `ends[0]` to `ends[1]`, evenly by their logarithm."""
    return np.asarray(ends[0] * (ends[1] / ends[0]) ** share)


def _colours(variety: Variety, draws: F64) -> F32:
    """Return what changes contrast, brightness, saturation and hue at once, `(n, 3, 4)`, of draws `(n, 5)`."""
    brightness, contrast, saturation, hue = ((2 * draw - 1)[:, None, None] for draw in draws[:, :4].T)
    grey = np.broadcast_to(np.array(LUMA), (3, 3))
    rich = np.where(draws[:, 4, None, None] < variety.grey_share, 0, 1 + variety.saturation * saturation)
    gain = 1 + variety.contrast * contrast
    mixed = gain * ((grey + rich * (np.eye(3) - grey)) @ _hue_turns(np.radians(variety.hue_deg) * hue))
    lift = 127.5 * (1 - gain) + 255 * variety.brightness * brightness  # contrast is about the middle grey
    return np.concatenate([mixed, np.broadcast_to(lift, (len(draws), 3, 1))], axis=2).astype(np.float32)


def _hue_turns(angles: F64) -> F64:
    """Return turns about the axis of greys by `angles` (n, 1, 1), `(n, 3, 3)`. Source: Rodrigues' formula."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return np.asarray(np.cos(angles) * np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) / 3)


def homography(view: np.void, words: Quads, scene: tuple[int, int], size: int) -> F64:
    """Return the way from scene px to px of a view `size` wide and high, `(3, 3)`; its determinant is positive, so it never mirrors.

    `words` (m, 4, 2) are those to choose from; `scene` is (height, width). The third coordinate is 1 at the view's middle.
    """
    extent = np.array(scene[::-1], dtype=np.float64)
    chosen, zoom = _chosen(view, words, extent, size)
    cos, sin, wider = np.cos(view["tilt"]), np.sin(view["tilt"]), np.sqrt(view["stretch"])
    shape = zoom * np.array([[cos * wider, -sin / wider], [sin * wider, cos / wider]])
    at = size * (MARGIN + (1 - 2 * MARGIN) * view["at"])
    middle = _kept_within(chosen + np.linalg.solve(shape, size / 2 - at), extent, size / zoom)
    placed, aslant, centred = np.eye(3), np.eye(3), np.eye(3)
    placed[:2, :2], placed[:2, 2] = shape, -shape @ middle
    aslant[2, :2] = view["lean"] / (size / 2)
    centred[:2, 2] = size / 2
    return np.asarray(centred @ aslant @ placed)


def _chosen(view: np.void, words: Quads, extent: F64, size: int) -> tuple[F64, float]:
    """Return the point of the scene to show, `(2,)`, and view px a scene px, so that a word there has the height that is wanted.

    Words that would have to be enlarged or reduced too much are not chosen; where all would, the nearest is.
    """
    least = min(1.0, max(FILLED * size, SHOWN_PX) / float(extent.max()))
    wanted = min(float(view["word_px"]), WANTED_MOST * size)
    sides = words[:, [3, 2]].astype(np.float64) - words[:, [0, 1]]
    zooms = wanted / np.maximum(np.sqrt((sides**2).sum(axis=2)).mean(axis=1), 1.0)
    if not len(words):
        return view["place"] * extent, float(np.clip(wanted / NOMINAL_PX, least, ENLARGED))
    near = np.clip(zooms, least, ENLARGED)
    off = np.maximum(near / zooms, zooms / near)
    fit = np.flatnonzero(off == off.min())
    word = fit[int(view["word"] * len(fit))]
    return view["place"] * extent if view["free"] else words[word].mean(axis=0, dtype=np.float64), float(near[word])


def _kept_within(middle: F64, extent: F64, shown: float) -> F64:
    """Return the middle of a square of `shown` px moved into the scene; where that is smaller, all of it into the square."""
    ends = np.sort([np.full(2, shown / 2), extent - shown / 2], axis=0)
    return np.asarray(np.clip(middle, *ends))


def moved(way: F64, quads: Quads) -> Quads:
    """Return quads (n, 4, 2) taken along a homography (3, 3)."""
    points = quads.astype(np.float64) @ way[:, :2].T + way[:, 2]
    return np.asarray(points[..., :2] / np.maximum(points[..., 2:], LEAST_DEPTH), dtype=np.float32)
