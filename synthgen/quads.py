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


def corners(quads: Quads) -> tuple[F32, F32]:
    """Return x and y of the corners of `(n, 4, 2)` quads, `(4, n)` each: whole rows, over which NumPy is three times as quick."""
    flat = np.ascontiguousarray(quads.reshape(-1, 8).T)
    return flat[0::2], flat[1::2]


def least_turns(x: F32, y: F32) -> F32:
    """Return the least turn from one edge to the next, px^2, `(n,)`; x and y as from `corners`.

    It is above 0 only where corners run clockwise (y down) round a convex quad: not if two are swapped, nor if it is mirrored. NaN or
    below 0 where a corner is not finite.
    """
    with np.errstate(invalid="ignore"):  # infinities; what comes of them is NaN, and above nothing
        dx, dy = np.roll(x, -1, axis=0) - x, np.roll(y, -1, axis=0) - y
        return np.asarray((dx * np.roll(dy, -1, axis=0) - dy * np.roll(dx, -1, axis=0)).min(axis=0), dtype=np.float32)


def unfolded(quads: Quads, seen: Bools) -> Quads:
    """Return quads; those `seen`, `(n,)`, whose corners do not run clockwise round a convex quad, as parallelograms.

    Letters seen edge-on at a fold have such. Each becomes the nearest to its four corners, by the sum of squared distances.
    """
    folded = seen & ~(least_turns(*corners(quads)) > 0)
    if not folded.any():
        return quads
    found = quads.copy()
    found[folded] = _parallelograms(quads[folded])
    return found


def _parallelograms(quads: Quads) -> Quads:
    middle = quads.mean(axis=1)
    right = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 4
    down = (quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]) / 4
    return np.stack([middle - right - down, middle + right - down, middle + right + down, middle - right + down], axis=1)
