"""From the labels of a map to rectangles round words, compiled; points are px of the map, pixel (r, c) covers [c, c+1) x [r, r+1).

Each component is walked within its own box only. What is dilated by a disc has the same rectangles, larger by the disc, so that the
smallest one is found without dilating: like that of the hull, it lies on one of the hull's sides.
"""

from typing import NamedTuple

import numpy as np

from synthgen.arrays import F32, F64, I32
from synthgen.compiled import kernel

# Middle x and y, direction of the upper side as a unit vector x and y within 45 degrees of the x axis, size along it, size across it
Frame = tuple[float, float, float, float, float, float]
SQUARE = 0.1  # of the shorter side, by which the longer one may exceed it in what is laid upright. Source: getDetBoxes_core


class Components(NamedTuple):
    """The connected parts of a map, n of them; k has the label k + 1."""

    labels: I32  # (h, w), 0 where there is nothing
    region: F32  # (h, w)
    boxes: I32  # (n, 4) left, top, right, bottom; all 0 where it is not asked for
    reach: F64  # (n,) how far it is dilated to each side
    text: float  # the highest score that a word needs
    low_text: float  # above which a px is text


@kernel
def _add(hull: F64, first: int, size: int, x: float, y: float) -> int:
    """Add a point to one side of a hull, from `first` to `size` of `hull`, and return the new size; points come sorted by y.

    The left side is built downwards, the right one upwards.
    Source: Andrew, "Another efficient algorithm for convex hulls in two dimensions", 1979.
    """
    while size >= first + 2:
        ax, ay = hull[size - 1, 0] - hull[size - 2, 0], hull[size - 1, 1] - hull[size - 2, 1]
        if ax * (y - hull[size - 1, 1]) - ay * (x - hull[size - 1, 0]) < 0:
            break
        size -= 1
    hull[size, 0], hull[size, 1] = x, y
    return size + 1


@kernel
def _lay_hull(parts: Components, k: int, hull: F64) -> int:
    """Fill `hull` (2 h, 2) with the corners of the convex hull of the middles of a component's text px, and return how many they are."""
    left, top, right, bottom = parts.boxes[k, 0], parts.boxes[k, 1], parts.boxes[k, 2], parts.boxes[k, 3]
    size = 0
    for r in range(top, bottom):
        for c in range(left, right):
            if parts.labels[r, c] == k + 1 and parts.region[r, c] > parts.low_text:
                size = _add(hull, 0, size, c + 0.5, r + 0.5)
                break
    first = size
    for r in range(bottom - 1, top - 1, -1):
        for c in range(right - 1, left - 1, -1):
            if parts.labels[r, c] == k + 1 and parts.region[r, c] > parts.low_text:
                size = _add(hull, first, size, c + 0.5, r + 0.5)
                break
    return size


@kernel
def _framed(hull: F64, along_x: float, along_y: float, reach: float) -> Frame:
    """Return the rectangle with sides along a direction round a hull that is dilated by a disc of radius `reach`."""
    low_u, low_v, high_u, high_v = np.inf, np.inf, -np.inf, -np.inf
    for k in range(len(hull)):
        u, v = hull[k, 0] * along_x + hull[k, 1] * along_y, hull[k, 1] * along_x - hull[k, 0] * along_y
        low_u, high_u, low_v, high_v = min(low_u, u), max(high_u, u), min(low_v, v), max(high_v, v)
    u, v, more = (low_u + high_u) / 2, (low_v + high_v) / 2, 2 * reach
    return u * along_x - v * along_y, u * along_y + v * along_x, along_x, along_y, high_u - low_u + more, high_v - low_v + more


@kernel
def _smallest(hull: F64, reach: float) -> Frame:
    """Return the rectangle of least area round a hull that is dilated by a disc of radius `reach`."""
    upright = best = _framed(hull, 1.0, 0.0, reach)
    for k in range(len(hull)):
        dx, dy = hull[k, 0] - hull[k - 1, 0], hull[k, 1] - hull[k - 1, 1]
        length = np.sqrt(dx * dx + dy * dy)
        if length > 0:  # it is 0 where a row has one px
            dx, dy = dx / length, dy / length
            while dx < abs(dy):  # by quarter turns, until it points to the right
                dx, dy = dy, -dx
            tried = _framed(hull, dx, dy, reach)
            if tried[4] * tried[5] < best[4] * best[5]:
                best = tried
    square = max(best[4], best[5]) <= (1 + SQUARE) * min(best[4], best[5])
    return upright if square else best


@kernel
def _peak(parts: Components, k: int) -> np.float32:
    """Return the highest region score of a component, 0 at least."""
    peak = np.float32(0)
    for r in range(parts.boxes[k, 1], parts.boxes[k, 3]):
        for c in range(parts.boxes[k, 0], parts.boxes[k, 2]):
            if parts.labels[r, c] == k + 1:
                peak = max(peak, parts.region[r, c])
    return peak


@kernel
def lay_frames(parts: Components, peaks: F32, frames: F64) -> None:
    """Fill the highest score (n,) and the frame (n, 6) of each component that is a word; leave 0 where it is none."""
    hull = np.empty((2 * parts.labels.shape[0], 2))
    for k in range(len(parts.boxes)):
        peak = _peak(parts, k)
        if peak >= parts.text and peak > parts.low_text:  # else it may have no px of text
            size = _lay_hull(parts, k, hull)
            peaks[k] = peak
            frame = _smallest(hull[:size], parts.reach[k])
            for n in range(6):
                frames[k, n] = frame[n]
