"""The processors of this machine."""

from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing import connection
from typing import TypeVar, cast

from synthgen.engine import Work
from synthgen.errors import SynthgenError
from synthgen.workers import Worker, start, stop

T = TypeVar("T")


class LocalEngine:
    """Runs tasks in processes of their own; `inline` ones in this process, for debuggers and small runs."""

    def __init__(self, workers: int, *, inline: bool = False) -> None:
        if workers < 1:
            raise SynthgenError(f"--workers: need at least 1, got {workers}; give the number of processors to use")
        self._workers, self._inline = workers, inline
        self.retried = 0

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        """Yield what `task` returns for each shard, as they finish; whatever ends this generator ends the workers too.

        Raises:
            LostShardError: the workers of one shard died; inline, it is this process that dies.
        """
        if self._inline:
            yield from map(task, shards)
            return
        work, crew = Work(shards), list[Worker[int]]()
        try:
            while len(crew) < self._workers and _hired(task, work, crew):
                pass
            for result in _results(task, work, crew):
                yield cast("T", result)
        finally:
            stop(crew)
            self.retried += work.retried


def _hired(task: Callable[[int], object], work: Work, crew: list[Worker[int]]) -> bool:
    """Start a worker on the next shard, if there is one; return whether there was."""
    shard = work.next()
    if shard is not None:
        crew.append(start(task, "shard"))
        crew[-1].ask(shard)
    return shard is not None


def _results(task: Callable[[int], object], work: Work, crew: list[Worker[int]]) -> Iterator[object]:
    while busy := [worker for worker in crew if worker.asked is not None]:
        ready = connection.wait([worker.pipe for worker in busy])
        for worker in (worker for worker in busy if worker.pipe in ready):
            try:
                result, error = worker.answer()
            except (EOFError, OSError):
                _bury(worker, work, crew)
                _hired(task, work, crew)
                continue
            if error is not None:
                raise error
            following = work.next()
            if following is not None:
                worker.ask(following)
            yield result
    work.end()


def _bury(dead: Worker[int], work: Work, crew: list[Worker[int]]) -> None:
    shard, (how, killed) = cast("int", dead.asked), dead.ended()
    crew.remove(dead)
    dead.pipe.close()
    work.died(shard, how, "fewer --workers need less memory" if killed else "a font, a photo or a library may be broken: see what it said")
