"""Signed distance fields from anti-aliased coverage. Exact to the bit on every host: + - * / and sqrt alone."""

import numpy as np

from synthgen.arrays import F32, I32, U8
from synthgen.compiled import kernel

REACH = 13  # px of the coverage: beyond it a field is 0 or 255 anyway
FAR = np.float32(REACH * REACH * 4)  # px^2
LEVELS_PER_PX = np.float32(10)  # of the coverage; 20 for a px of the field, which is half as fine


@kernel
def ink_box(cover: U8, least: int) -> I32:
    """Return x0, y0, x1, y1 (4,), the smallest box around the pixels of `cover` (h, w) above `least`; zeros if there are none."""
    box = np.array([cover.shape[1], cover.shape[0], 0, 0], np.int32)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if cover[y, x] > least:
                box[0], box[1] = min(box[0], x), min(box[1], y)
                box[2], box[3] = max(box[2], x + 1), y + 1
    if box[2] == 0:
        box[:] = 0
    return box


@kernel
def _crossing(a: np.int64, b: np.int64) -> np.float32:
    """Return where between two pixel centres (0 to 1) the outline passes, from coverages 0 to 255 of which one is above half.

    Their sum is exact where the outline is within 45 degrees of upright, as it then crosses these two pixels alone; such an outline takes
    at least half the coverage from one to the other. A flatter one crosses more, and coverage changes evenly between the two.
    """
    if abs(a - b) < 128:
        return (np.float32(a) - np.float32(127.5)) / np.float32(a - b)
    covered = np.float32(a + b) / np.float32(255) - np.float32(0.5)
    return min(max(covered if a > b else np.float32(1) - covered, np.float32(0)), np.float32(1))


@kernel
def _along_rows(cover: U8) -> F32:
    """Return `(2 h, w)`: px^2 from the centre of pixel (y, 2 x + 1) of `cover` (2 h, 2 w) to the nearest crossing in its row, or FAR."""
    height, width = cover.shape
    near = np.full((height, width // 2), FAR, np.float32)
    for y in range(height):
        for x in range(width - 1):
            a, b = np.int64(cover[y, x]), np.int64(cover[y, x + 1])  # uint8 would wrap
            if (a >= 128) != (b >= 128):
                at = np.float32(x) + _crossing(a, b)
                for column in range(max(x - REACH, 0) // 2, min(x + REACH + 1, width) // 2):
                    gap = np.float32(2 * column + 1) - at
                    near[y, column] = min(near[y, column], gap * gap)
    return near


@kernel
def _across_rows(near: F32) -> F32:
    """Return `(h, w)` the least over all rows of `near` (2 h, w) within REACH of row 2 y + 1, with their own distance added, px^2.

    Source: Felzenszwalb & Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 2012, equation 1.
    Differs: the least is sought within REACH directly, a loop that vectorizes, instead of by the lower envelope.
    """
    height, width = near.shape
    far = np.full((height // 2, width), FAR, np.float32)
    for y in range(height // 2):
        for row in range(max(2 * y + 1 - REACH, 0), min(2 * y + 2 + REACH, height)):
            fall = np.float32((row - 2 * y - 1) * (row - 2 * y - 1))
            for x in range(width):
                far[y, x] = min(far[y, x], near[row, x] + fall)
    return far


@kernel
def squared_distances(cover: U8) -> F32:
    """Return `(h, w)`: px^2 from the centre of pixel (2 y + 1, 2 x + 1) of `cover` (2 h, 2 w) to the half-coverage outline.

    The outline is known by its crossings of the lines through pixel centres, those along rows and those along columns.
    """
    rows = _across_rows(_along_rows(cover))
    columns = _across_rows(_along_rows(np.ascontiguousarray(cover.T)))
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            rows[y, x] = min(rows[y, x], columns[x, y])
    return rows


@kernel
def signed_field(ink: U8, top: int, left: int, height: int, width: int) -> U8:
    """Return `(height, width)` clip(128 + 20 d) of `ink` laid at (top, left) of a canvas twice as fine; d in field px, positive inside."""
    cover = np.zeros((2 * height, 2 * width), np.uint8)
    cover[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    far = squared_distances(cover)
    field = np.empty((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            step = np.sqrt(far[y, x]) * LEVELS_PER_PX
            value = np.float32(128.5) + (step if cover[2 * y + 1, 2 * x + 1] >= 128 else -step)
            field[y, x] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))
    return field
