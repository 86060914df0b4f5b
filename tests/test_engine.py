"""Engines: every shard once, and no worker left behind however a run ends."""

import faulthandler
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import pytest

from synthgen.engine import TRIES, Engine, LostShardError
from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError

ROOT = Path(__file__).parents[1]
SLOW_RUN = """
from functools import partial
from pathlib import Path
from synthgen.engine.local import LocalEngine
from tests.test_engine import sleep_and_tell
if __name__ == "__main__":
    try:
        list(LocalEngine(2).map(partial(sleep_and_tell, Path({folder!r})), range(9)))
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


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


@pytest.mark.parametrize("engine", [LocalEngine(1), LocalEngine(2), LocalEngine(1, inline=True)], ids=["one", "two", "inline"])
def test_every_shard_is_done_once(engine: Engine) -> None:
    assert sorted(engine.map(square, iter(range(5)))) == [0, 1, 4, 9, 16]


def test_workers_are_other_processes_with_one_opencv_thread_each() -> None:
    seen = set(LocalEngine(1).map(pid_and_threads, range(3)))
    assert len(seen) == 1  # started once, not once a shard
    assert os.getpid() not in {pid for pid, _ in seen}
    assert {threads for _, threads in seen} == {1}


def test_no_shards_need_no_workers() -> None:
    assert list(LocalEngine(2).map(square, [])) == []


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (partial(fail_at, 1), SynthgenError, "font 1: broken"),
        (raise_stubborn, RuntimeError, "stubborn 0 0"),
    ],
    ids=["ours", "stubborn"],
)
def test_the_fault_of_a_worker_is_raised_here(task: Callable[[int], int], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        list(LocalEngine(1).map(task, range(3)))


def test_a_foreign_error_says_which_shard_and_where() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        list(LocalEngine(1).map(divide, [0]))
    assert "in shard 0" in caught.value.__notes__[0]
    assert "1 / shard" in caught.value.__notes__[0]


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSEGV], ids=["killed", "crashed"])
def test_a_worker_that_dies_is_replaced_and_its_shard_begun_again(
    tmp_path: Path, sign: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    engine = LocalEngine(1)
    assert sorted(engine.map(partial(die, tmp_path, 1, 1, sign), range(3))) == [0, 1, 2]
    assert engine.retried == 1
    how = "was killed, most often for want of memory" if sign == signal.SIGKILL else "crashed (Segmentation fault)"
    assert caplog.messages == [f"shard 1: its worker {how}; begun again, try 2 of 3"]


def test_a_shard_whose_workers_all_die_is_an_error_once_the_others_in_flight_are_done(tmp_path: Path) -> None:
    engine = LocalEngine(2)
    results = engine.map(partial(die_or_dawdle, tmp_path), range(5))
    assert next(results) == 1
    message = r"shard 0: a worker must live to its end, 3 did not; the last was killed.*--resume.*fewer --workers"
    with pytest.raises(LostShardError, match=message) as caught:
        next(results)
    assert (caught.value.shard, engine.retried, len(list(tmp_path.iterdir()))) == (0, 2, TRIES)


def test_workers_that_all_die_at_their_start_are_not_started_for_ever() -> None:
    engine = LocalEngine(2)
    with pytest.raises(LostShardError, match=r"the last ended without a word \(exit code 3\).*a font, a photo or a library may be broken"):
        list(engine.map(Unreadable(), range(9)))
    assert engine.retried <= 2 * (TRIES - 1)


def test_no_workers_is_an_error() -> None:
    with pytest.raises(SynthgenError, match="--workers: need at least 1, got 0"):
        LocalEngine(0)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_workers_end_with_their_parent(tmp_path: Path, sign: signal.Signals) -> None:
    script = tmp_path / "run.py"
    script.write_text(SLOW_RUN.format(folder=str(notes := tmp_path / "notes")), encoding="utf-8")
    notes.mkdir()
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    run = subprocess.Popen([sys.executable, script], env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_until(lambda: len(list(notes.iterdir())) == 2)
    workers = [int(note.name.split("-")[1]) for note in notes.iterdir()]
    if sign == signal.SIGINT:
        os.killpg(run.pid, sign)  # as a terminal does: the workers get it too
    else:
        run.kill()
    _, complaints = run.communicate(timeout=20)
    wait_until(lambda: not any(Path(f"/proc/{worker}/exe").exists() for worker in workers))
    assert run.returncode == (130 if sign == signal.SIGINT else -signal.SIGKILL)
    if sign == signal.SIGINT:
        assert complaints == ""
        assert list(notes.iterdir()) == []  # ended by way of `finally`


def wait_until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not done():
        assert time.monotonic() < limit, "waited 20 s in vain"
        time.sleep(0.02)
