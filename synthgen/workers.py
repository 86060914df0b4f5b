"""Processes of ours that answer one question at a time, and end when their parent does, however it ends."""

import faulthandler
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

from synthgen.errors import SynthgenError

Q = TypeVar("Q")
RETELL_S = 0.01  # by then a finalizer that was interrupted is over
END_WAIT_S = 5.0  # a worker asked to end does so between two instructions of Python: milliseconds, a second in a long kernel


@dataclass(eq=False)
class Worker(Generic[Q]):
    """A process of ours, and what it was asked last; None: it has answered."""

    process: SpawnProcess
    pipe: Connection
    asked: Q | None = None

    def ask(self, question: Q) -> None:
        """Have it begin to answer."""
        self.asked = question
        with suppress(OSError):  # it is dead then, and reading from it will say so
            self.pipe.send(question)

    def answer(self) -> tuple[object, Exception | None]:
        """Return, once there is one, what its task returned or else raised.

        Raises:
            EOFError, OSError: it is dead; see `ended`.
        """
        result, error = pickle.loads(self.pipe.recv_bytes())  # noqa: S301  # from our own child
        self.asked = None
        return result, error

    def ended(self) -> tuple[str, bool]:
        """Return how a dead worker ended, and whether it was killed."""
        self.process.join(END_WAIT_S)
        code = self.process.exitcode
        if code == -signal.SIGKILL:
            return "was killed, most often for want of memory", True
        if code is not None and code < 0:
            return f"crashed ({signal.strsignal(-code)})", False
        return f"ended without a word (exit code {code})", False


def start(task: Callable[[Q], object], noun: str) -> Worker[Q]:
    """Return a worker that answers with what `task`, pickled once, returns; `noun` is what its questions are, for the notes of errors."""
    context = get_context("spawn")  # a forked child would inherit locks that our threads hold
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, task, noun), daemon=True)
    with _without_interrupts():
        process.start()
    theirs.close()  # so that the pipe ends when the worker does
    return Worker(process, ours)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back while a child is started: it inherits that, and so prints no traceback of its own while it still imports."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop(workers: Iterable[Worker[Q]]) -> None:
    """End all workers and wait for them, so that none outlives the run and their processor time is counted."""
    ending = list(workers)
    for worker in ending:
        if worker.asked is not None:
            worker.process.terminate()
        worker.pipe.close()  # an idle worker reads this as the end
    for worker in ending:
        worker.process.join(END_WAIT_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _serve(pipe: Connection, task: Callable[[Q], object], noun: str) -> None:
    """Be a worker: answer each question with a pickled (result, error) until the pipe ends."""
    import cv2  # here, as the parent need not wait for it

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _exit_when_told()
    cv2.setNumThreads(1)
    faulthandler.enable()  # a crash in a library is told with the line of Python that led to it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # the pipe's end is the run's
        while True:
            question = pipe.recv()
            pipe.send_bytes(answered(task, question, noun))


def _exit_when_told() -> None:
    """Have SIGTERM raise SystemExit, so that scratch files are removed on the way out; a finalizer swallows it, and is told again."""

    def leave(*_: object) -> None:
        sys.exit(128 + signal.SIGTERM)

    def swallowed(fault: "sys.UnraisableHookArgs") -> None:
        if isinstance(fault.exc_value, SystemExit):
            signal.setitimer(signal.ITIMER_REAL, RETELL_S)
        else:
            sys.__unraisablehook__(fault)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGALRM, leave)
    sys.unraisablehook = swallowed


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # kill -9 of the parent: nobody is left to tell


def answered(task: Callable[[Q], object], question: Q, noun: str) -> bytes:
    """Return, pickled, what `task` returns and None, or else None and the error it raised, which is told where that was."""
    try:
        return pickle.dumps((task(question), None))
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent raises it
        if not isinstance(error, SynthgenError):
            error.add_note(f"in {noun} {question}:\n{traceback.format_exc()}")
        return _pickled(error)


def _pickled(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # noqa: S301  # some errors can be pickled and not be read back
    except Exception:  # noqa: BLE001  # their classes decide what goes wrong
        return pickle.dumps((None, RuntimeError("".join(traceback.format_exception(error)))))
    return answer
