"""Runs: the same files however they are made, and nothing that reads as whole and is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.errors import SynthgenError
from synthgen.job import Job
from synthgen.shards import storage
from synthgen.shards.read import read
from tests.fake_words import dying, failing, fake_job, files_of, make_fake, make_gap, render
from tests.test_engine import ROOT, wait_until

KILLED_RUN = """
from pathlib import Path
from synthgen.engine.local import LocalEngine
from synthgen.job import run
from tests.fake_words import fake_job, slow
if __name__ == "__main__":
    run(fake_job(Path({out!r}), n=60, factory=slow(0.02)), LocalEngine(2), resume=False, progress=print)
"""


def rows_of(out: Path, *, partial: bool = False) -> pa.Table:
    return pa.Table.from_batches(read(out, partial=partial)).replace_schema_metadata(None)


def test_any_number_of_workers_makes_the_same_files(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    for workers in (1, 2):
        render(fake_job(tmp_path / str(workers), n=60), workers=workers)
        assert files_of(tmp_path / str(workers)) == undisturbed


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_rows_do_not_depend_on_shard_size_or_form(tmp_path: Path, form: str) -> None:
    render(fake_job(tmp_path / "whole", shard_size=1000))
    render(fake_job(tmp_path / "odd", shard_size=7, format=form))
    assert rows_of(tmp_path / "odd").equals(rows_of(tmp_path / "whole"))


@given(block=st.integers(1, 50))
@settings(max_examples=5, deadline=None)
def test_files_do_not_depend_on_the_blocks_of_the_renderer(tmp_path_factory: pytest.TempPathFactory, block: int) -> None:
    out = tmp_path_factory.mktemp("blocks")
    render(fake_job(out / "a", shard_size=30, factory=make_fake))
    render(fake_job(out / "b", shard_size=30, factory=lambda job: make_fake(job, block)))
    shards = [{name: data for name, data in files_of(out / run).items() if name.startswith("words/")} for run in "ab"]
    assert shards[0] == shards[1]


def test_samples_differ_with_index_and_seed(tmp_path: Path) -> None:
    for seed in (1, 2):
        render(fake_job(tmp_path / str(seed), seed=seed))
    pictures = [row["bytes"] for seed in (1, 2) for row in rows_of(tmp_path / str(seed))["image"].to_pylist()]
    assert len(set(pictures)) == 80


def test_a_killed_run_resumes_to_the_same_files(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    script, out = tmp_path / "run.py", tmp_path / "out"
    script.write_text(KILLED_RUN.format(out=str(out)), encoding="utf-8")
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    going = subprocess.Popen([sys.executable, script], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(out.glob("parts/words-*.json"))) >= 2)
    going.kill()
    assert going.wait() == -signal.SIGKILL
    with pytest.raises(SynthgenError, match=r"need manifest\.json, which a finished run has, found none; go on with .*--resume"):
        list(read(out))
    assert 10 < rows_of(out, partial=True).num_rows < 60
    wait_until(lambda: can_lock(out))
    report = render(fake_job(out, n=60), resume=True)
    assert 0 < report.made < 60
    assert report.words == 60
    assert files_of(out) == undisturbed


def can_lock(out: Path) -> bool:
    try:
        with storage.sole_writer(out):
            return True
    except SynthgenError:
        return False


@pytest.mark.parametrize("workers", [0, 2])
def test_a_failing_shard_leaves_nothing_and_finished_ones_stay(tmp_path: Path, workers: int) -> None:
    with pytest.raises(RuntimeError, match="cannot paint 20"):
        render(fake_job(tmp_path, n=30, factory=failing(20)), workers=workers)
    assert not {"words/words-00002.parquet", "manifest.json"} & files_of(tmp_path).keys()
    assert not [name for name in files_of(tmp_path) if "/." in name]
    if not workers:
        assert rows_of(tmp_path, partial=True).num_rows == 20


def test_a_killed_worker_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="shard 1: each worker must live to the end, this one was killed"):
        render(fake_job(tmp_path, factory=dying(10)), workers=1)
    assert sorted(files_of(tmp_path)) == ["parts/words-00000.json", "run.json", "words/words-00000.parquet"]


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        ({"n": 0}, "--n, --scenes: nothing to render"),
        ({"n": -1}, "--n: need 0 or more, got -1"),
        ({"n": 1, "seed": -1}, "--seed: need 0 <= seed < 2"),
        ({"n": 1, "shard_size": 0}, "--shard-size: need at least 1, got 0"),
        ({"n": 1, "format": "csv"}, "--format: need parquet or tfrecord, got csv"),
        ({"n": 10**15}, r"need at least 500000000\.0 GB free on its disk, got [\d.]+ GB; make room"),
    ],
    ids=["none", "negative", "seed", "size", "format", "room"],
)
def test_a_run_that_cannot_be_is_refused(tmp_path: Path, faulty: dict[str, object], message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        render(fake_job(tmp_path, **{"shard_size": 10**14, **faulty}))  # type: ignore[arg-type]


def test_a_renderer_that_leaves_out_samples_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="renderer: need samples 0 to 9, got them to 8"):
        render(fake_job(tmp_path, factory=make_gap))
    with pytest.raises(ValueError, match=r"renderer: need samples 7, 8, \.\.\. in order"):
        render(fake_job(tmp_path / "b", factory=Repeating))


class Repeating:
    """Gives its first block again and again."""

    def __init__(self, job: Job) -> None:
        self._inner = make_fake(job)
        self.names = self._inner.names

    def __call__(self, first: int, last: int):  # type: ignore[no-untyped-def]  # noqa: ANN204
        while True:
            yield next(self._inner(first, last))


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with storage.sole_writer(tmp_path), pytest.raises(SynthgenError, match="one run at a time, and another is writing there"):
        render(fake_job(tmp_path))


def test_out_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SynthgenError, match="a file, not a folder; give another OUT"):
            render(fake_job(out))


LIMITED_RUN = """
import resource
from pathlib import Path
from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.job import run
from synthgen.shards.tfrecord import compile_kernels
from tests.fake_words import fake_job
if __name__ == "__main__":
    compile_kernels()  # before the limit: the compiler's cache has files too
    resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, resource.RLIM_INFINITY))
    try:
        run(fake_job(Path({out!r}), n=60, shard_size=50, format={form!r}), LocalEngine(1, inline=True), resume=False, progress=print)
    except SynthgenError as error:
        print(error)
        raise SystemExit(1)
"""


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_a_file_that_may_not_grow_is_one_clear_error(tmp_path: Path, form: str) -> None:
    script, out = tmp_path / "run.py", tmp_path / "out"
    script.write_text(LIMITED_RUN.format(out=str(out), form=form), encoding="utf-8")
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"words-00000.{form}: cannot be written: the file would be larger" in done.stdout
    assert sorted(files_of(out)) == ["run.json"]
