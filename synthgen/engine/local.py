"""The processors of this machine."""

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from multiprocessing import connection
from typing import TypeVar, cast

from synthgen.errors import SynthgenError
from synthgen.workers import Worker, start, stop

T = TypeVar("T")


class LocalEngine:
    """Runs tasks in processes of their own; `inline` ones in this process, for debuggers and small runs."""

    def __init__(self, workers: int, *, inline: bool = False) -> None:
        if workers < 1:
            raise SynthgenError(f"--workers: need at least 1, got {workers}; give the number of processors to use")
        self._workers, self._inline = workers, inline

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as they finish; whatever ends this generator ends the workers too.

        Raises:
            SynthgenError: a worker died.
        """
        if self._inline:
            yield from map(task, shards)
            return
        todo = iter(shards)
        workers: list[Worker[int]] = []
        try:
            for shard in islice(todo, self._workers):
                workers.append(start(task, "shard"))
                workers[-1].ask(shard)
            for result in _results(workers, todo):
                yield cast("T", result)
        finally:
            stop(workers)


def _results(workers: list[Worker[int]], todo: Iterator[int]) -> Iterator[object]:
    while busy := [worker for worker in workers if worker.asked is not None]:
        ready = connection.wait([worker.pipe for worker in busy])
        for worker in (worker for worker in busy if worker.pipe in ready):
            try:
                result, error = worker.answer()
            except (EOFError, OSError) as fault:
                raise _death(worker, busy) from fault
            if error is not None:
                raise error
            following = next(todo, None)
            if following is not None:
                worker.ask(following)
            yield result


def _death(dead: Worker[int], busy: list[Worker[int]]) -> SynthgenError:
    why, killed = dead.ended()
    flight = ", ".join(map(str, sorted(worker.asked for worker in busy if worker.asked is not None)))  # some may have ended just before
    cure = "what is finished is kept: run it again, with --resume" + ("; fewer --workers need less memory" if killed else "")
    return SynthgenError(f"shard {dead.asked}: each worker must live to the end, this one {why}; in flight were shards {flight}; {cure}")
