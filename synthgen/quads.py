"""Geometry of quads: float32 `(n, 4, 2)`, pixels, corners clockwise from the text's own top left."""

import numpy as np

from synthgen.arrays import F32, F64, Bools, Quads


def of_boxes(boxes: F32) -> Quads:
    """Return upright quads of `(n, 4)` boxes x0, y0, x1, y1."""
    x0, y0, x1, y1 = np.asarray(boxes, dtype=np.float32).reshape(-1, 4).T
    return np.stack([np.stack(corner, axis=-1) for corner in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1)


def bounds(quads: Quads) -> F32:
    """Return the upright boxes x0, y0, x1, y1 around quads, `(n, 4)`."""
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=-1)


def areas(quads: Quads) -> F32:
    """Return signed areas in px^2, `(n,)`, positive for clockwise corners (y down). Source: the shoelace formula."""
    x, y = quads[..., 0], quads[..., 1]
    crossed = x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y
    return np.asarray(crossed.sum(axis=1) / 2, dtype=np.float32)


def inside(quad: F32, points: F64) -> Bools:
    """Return for `(m, 2)` points whether they lie in a convex quad `(4, 2)`, its edges included."""
    edges = np.roll(quad, -1, axis=0) - quad  # (4, 2)
    reach = points[:, None] - quad  # (m, 4, 2)
    side = edges[:, 0] * reach[..., 1] - edges[:, 1] * reach[..., 0]
    return np.asarray((side >= 0).all(axis=1) | (side <= 0).all(axis=1))
