"""Watershed by flooding from markers, compiled: plain arrays in, caller-owned arrays out."""

import numpy as np

from synthgen.arrays import I32, U8
from synthgen.compiled import kernel

LEVELS = 256  # of uint8; a queue for each, so that a pixel costs the same however many wait


@kernel
def flood(heights: U8, floor: int, labels: I32) -> None:
    """Fill `labels` (h, w), 0 but at the markers, from the tops of `heights` (h, w) down to `floor`; lower pixels, and those that no marker
    reaches over at least `floor`, stay 0. `labels` is changed in place.

    A pixel gets the label to which a path over its four neighbours leads whose lowest point is highest, on a plain the nearest.
    Source: Meyer, "Topographic distance and watershed lines", 1994, without lines between the basins; heights count the other way round.
    """
    height, width = heights.shape
    first, last = np.full(LEVELS, -1, np.int32), np.full(LEVELS, -1, np.int32)
    after = np.full(height * width, -1, np.int32)  # the next of the same level
    for at in range(height * width):
        if labels[at // width, at % width] > 0:
            _append(at, np.int32(heights[at // width, at % width]), first, last, after)
    level = np.int32(LEVELS - 1)
    while level >= max(floor, 0):
        at = first[level]
        if at < 0:
            level -= np.int32(1)
            continue
        first[level] = after[at]
        row, column = at // width, at % width
        for step in range(4):
            r, c = row + (step == 0) - (step == 1), column + (step == 2) - (step == 3)
            if 0 <= r < height and 0 <= c < width and labels[r, c] == 0 and heights[r, c] >= floor:
                labels[r, c] = labels[row, column]
                # what lies higher was reached from here: its turn is now
                _append(r * width + c, min(np.int32(heights[r, c]), level), first, last, after)


@kernel
def _append(at: int, level: np.int32, first: I32, last: I32, after: I32) -> None:
    """Put pixel `at` last in the queue of its level."""
    after[at] = -1
    if first[level] < 0:
        first[level] = at
    else:
        after[last[level]] = at
    last[level] = at


@kernel
def extents(labels: I32, boxes: I32) -> None:
    """Widen `boxes` (n, 4), x0, y0, x1, y1 by edges, to hold all pixels of `labels` (h, w) that are 1 to n; box k is label k + 1's."""
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            k = labels[row, column] - 1
            if k >= 0:
                boxes[k, 0], boxes[k, 1] = min(boxes[k, 0], column), min(boxes[k, 1], row)
                boxes[k, 2], boxes[k, 3] = max(boxes[k, 2], column + 1), max(boxes[k, 3], row + 1)
