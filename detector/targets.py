"""What a detector is to see in a view: region and affinity map, and where they are known."""

import cv2
import numpy as np

from detector.scenes import NOT_DRAWN
from synthgen import heat_maps
from synthgen.arrays import F32, I32, Bools, Quads

DOWN = 2  # view px a map px
LEAST_PX = 4.0  # height of a word's tallest character; one of less is not a peak in a map, but a px
FINE = 4  # bits behind the point of the corners that OpenCV fills between


def draw_targets(chars: tuple[Quads, I32], words: tuple[Quads, F32], size: int) -> F32:
    """Return region, affinity and confidence map of a view `size` wide and high, `(size / 2, size / 2, 3)`, 0 to 1.

    `chars`: quads (n, 4, 2) in px of the view and the word of each, as in `Scene`; `words`: quads (m, 4, 2) and their confidence (m,).
    Maps are drawn from the quads as the view shows them, at its own px. Confidence is 1 but within words of less; words too small to
    be seen have 0; where words overlap, the least counts.
    Source: Baek et al. 2019, section 3.2.2, for the confidence map.
    """
    quads, word = chars
    word_quads, known = words
    maps = np.ones((size // DOWN, size // DOWN, 3), dtype=np.float32)
    for place, heat in enumerate(heat_maps(quads, word, (size, size))):
        np.multiply(heat, np.float32(1 / 255), out=maps[..., place])
    confidence = np.ones(maps.shape[:2], dtype=np.float32)
    known = np.where(_too_small(quads, word, word_quads), np.float32(0), known)
    for number in np.argsort(-known, kind="stable")[np.count_nonzero(known >= 1) :]:
        _fill(confidence, word_quads[number], float(known[number]))
    maps[..., 2] = confidence
    return maps


def _heights(quads: Quads) -> F32:
    """Return the mean length of the left and the right side of quads (n, 4, 2), `(n,)` px."""
    sides = quads[:, [3, 2]] - quads[:, [0, 1]]
    return np.asarray(np.sqrt((sides**2).sum(axis=2)).mean(axis=1), dtype=np.float32)


def _too_small(quads: Quads, word: I32, word_quads: Quads) -> Bools:
    """Return which words have no character of LEAST_PX or more, `(m,)`; of words without characters, which are lower themselves."""
    drawn = word > NOT_DRAWN
    tallest = np.zeros(len(word_quads), dtype=np.float32)
    np.maximum.at(tallest, word[drawn], _heights(quads[drawn]))
    return np.asarray(np.where(tallest > 0, tallest, _heights(word_quads)) < LEAST_PX)


def _fill(confidence: F32, quad: F32, value: float) -> None:
    """Set the map px whose centres lie in or at a quad (4, 2) in view px to `value`, in place."""
    corners = quad / DOWN - 0.5  # OpenCV counts from the middle of the first px
    if (corners.max(axis=0) < 0).any() or (corners.min(axis=0) > confidence.shape[0] - 1).any():
        return
    far = 8 * confidence.shape[0]  # further out nothing is seen, and OpenCV's whole numbers end
    fixed = np.rint(np.clip(corners, -far, far) * 2**FINE).astype(np.int32)
    cv2.fillConvexPoly(confidence, fixed, value, lineType=cv2.LINE_8, shift=FINE)
