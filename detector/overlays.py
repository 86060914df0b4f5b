"""Photos with what was found on them, for people."""

from dataclasses import dataclass

import cv2
import numpy as np

from detector.words import FoundWords, TrueWords
from synthgen.arrays import F32, I32, Bools, Image

FOUND_RGB, FALSE_RGB = (0, 200, 60), (255, 140, 0)
MISSED_RGB, IGNORED_RGB = (230, 40, 40), (150, 150, 150)
LINE_SHARE = 1 / 700  # of a photo's longer side: a line's width
LETTER_SHARE = 1 / 80  # the same: height of a caption's letters
LETTER_PX = 8  # but no fewer
FONT_PX = 22  # height of OpenCV's letters at scale 1
RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Truth:
    """The true words of a photo, m of them, beside its n found ones."""

    words: TrueWords
    match: I32  # (n,) true word of each found one, -1 for none
    left_out: Bools  # (n,) found words that do not count


def overlay(photo: Image, truth: Truth | None, found: FoundWords, maps: F32 | None = None) -> Image:
    """Return the photo `(h, w, 3)` with the outlines of words: found green, false alarms orange, missed red, what does not count grey.

    Missed words have their text beside them, found ones their score, without a truth the number of their line. `maps` (h', w', 2) of the
    same photo lie under the outlines as heat, the higher of region and affinity score.
    """
    drawn = photo.copy() if maps is None else _heated(photo, maps)
    if truth is not None:
        _draw_truth(drawn, truth)
    for k, polygon in enumerate(found.polygons):
        _outline(drawn, polygon, _colour(truth, k))
        _caption(drawn, polygon, str(found.lines[k]) if truth is None else f"{found.scores[k]:.2f}", _colour(truth, k))
    return drawn


def _draw_truth(drawn: Image, truth: Truth) -> None:
    words = truth.words
    missed = ~words.ignored
    missed[truth.match[truth.match >= 0]] = False
    for k, quad in enumerate(words.quads):
        if words.ignored[k] or missed[k]:
            _outline(drawn, quad, MISSED_RGB if missed[k] else IGNORED_RGB)
            _caption(drawn, quad, words.texts[k], MISSED_RGB)


def _colour(truth: Truth | None, k: int) -> RGB:
    if truth is None or truth.match[k] >= 0:
        return FOUND_RGB
    return IGNORED_RGB if truth.left_out[k] else FALSE_RGB


def _outline(drawn: Image, polygon: F32, rgb: RGB) -> None:
    width = max(round(LINE_SHARE * max(drawn.shape)), 1)
    corners = np.rint(polygon * 16).astype(np.int32)  # OpenCV takes sixteenths of a pixel
    cv2.polylines(drawn, [corners], isClosed=True, color=rgb, thickness=width, lineType=cv2.LINE_AA, shift=4)


def _caption(drawn: Image, polygon: F32, text: str, rgb: RGB) -> None:
    """Write `text` above a polygon, dark round the letters so that it is read on any ground."""
    scale = max(LETTER_SHARE * max(drawn.shape), LETTER_PX) / FONT_PX
    x, y = np.rint(polygon.min(axis=0)).astype(int).tolist()
    y = max(y - 2, round(scale * FONT_PX))
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):  # a thicker line would not do: OpenCV 5 has none for letters
        cv2.putText(drawn, text, (x + dx, y + dy), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(drawn, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, rgb, 1, cv2.LINE_AA)


def _heated(photo: Image, maps: F32) -> Image:
    """Return a dimmed photo with the higher of both scores over it, in the colours of heat."""
    heat = np.clip(maps.max(axis=2) * 255, 0, 255).astype(np.uint8)
    large = cv2.resize(heat, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(large, cv2.COLORMAP_JET)[:, :, ::-1]
    share = np.clip(large.astype(np.float32) / 128, 0.0, 0.7)[:, :, None]  # what is not text keeps its own colours
    return np.asarray(photo * (0.7 * (1 - share)) + colours * share, dtype=np.uint8)
