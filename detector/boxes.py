"""From the maps of a photo to its words.

Source: Baek et al. 2019, arXiv:1904.01941, section 3.3, and the authors' craft_utils.getDetBoxes_core for its constants. Differs: a map px
is the square that it covers, where theirs is its own top left corner, and is dilated alike to all sides, where an odd number of px falls to
the right and down in theirs: both shift boxes by half a map px. It is dilated by a disc, where their square makes boxes grow by up to 1.4
times as much when they are tilted. What is dilated may leave the map.
"""

import cv2
import numpy as np

from detector.box_kernels import Components, lay_frames
from detector.lines import reading_order
from detector.outlines import outlines
from detector.prepare import DOWN
from detector.thresholds import Thresholds
from detector.words import FoundWords
from synthgen.arrays import F32, F64, Quads

LEAST_SIZE = 10  # map px of a component. Source: getDetBoxes_core


def find_words(maps: F32, thresholds: Thresholds, scale: float) -> FoundWords:
    """Return the words in region and affinity maps `(h, w, 2)`, in reading order; DOWN / `scale` px of the photo make a map px.

    A word is read along those sides of its rectangle that lie within 45 degrees of the horizontal. So are tall ones: whether one is text
    turned by a quarter, and which way, a column of letters or a single I, the maps do not say, and it is left to who reads it.

    Raises:
        ValueError: the maps have another shape, or no px.
    """
    if maps.ndim != 3 or maps.shape[2] != 2 or not maps.size:  # OpenCV crashes on a picture without px
        raise ValueError(f"find words: need maps of (height, width, 2), 1 px at least, got {maps.shape}")
    parts = _components(maps, thresholds)
    peaks, frames = np.zeros(len(parts.boxes), dtype=np.float32), np.zeros((len(parts.boxes), 6))
    lay_frames(parts, peaks, frames)
    quads = _quads(frames)
    kept = np.flatnonzero(peaks)
    order, lines = reading_order(quads[kept])
    kept, size = kept[order], np.float32(DOWN / scale)
    around = outlines(parts, frames, quads)
    return FoundWords(
        quads=quads[kept] * size,
        polygons=tuple(around[k] * size for k in kept),
        scores=np.minimum(peaks[kept], np.float32(1)),
        lines=lines,
    )


def _components(maps: F32, thresholds: Thresholds) -> Components:
    """Return the connected parts of what is text or link, those of less than LEAST_SIZE px 0 wide."""
    region = np.array(maps[..., 0], dtype=np.float32, order="C")
    union = (region > thresholds.low_text) | (maps[..., 1] > thresholds.link)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(union.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    corner, sides, sizes = stats[1:, :2], stats[1:, 2:4], stats[1:, 4]  # label 0 is what is left
    boxes = np.concatenate([corner, corner + sides], axis=1).astype(np.int32)
    boxes[sizes < LEAST_SIZE] = 0
    grown = np.floor(thresholds.growth * np.sqrt(sizes / sides.max(axis=1, initial=1)))  # the authors' niter
    reach = np.maximum(grown / 2, 0.5)  # from a px's middle to its own edge at least
    text, low_text = (float(np.float32(score)) for score in (thresholds.text, thresholds.low_text))  # else .7 would be more than a map's .7
    return Components(np.asarray(labels, dtype=np.int32), region, boxes, reach, text, low_text)


def _quads(frames: F64) -> Quads:
    """Return the corners of frames `(n, 6)`, clockwise from the top left."""
    middle, along = frames[:, None, :2], frames[:, None, 2:4]
    down = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    wide, high = frames[:, 4, None, None] / 2, frames[:, 5, None, None] / 2
    corners = [middle + x * wide * along + y * high * down for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return np.concatenate(corners, axis=1).astype(np.float32)
