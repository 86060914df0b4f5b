"""Which of many are looked at."""

import numpy as np

from synthgen.arrays import I64
from synthgen.chance import Stream, uniforms


def spread(total: int, wanted: int, seed: int) -> I64:
    """Return `min(wanted, total)` different numbers below `total` in rising order, one drawn from each of as many equal stretches."""
    count = min(wanted, total)
    edges = np.arange(count + 1, dtype=np.int64) * total // max(count, 1)
    share = uniforms(seed, Stream.SHOWN, np.arange(count, dtype=np.uint64), 1)[:, 0]
    return np.asarray(edges[:-1] + (share * np.diff(edges)).astype(np.int64))


def shuffled(count: int, seed: int) -> I64:
    """Return the numbers below `count` in an order of chance."""
    return np.argsort(uniforms(seed, Stream.SHOWN, np.arange(count, dtype=np.uint64), 2)[:, 1], kind="stable")
