"""In which order words are read, and which of them stand on one line."""

import numpy as np

from synthgen.arrays import F64, I32, I64, Quads
from synthgen.compiled import kernel

LEAST_SHARED = 0.5  # of the lower of two neighbours, that both cover if they stand on one line


def reading_order(quads: Quads) -> tuple[I64, I32]:
    """Return the order `(n,)` in which words are read, and the line of each as ordered, `(n,)`, 0 and up: quads[order] is as it is read.

    Lines follow the words' own direction, so that a tilted photo is read like a straight one; they go down, and across all columns.
    """
    if not len(quads):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
    corners = quads.astype(np.float64)
    x, y = _direction(corners)
    middle = corners.mean(axis=1)
    across, down = middle @ (x, y), middle @ (-y, x)
    high = np.linalg.norm(corners[:, 3] - corners[:, 0] + corners[:, 2] - corners[:, 1], axis=1) / 2
    from_left = np.lexsort((*corners.reshape(-1, 8).T, down, across))  # the corners make the order of ties that of the words
    started = _linked(np.stack([down - high / 2, down + high / 2], axis=1), from_left)
    rank = _ranked(started, down)[started]
    order = np.lexsort((_placed(from_left), rank))
    return order, rank[order].astype(np.int32)


def _direction(corners: F64) -> tuple[float, float]:
    """Return the unit vector along which most of the text of quads `(n, 4, 2)` runs: the median of their angles, by their widths."""
    along = corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]
    angles, widths = np.arctan2(along[:, 1], along[:, 0]), np.hypot(along[:, 0], along[:, 1])
    order = np.argsort(angles, kind="stable")
    total = np.cumsum(widths[order])
    angle = angles[order][np.searchsorted(total, total[-1] / 2)]
    return float(np.cos(angle)), float(np.sin(angle))


def _ranked(line: I64, down: F64) -> I64:
    """Return the place from above of each line, by the median of how far down its words are."""
    middles = np.array([np.median(down[line == n]) for n in range(line.max() + 1)])
    return _placed(np.argsort(middles, kind="stable"))


def _placed(order: I64) -> I64:
    """Return the place of each in an order: its inverse."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


@kernel
def _linked(bands: F64, order: I64) -> I64:
    """Return the line of each of `bands` (n, 2) top and bottom, `(n,)`, numbered as they begin when the bands are taken in `order`.

    A band goes on with that line whose last band shares most with it, in shares of what both cover together: a line is followed from word
    to word, since perspective and curved paper bend it.
    """
    line, last, count = np.empty(len(bands), np.int64), np.empty(len(bands), np.int64), 0
    for k in order:
        best, chosen = 0.0, count
        for n in range(count):
            before, after = bands[last[n]], bands[k]
            shared = min(before[1], after[1]) - max(before[0], after[0])
            covered = max(before[1], after[1]) - min(before[0], after[0])
            if shared >= LEAST_SHARED * min(before[1] - before[0], after[1] - after[0]) and shared > best * covered:
                best, chosen = shared / covered, n
        if chosen == count:
            count += 1
        line[k], last[chosen] = chosen, k
    return line
