"""What the engines of clusters share: the loop that hands shards out, and what a worker process of a cluster does with one."""

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

from synthgen.engine import Work
from synthgen.workers import answered

CURE = "the logs of the cluster may say more; nodes with more memory a processor, or fewer --workers, may help"

_kept: dict[bytes, Callable[[int], object]] = {}  # the task of this process's run, with the renderer that it has opened


def answer(task: bytes, shard: int) -> bytes:
    """Return the pickled (result, error) of a pickled task; the process keeps the task for its next shard, as opening takes seconds."""
    return answered(partial(_done, task), shard, "shard")


def _done(task: bytes, shard: int) -> object:
    if task not in _kept:
        import cv2  # here, as the driver need not wait for it

        cv2.setNumThreads(1)
        _kept.clear()
        _kept[task] = pickle.loads(task)  # noqa: S301  # from our own driver
    return _kept[task](shard)


def spread(
    work: Work, begin: Callable[[int], "Future[bytes]"], room: Callable[[], int], how: Callable[[Exception], str | None]
) -> Iterator[object]:
    """Yield the results of all shards as they finish.

    `begin` has a shard answered, of which `room()` are in flight; `how` says how a worker died, None if an error means something else.

    Raises:
        LostShardError: see `Work`; whatever a task raises is raised here.
    """
    flight: dict[Future[bytes], int] = {}
    while True:
        while len(flight) < room() and (shard := work.next()) is not None:
            flight[begin(shard)] = shard
        if not flight:
            break
        for future in wait(flight, return_when=FIRST_COMPLETED).done:
            shard, fault = flight.pop(future), future.exception()
            if fault is None:
                yield _result(future.result())
            elif isinstance(fault, Exception) and (death := how(fault)) is not None:
                work.died(shard, death, CURE)
            else:
                raise fault
    work.end()


def _result(answer: bytes) -> object:
    result, error = pickle.loads(answer)  # noqa: S301  # from our own worker
    if error is not None:
        raise error
    return result
