"""What workers are given to do in tests of engines: each worker imports this module, so it imports little."""

import faulthandler
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from synthgen.engine import TRIES
from synthgen.errors import SynthgenError


def square(shard: int) -> int:
    return shard * shard


def pid_and_threads(shard: int) -> tuple[int, int]:
    return os.getpid(), cv2.getNumThreads()


def sleep_and_tell(folder: Path, shard: int) -> None:
    """Leave a note of who works on what; take it away if asked to end."""
    note = folder / f"{shard}-{os.getpid()}"
    note.touch()
    try:
        time.sleep(60)
    finally:
        note.unlink()


class Finalized:
    """Is long in being finalized, where Python swallows what is raised."""

    def __init__(self, note: Path) -> None:
        self.note = note

    def __del__(self) -> None:
        self.note.touch()
        time.sleep(60)


def sleep_in_a_finalizer(folder: Path, shard: int) -> None:
    """Be where an exit is swallowed, and then at work; leave a note that is taken away if asked to end."""
    note = folder / f"{shard}"
    try:
        Finalized(note)
        time.sleep(60)
    finally:
        note.unlink()


def fail_at(bad: int, shard: int) -> int:
    if shard == bad:
        raise SynthgenError(f"font {shard}: broken")
    return shard


class StubbornError(Exception):
    """Can be pickled and not be read back."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"stubborn {one} {two}")


def raise_stubborn(shard: int) -> int:
    raise StubbornError(shard, shard)


def divide(shard: int) -> float:
    return 1 / shard


def die(notes: Path, bad: int, times: int, sign: signal.Signals, shard: int) -> int:
    """Kill the worker the first `times` times it is asked for shard `bad`."""
    if shard == bad and len(list(notes.iterdir())) < times:
        (notes / str(os.getpid())).touch()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core file of a crash that was asked for
        faulthandler.disable()
        os.kill(os.getpid(), sign)
    return shard


def die_or_dawdle(notes: Path, shard: int) -> int:
    """Die at shard 0 whenever it is asked for; finish any other once all its workers are dead."""
    if shard > 0:
        wait_until(lambda: len(list(notes.iterdir())) == TRIES)
        time.sleep(0.2)
    return die(notes, 0, 99, signal.SIGKILL, shard)


class Unreadable:
    """Ends whoever unpickles it, as a library that cannot be loaded may do."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (3,)

    def __call__(self, shard: int) -> int:
        return shard


def wait_until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not done():
        assert time.monotonic() < limit, "waited 20 s in vain"
        time.sleep(0.02)
