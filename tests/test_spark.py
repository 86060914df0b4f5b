"""Runs on a real Spark cluster of two executors on this machine. Needs Java."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from synthgen.engine.spark import SparkEngine
from synthgen.errors import SynthgenError
from synthgen.job import Job, run
from synthgen.nodes import on_cluster
from synthgen.recipe import Recipe
from synthgen.run_report import Report
from tests.engine_tasks import pid_and_threads
from tests.fake_runs import dying_once, failing, fake_job, files_of, make_fake
from tests.test_engine import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
ADDRESS = "local-cluster[2,1,1024]"  # executors, cores of each, MB of each


@pytest.fixture(autouse=True)
def paths(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
    yield


def made(job: Job) -> Report:
    """Render a job of noise on Spark."""
    with on_cluster(job, SparkEngine(ADDRESS), Recipe(), None, stays=False) as (far, engine):
        return run(far, engine, resume=False, progress=lambda part: None)


def noise(out: Path, **other: object) -> Job:
    """Return the job of the `undisturbed` run."""
    return fake_job(out, n=60, scenes=60, cache=out.parent / "cache", **other)  # type: ignore[arg-type]


def test_two_executors_make_the_same_files_as_this_machine_alone(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    report = made(noise(tmp_path / "out"))
    assert files_of(tmp_path / "out") == undisturbed
    assert (report.words, report.scenes, report.retried) == (60, 60, 0)


def test_workers_are_kept_from_one_shard_to_the_next_with_one_opencv_thread() -> None:
    seen = list(SparkEngine(ADDRESS).map(pid_and_threads, range(12)))
    assert len({pid for pid, _ in seen}) <= 2
    assert {threads for _, threads in seen} == {1}


def test_a_worker_that_dies_is_survived(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    (notes := tmp_path / "notes").mkdir()
    report = made(noise(tmp_path / "out", factory=dying_once(notes, 20)))
    assert files_of(tmp_path / "out") == undisturbed
    assert report.retried == 1


def kill_executor_once(notes: Path, first: int) -> None:
    """Kill the executor round this worker, whose parent forks workers for it."""
    if first >= 20:
        with suppress(FileExistsError):
            (notes / "died").touch(exist_ok=False)
            status = Path(f"/proc/{os.getppid()}/status").read_text(encoding="utf-8")
            os.kill(int(re.findall(r"^PPid:\s*(\d+)", status, re.MULTILINE)[0]), signal.SIGKILL)
            time.sleep(60)


def test_an_executor_killed_in_mid_run_loses_nothing(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    (notes := tmp_path / "notes").mkdir()
    report = made(noise(tmp_path / "out", factory=partial(make_fake, before=partial(kill_executor_once, notes))))
    assert files_of(tmp_path / "out") == undisturbed
    assert (report.words, report.scenes, report.retried) == (60, 60, 1)


def test_the_fault_of_a_task_arrives_as_itself_and_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot paint 20") as caught:
        made(noise(tmp_path / "out", factory=failing(20)))
    assert re.search("in shard (words|scenes)-0000[2-5]", "".join(caught.value.__notes__))


def test_a_spark_that_does_not_start_is_an_error() -> None:
    with pytest.raises(SynthgenError, match=r"--engine spark: cannot start Spark: .*; it needs Java 17 .* and a --address that is right"):
        list(SparkEngine("no-such-master").map(pid_and_threads, range(1)))
