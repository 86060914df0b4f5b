"""How much of quads lies in the picture, vectorized over all of a block; x and y as from `quads.corners`."""

import numpy as np

from synthgen.arrays import F32, F64, I32


def leave(x: F32, y: F32, width: I32, height: I32) -> F32:
    """Return by how many px quads leave their pictures of `width` and `height` (n,), `(n,)`; 0 or less where they do not."""
    over = np.maximum(x.max(axis=0) - width, y.max(axis=0) - height)
    return np.asarray(np.maximum(over, -np.minimum(x.min(axis=0), y.min(axis=0))), dtype=np.float32)


def inside_shares(x: F32, y: F32, width: I32, height: I32) -> F64:
    """Return the share of each quad's area that lies in its picture, `(n,)`; quads of positive area, sizes (n,) px.

    Exact: the area is the integral along the edges of y, clamped to the picture, over x, cut to it.
    """
    whole, tall = _areas(x.astype(np.float64), y.astype(np.float64)), height.astype(np.float64)
    shares = np.zeros(x.shape[1])
    for k in range(4):
        edge = [side[corner].astype(np.float64) for corner in (k, (k + 1) % 4) for side in (x, y)]
        shares -= _below(edge, width.astype(np.float64), tall)  # an upper edge runs right and has most of the picture below
    return np.asarray(shares / whole)


def _areas(x: F64, y: F64) -> F64:
    return np.asarray((x * np.roll(y, -1, axis=0) - np.roll(x, -1, axis=0) * y).sum(axis=0) / 2)


def _below(edge: list[F64], width: F64, height: F64) -> F64:
    """Return the signed area between edges x0, y0, x1, y1 and the line y = 0, all clamped to pictures of `width` and `height`."""
    x0, y0, x1, y1 = edge
    run = np.where(x1 == x0, 1.0, x1 - x0)  # an upright edge has none and no area either
    slope = (y1 - y0) / run
    a, b = np.clip(x0, 0, width), np.clip(x1, 0, width)
    top, low = y0 + (a - x0) * slope, y0 + (b - x0) * slope
    flat = np.abs(low - top) < 1e-6  # px: the difference quotient would lose its digits
    mean = np.where(flat, np.clip((top + low) / 2, 0, height), _difference(top, low, height) / np.where(flat, 1.0, low - top))
    return np.asarray((b - a) * mean)


def _difference(top: F64, low: F64, height: F64) -> F64:
    """Return the integral from `top` to `low` of y clamped to 0 to `height`."""
    ends = [np.clip(y, 0, height) ** 2 / 2 + height * np.maximum(y - height, 0) for y in (top, low)]
    return np.asarray(ends[1] - ends[0])
