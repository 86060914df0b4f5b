"""Runs: the same files however they are made, and nothing that reads as whole and is not."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.engine import LostShardError
from synthgen.errors import SynthgenError
from synthgen.job import ShardTask, run
from synthgen.shards import storage
from synthgen.shards.read import read
from tests.engine_tasks import wait_until
from tests.fake_runs import Repeating, failing, fake_job, files_of, job_of, make_fake, make_gap, render
from tests.test_engine import ROOT

T = TypeVar("T")
TABLES = ("words", "scenes")
KILLED_RUN = """
from pathlib import Path
from synthgen.engine.local import LocalEngine
from synthgen.job import run
from tests.fake_runs import fake_job, slow
if __name__ == "__main__":
    run(fake_job(Path({out!r}), n=60, scenes=60, factory=slow(0.02)), LocalEngine(2), resume=False, progress=print)
"""


def rows_of(out: Path, table: str = "words", *, partial: bool = False) -> pa.Table:
    return pa.Table.from_batches(read(out, table=table, partial=partial)).replace_schema_metadata(None)


def test_any_number_of_workers_makes_the_same_files(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    for workers in (1, 2):
        render(fake_job(tmp_path / str(workers), n=60, scenes=60), workers=workers)
        assert files_of(tmp_path / str(workers)) == undisturbed


def test_a_run_holds_all_its_shards_and_their_records(tmp_path: Path) -> None:
    report = render(fake_job(tmp_path, n=15, scenes=11))
    assert (report.words, report.scenes, report.made, report.scenes_made) == (15, 11, 15, 11)
    made = [f"{table}-0000{shard}" for table in TABLES for shard in range(2)]
    shards = [f"{name.split('-')[0]}/{name}.parquet" for name in made]
    assert sorted(files_of(tmp_path)) == sorted(["run.json", "manifest.json", *shards, *(f"parts/{name}.json" for name in made)])
    whole = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert [(whole[table]["rows"], [part["rows"] for part in whole[table]["shards"]]) for table in TABLES] == [(15, [10, 5]), (11, [10, 1])]
    assert report.bytes == sum((tmp_path / name).stat().st_size for name in shards)
    assert (whole["run"]["n"], whole["run"]["scenes"], whole["run"]["shard_sizes"]) == (15, 11, {"words": 10, "scenes": 10})


def test_one_table_does_not_depend_on_the_other(tmp_path: Path, undisturbed: dict[str, bytes], table: str) -> None:
    render(job_of(table, tmp_path, 60))
    alone = {name: data for name, data in files_of(tmp_path).items() if "-" in name}
    assert alone == {name: data for name, data in undisturbed.items() if f"{table}-" in name}
    assert {path.name for path in tmp_path.iterdir()} == {"run.json", "manifest.json", "parts", table}


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_rows_do_not_depend_on_shard_size_or_form(tmp_path: Path, table: str, form: str) -> None:
    render(job_of(table, tmp_path / "whole", size=1000))
    render(job_of(table, tmp_path / "odd", size=7, format=form))
    assert rows_of(tmp_path / "odd", table).equals(rows_of(tmp_path / "whole", table))


@given(block=st.integers(1, 50))
@settings(max_examples=5, deadline=None)
def test_files_do_not_depend_on_the_blocks_of_the_renderer(tmp_path_factory: pytest.TempPathFactory, block: int) -> None:
    out = tmp_path_factory.mktemp("blocks")
    render(fake_job(out / "a", scenes=40, size=30, factory=make_fake))
    render(fake_job(out / "b", scenes=40, size=30, factory=lambda job: make_fake(job, block)))
    shards = [{name: data for name, data in files_of(out / run).items() if name.endswith(".parquet")} for run in "ab"]
    assert shards[0] == shards[1]


@pytest.mark.parametrize("rows", [0, 1, 99, 100, 101, 250])
def test_row_groups_of_scenes_hold_a_hundred(tmp_path: Path, rows: int) -> None:
    render(fake_job(tmp_path, n=1, scenes=rows, size=1000))
    for shard in tmp_path.glob("scenes/*"):
        about = pq.read_metadata(shard)
        assert [about.row_group(k).num_rows for k in range(about.num_row_groups)] == [100] * (rows // 100) + [rows % 100] * (rows % 100 > 0)


def test_samples_differ_with_index_and_seed(tmp_path: Path, table: str) -> None:
    for seed in (1, 2):
        render(job_of(table, tmp_path / str(seed), seed=seed))
    pictures = [row["bytes"] for seed in (1, 2) for row in rows_of(tmp_path / str(seed), table)["image"].to_pylist()]
    assert len(set(pictures)) == 80


def test_a_killed_run_resumes_to_the_same_files(tmp_path: Path, undisturbed: dict[str, bytes], table: str) -> None:
    script, out = tmp_path / "run.py", tmp_path / "out"
    script.write_text(KILLED_RUN.format(out=str(out)), encoding="utf-8")
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    going = subprocess.Popen([sys.executable, script], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(out.glob(f"parts/{table}-*.json"))) >= 2)
    going.kill()
    assert going.wait() == -signal.SIGKILL
    with pytest.raises(SynthgenError, match=r"need manifest\.json, which a finished run has, found none; go on with .*--resume"):
        list(read(out, table=table))
    assert 10 < rows_of(out, table, partial=True).num_rows < 60
    wait_until(lambda: can_lock(out))
    report = render(fake_job(out, n=60, scenes=60), resume=True)
    assert 0 < {"words": report.made, "scenes": report.scenes_made}[table] < 60
    assert (report.words, report.scenes) == (60, 60)
    assert files_of(out) == undisturbed


def can_lock(out: Path) -> bool:
    try:
        with storage.sole_writer(out):
            return True
    except SynthgenError:
        return False


@pytest.mark.parametrize("workers", [0, 2])
def test_a_failing_shard_leaves_nothing_and_finished_ones_stay(tmp_path: Path, table: str, workers: int) -> None:
    with pytest.raises(RuntimeError, match="cannot paint 20") as fault:
        render(job_of(table, tmp_path, 30, factory=failing(20)), workers=workers)
    assert not {f"{table}/{table}-00002.parquet", "manifest.json"} & files_of(tmp_path).keys()
    assert not [name for name in files_of(tmp_path) if "/." in name]
    if workers:
        assert f"in shard {table}-00002" in "".join(fault.value.__notes__)
    else:
        assert rows_of(tmp_path, table, partial=True).num_rows == 20


class LosingEngine:
    """Makes the first shard and loses the second, whose workers were killed while they wrote it."""

    retried = 2

    def map(self, task: Callable[[int], T], shards: Iterable[int]) -> Generator[T, None, None]:
        first, second, *_ = shards
        yield task(first)
        table = str(second).partition("-")[0]
        (cast("ShardTask", task).job.store.root / table / f".{second}.parquet.0123abcd").touch()  # type: ignore[attr-defined]  # a folder
        raise LostShardError(second, "was killed", "get more memory")


def test_a_shard_that_kills_its_workers_is_named_with_its_samples_and_leaves_nothing(tmp_path: Path, table: str) -> None:
    message = rf"{table} 10 to 19: shard {table}-00001: a worker must .* 3 did not; the last was killed; .*; get more memory"
    with pytest.raises(SynthgenError, match=message):
        run(job_of(table, tmp_path), LosingEngine(), resume=False, progress=lambda part: None)
    assert sorted(files_of(tmp_path)) == sorted([f"parts/{table}-00000.json", "run.json", f"{table}/{table}-00000.parquet"])


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        ({"n": 0}, "--n, --scenes: nothing to render, both are 0; give --n, .* or --scenes"),
        ({"n": -1}, "--n: need 0 or more, got -1"),
        ({"scenes": -1}, "--scenes: need 0 or more, got -1"),
        ({"n": 1, "seed": -1}, "--seed: need 0 <= seed < 2"),
        ({"n": 1, "shard_size": 0}, "--shard-size: need at least 1, got 0"),
        ({"n": 1, "scenes_shard_size": 0}, "scenes_shard_size: need at least 1, got 0; leave it out for 1000"),
        ({"n": 1, "format": "csv"}, "--format: need parquet or tfrecord, got csv"),
        ({"n": 10**15}, r"need at least 500000000\.0 GB free on its disk, got [\d.]+ GB; make room"),
        ({"n": 0, "scenes": 10**15}, r"need at least 1000000000\.0 GB free on its disk, got [\d.]+ GB; make room.* --n or --scenes"),
    ],
    ids=["none", "negative", "negative scenes", "seed", "size", "scenes size", "format", "room", "scenes room"],
)
def test_a_run_that_cannot_be_is_refused(tmp_path: Path, faulty: dict[str, object], message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        render(fake_job(tmp_path, **{"size": 10**14, **faulty}))  # type: ignore[arg-type]


def test_a_renderer_that_leaves_out_samples_is_found_out(tmp_path: Path, table: str) -> None:
    with pytest.raises(ValueError, match=f"renderer: need {table} 0 to 9, got them to 8"):
        render(job_of(table, tmp_path, factory=make_gap))
    with pytest.raises(ValueError, match=rf"renderer: need {table} 7, 8, \.\.\. in order"):
        render(job_of(table, tmp_path / "b", factory=Repeating))


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
from synthgen.engine import LostShardError
from synthgen.errors import SynthgenError
from synthgen.job import ShardTask, run
from synthgen.job import run
from synthgen.shards.schema import TABLES
from synthgen.shards.tfrecord import compile_kernels
from tests.fake_runs import job_of
if __name__ == "__main__":
    compile_kernels(TABLES[{table!r}])  # before the limit: the compiler's cache has files too
    resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, resource.RLIM_INFINITY))
    try:
        run(job_of({table!r}, Path({out!r}), 60, size=50, format={form!r}), LocalEngine(1, inline=True), resume=False, progress=print)
    except SynthgenError as error:
        print(error)
        raise SystemExit(1)
"""


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_a_file_that_may_not_grow_is_one_clear_error(tmp_path: Path, table: str, form: str) -> None:
    script, out = tmp_path / "run.py", tmp_path / "out"
    script.write_text(LIMITED_RUN.format(out=str(out), form=form, table=table), encoding="utf-8")
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{table}-00000.{form}: cannot be written: the file would be larger" in done.stdout
    assert sorted(files_of(out)) == ["run.json"]
