"""The processors of this machine."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TypeVar, cast

from synthgen.errors import SynthgenError

T = TypeVar("T")
IDLE = -1
END_WAIT_S = 5.0  # a worker asked to end does so between two instructions of Python: milliseconds, a second in a long kernel


@dataclass
class _Worker:
    """A process of ours, and the shard it is at."""

    process: SpawnProcess
    pipe: Connection
    shard: int = IDLE


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
        workers: list[_Worker] = []
        try:
            for shard in islice(todo, self._workers):
                workers.append(_start(task))
                _give(workers[-1], shard)
            for result in _results(workers, todo):
                yield cast("T", result)
        finally:
            _stop(workers)


def _start(task: Callable[[int], object]) -> _Worker:
    context = get_context("spawn")  # a forked child would inherit locks that our threads hold
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, task), daemon=True)
    with _without_interrupts():
        process.start()
    theirs.close()  # so that the pipe ends when the worker does
    return _Worker(process, ours)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back while a child is started: it inherits that, and so prints no traceback of its own while it still imports."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _give(worker: _Worker, shard: int) -> None:
    worker.shard = shard
    with suppress(OSError):  # it is dead then, and reading from it will say so
        worker.pipe.send(shard)


def _results(workers: list[_Worker], todo: Iterator[int]) -> Iterator[object]:
    while busy := [worker for worker in workers if worker.shard != IDLE]:
        ready = connection.wait([worker.pipe for worker in busy])
        for worker in (worker for worker in busy if worker.pipe in ready):
            try:
                result, error = pickle.loads(worker.pipe.recv_bytes())  # noqa: S301  # from our own child
            except (EOFError, OSError) as fault:
                raise _death(worker, busy) from fault
            worker.shard = IDLE
            if error is not None:
                raise error
            following = next(todo, None)
            if following is not None:
                _give(worker, following)
            yield result


def _death(dead: _Worker, busy: list[_Worker]) -> SynthgenError:
    dead.process.join(END_WAIT_S)
    code = dead.process.exitcode
    killed = code == -signal.SIGKILL
    why = "was killed, most often for want of memory" if killed else f"ended without a word (exit code {code})"
    flight = ", ".join(map(str, sorted(worker.shard for worker in busy if worker.shard != IDLE)))  # some may have ended just before
    cure = "finished shards are kept, --resume makes the rest" + ("; fewer --workers need less memory" if killed else "")
    return SynthgenError(f"shard {dead.shard}: each worker must live to the end, this one {why}; in flight were shards {flight}; {cure}")


def _stop(workers: list[_Worker]) -> None:
    """End all workers and wait for them, so that none outlives the run and their processor time is counted."""
    for worker in workers:
        if worker.shard != IDLE:
            worker.process.terminate()
        worker.pipe.close()  # an idle worker reads this as the end
    for worker in workers:
        worker.process.join(END_WAIT_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _serve(pipe: Connection, task: Callable[[int], object]) -> None:
    """Be a worker: answer each shard number with a pickled (result, error) until the pipe ends."""
    import cv2  # here, as the parent need not wait for it

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that scratch files are removed on the way out
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # the pipe's end is the run's
        while True:
            shard = pipe.recv()
            pipe.send_bytes(_answer(task, shard))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # kill -9 of the parent: nobody is left to tell


def _answer(task: Callable[[int], object], shard: int) -> bytes:
    try:
        return pickle.dumps((task(shard), None))
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent raises it
        if not isinstance(error, SynthgenError):
            error.add_note(f"in shard {shard}:\n{traceback.format_exc()}")
        return _pickled(error)


def _pickled(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # noqa: S301  # some errors can be pickled and not be read back
    except Exception:  # noqa: BLE001  # their classes decide what goes wrong
        return pickle.dumps((None, RuntimeError("".join(traceback.format_exception(error)))))
    return answer
