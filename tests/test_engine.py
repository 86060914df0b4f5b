"""Engines: every shard once, and no worker left behind however a run ends."""

import os
import pickle
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from synthgen.engine import TRIES, Engine, LostShardError
from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.workers import answered, start, stop
from tests.engine_tasks import (
    Unreadable,
    die,
    die_or_dawdle,
    divide,
    fail_at,
    pid_and_threads,
    raise_stubborn,
    sleep_in_a_finalizer,
    square,
    wait_until,
)

ROOT = Path(__file__).parents[1]
SLOW_RUN = """
from functools import partial
from pathlib import Path
from synthgen.engine.local import LocalEngine
from tests.engine_tasks import sleep_and_tell
if __name__ == "__main__":
    try:
        list(LocalEngine(2).map(partial(sleep_and_tell, Path({folder!r})), range(9)))
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


@pytest.mark.parametrize("engine", [LocalEngine(2), LocalEngine(1, inline=True)], ids=["two", "inline"])
def test_every_shard_is_done_once(engine: Engine) -> None:
    assert sorted(engine.map(square, iter(range(5)))) == [0, 1, 4, 9, 16]


def test_workers_are_other_processes_with_one_opencv_thread_each() -> None:
    seen = set(LocalEngine(1).map(pid_and_threads, range(3)))
    assert len(seen) == 1  # started once, not once a shard
    assert os.getpid() not in {pid for pid, _ in seen}
    assert {threads for _, threads in seen} == {1}


def test_no_shards_need_no_workers() -> None:
    assert list(LocalEngine(2).map(square, [])) == []


def test_the_fault_of_a_worker_is_raised_here() -> None:
    with pytest.raises(SynthgenError, match="font 1: broken"):
        list(LocalEngine(1).map(partial(fail_at, 1), range(3)))


def test_an_error_that_cannot_be_read_back_is_told_in_another() -> None:
    _, error = pickle.loads(answered(raise_stubborn, 0, "shard"))
    assert type(error) is RuntimeError
    assert "stubborn 0 0" in str(error)


def test_a_foreign_error_says_which_shard_and_where() -> None:
    _, error = pickle.loads(answered(divide, 0, "shard"))
    assert type(error) is ZeroDivisionError
    assert "in shard 0" in error.__notes__[0]
    assert "1 / shard" in error.__notes__[0]


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
    engine = LocalEngine(1)
    with pytest.raises(
        LostShardError, match=r"shard 0: .*the last ended without a word \(exit code 3\).*a font, a photo or a library may be broken"
    ):
        list(engine.map(Unreadable(), range(9)))
    assert engine.retried == TRIES - 1


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


def test_a_worker_told_to_end_in_a_finalizer_which_swallows_that_is_told_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    worker = start(partial(sleep_in_a_finalizer, tmp_path), "shard")
    worker.ask(0)
    wait_until((tmp_path / "0").exists)
    stop([worker])
    assert worker.process.exitcode == 128 + signal.SIGTERM  # of itself: SIGKILL would follow after a while
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""
