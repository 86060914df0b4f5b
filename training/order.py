"""The order of a trainer's data: a pure function of (seed, epoch, position), so that a run's place in it is one number."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from synthgen.arrays import I64
from synthgen.chance import Stream, uniforms

POOL_GROUPS = 32  # of 1,000 rows, about 50 MB of word images; samples are independent, so this mixes sources and splits, no more


@dataclass(frozen=True, eq=False)  # told apart by identity: what is cached is looked up for each batch, and sizes may be many
class Order:
    """Rows in groups of `sizes`: each epoch shuffles the groups, then the rows within each pool of `pool_groups` neighbouring groups.

    Only a pool's groups have to be at hand at a time, which bounds the memory whatever the size of the data set.
    """

    sizes: tuple[int, ...]  # rows of each group
    seed: int
    pool_groups: int = POOL_GROUPS

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("order: need rows to put in order, got none")

    @cached_property
    def rows(self) -> int:
        """Rows of an epoch."""
        return sum(self.sizes)

    def places(self, first: int, last: int) -> tuple[I64, I64]:
        """Return the group, and the row within it, of positions first to last - 1, `(last - first,)` each.

        Positions count on through the epochs: position p is number p % rows of epoch p // rows.
        """
        groups, rows = np.empty(last - first, dtype=np.int64), np.empty(last - first, dtype=np.int64)
        at = first
        while at < last:
            epoch, within = divmod(at, self.rows)
            ends, members = _pools(self, epoch)
            pool = int(np.searchsorted(ends, within, side="right"))
            begin = int(ends[pool - 1]) if pool else 0
            stop = min(last, at + int(ends[pool]) - within)
            chosen = _mixed(self, epoch, pool, members[pool])[:, within - begin : within - begin + stop - at]
            groups[at - first : stop - first], rows[at - first : stop - first] = chosen
            at = stop
        return groups, rows


@lru_cache(maxsize=16)
def _pools(order: Order, epoch: int) -> tuple[I64, tuple[tuple[int, ...], ...]]:
    """Return after how many rows of an epoch each pool ends, `(pools,)`, and the groups of each."""
    groups = _permutation(order.seed, Stream.GROUP_ORDER, epoch, len(order.sizes))
    members = tuple(tuple(groups[k : k + order.pool_groups].tolist()) for k in range(0, len(groups), order.pool_groups))
    return np.cumsum([sum(order.sizes[group] for group in pool) for pool in members]), members


@lru_cache(maxsize=16)  # as many pools as workers may be in at a time, for a few sources; 0.5 MB each
def _mixed(order: Order, epoch: int, pool: int, members: tuple[int, ...]) -> I64:
    """Return group and row of each position of a pool, `(2, rows)`."""
    sizes = [order.sizes[group] for group in members]
    places = np.stack([np.repeat(members, sizes), np.concatenate([np.arange(size) for size in sizes])]).astype(np.int64)
    return np.asarray(places[:, _permutation(order.seed, Stream.ROW_ORDER, epoch << 32 | pool, places.shape[1])])


def _permutation(seed: int, stream: Stream, number: int, size: int) -> I64:
    """Return 0 to size - 1 in an order of its own for each `number`."""
    keys = uniforms(seed, stream, np.array([number], dtype=np.uint64), size)[0]
    return np.argsort(keys, kind="stable").astype(np.int64)
