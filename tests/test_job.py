"""Runs: the same files however they are made, and nothing that reads as whole and is not."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.job import Job, Report, run
from synthgen.shards import storage
from synthgen.shards.manifest import Part
from synthgen.shards.read import read
from tests.fake_words import TinyRecipe, dying, failing, fake_job, files_of, make_fake, make_gap
from tests.test_engine import ROOT, wait_until

INLINE = LocalEngine(1, inline=True)
KILLED_RUN = """
from pathlib import Path
from synthgen.engine.local import LocalEngine
from synthgen.job import run
from tests.fake_words import fake_job, slow
if __name__ == "__main__":
    run(fake_job(Path({out!r}), n=60, factory=slow(0.02)), LocalEngine(2), resume=False, progress=print)
"""


def render(job: Job, *, workers: int = 0, resume: bool = False) -> Report:
    return run(job, LocalEngine(workers) if workers else INLINE, resume=resume, progress=lambda part: None)


def rows_of(out: Path, *, partial: bool = False) -> pa.Table:
    return pa.Table.from_batches(read(out, partial=partial)).replace_schema_metadata(None)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return all files of a run of 60 words that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed")
    render(fake_job(out, n=60))
    return files_of(out)


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


def cut_off(out: Path) -> None:
    os.truncate(out / "words/words-00002.parquet", 100)


def flip_a_bit(out: Path) -> None:
    shard = out / "words/words-00002.parquet"
    data = bytearray(shard.read_bytes())
    data[1000] ^= 4
    shard.write_bytes(data)


def lose_shard(out: Path) -> None:
    (out / "words/words-00002.parquet").unlink()


def lose_record(out: Path) -> None:
    (out / "parts/words-00002.json").unlink()


def spoil_record(out: Path) -> None:
    (out / "parts/words-00002.json").write_text('{"rows": 10', encoding="utf-8")


def empty_record(out: Path) -> None:
    (out / "parts/words-00002.json").write_text("{}", encoding="utf-8")


def leave_scratch(out: Path) -> None:
    (out / "words/.words-00002.parquet.0123abcd").touch()
    lose_shard(out)


@pytest.mark.parametrize("damage", [cut_off, flip_a_bit, lose_shard, lose_record, spoil_record, empty_record, leave_scratch])
def test_a_damaged_shard_alone_is_made_again(tmp_path: Path, undisturbed: dict[str, bytes], damage: Callable[[Path], None]) -> None:
    render(fake_job(tmp_path, n=60))
    damage(tmp_path)
    made: list[Part] = []
    run(fake_job(tmp_path, n=60), INLINE, resume=True, progress=made.append)
    assert [part.shard for part in made] == [2]
    assert files_of(tmp_path) == undisturbed


def test_while_a_damaged_shard_is_made_again_the_folder_does_not_read_as_whole(tmp_path: Path) -> None:
    render(fake_job(tmp_path))
    flip_a_bit(tmp_path)
    with pytest.raises(RuntimeError, match="cannot paint 0"):
        render(fake_job(tmp_path, factory=failing(0)), resume=True)
    assert not {"manifest.json", "parts/words-00002.json"} & files_of(tmp_path).keys()


def test_a_finished_run_is_left_alone(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    render(fake_job(tmp_path, n=60))
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    report = render(fake_job(tmp_path, n=60, factory=failing(0)), resume=True)
    assert (report.words, report.made, report.refused, report.redrawn) == (60, 0, 60, 6)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == times


@pytest.mark.parametrize(("few", "many"), [(40, 100), (45, 100), (3, 8)])
def test_a_longer_run_is_as_if_made_at_once(tmp_path: Path, few: int, many: int) -> None:
    render(fake_job(tmp_path / "grown", n=few))
    render(fake_job(tmp_path / "grown", n=many), resume=True)
    render(fake_job(tmp_path / "once", n=many))
    assert files_of(tmp_path / "grown") == files_of(tmp_path / "once")


def test_the_manifest_is_gone_before_the_run_record_says_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render(fake_job(tmp_path, n=25))

    def power_cut(path: Path, about: object) -> None:
        raise OSError(f"power cut at {path.name}")

    monkeypatch.setattr(storage, "write_json", power_cut)
    with pytest.raises(OSError, match=r"power cut at run\.json"):
        render(fake_job(tmp_path, n=60), resume=True)
    assert "manifest.json" not in files_of(tmp_path)


def test_a_longer_run_that_fails_does_not_read_as_whole_and_resumes(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    render(fake_job(tmp_path, n=25))
    with pytest.raises(RuntimeError, match="cannot paint"):
        render(fake_job(tmp_path, n=60, factory=failing(20)), resume=True)
    assert "manifest.json" not in files_of(tmp_path)
    render(fake_job(tmp_path, n=60), resume=True)
    assert files_of(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 6}, "seed is 5 there, 6 here;"),
        ({"n": 39}, "n is 40 there, 39 here;"),
        ({"recipe": TinyRecipe(curved_share=0.5)}, r"recipe\.curved_share is 0\.1 there, 0\.5 here;"),
        ({"recipe": TinyRecipe(tilt_deg=(-12, 9))}, r"recipe\.tilt_deg\[1\] is 12\.0 there, 9\.0 here;"),
        ({"assets": {"fonts": "abd"}}, r'assets\.fonts is "abc" there, "abd" here;'),
        ({"assets": {}}, r'assets\.fonts is "abc" there, missing here;'),
        ({"format": "tfrecord"}, r'format is "parquet" there, "tfrecord" here;'),
        ({"shard_size": 20, "seed": 7}, r"seed is 5 there, 7 here; shard_sizes\.words is 10 there, 20 here;"),
        ({"alphabet": "ab"}, r'alphabet is " .*\.\.\. there, "ab" here;'),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_resuming_another_run_names_each_difference(tmp_path: Path, other: dict[str, object], named: str) -> None:
    render(fake_job(tmp_path))
    before = files_of(tmp_path)
    with pytest.raises(SynthgenError, match=rf"run\.json: --resume needs the same run, of which only n and scenes may grow: {named}"):
        render(fake_job(tmp_path, **{"n": 40, **other}), resume=True)  # type: ignore[arg-type]
    assert files_of(tmp_path) == before


def test_resuming_with_another_package_version_names_it(tmp_path: Path) -> None:
    render(fake_job(tmp_path))
    about = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    about["versions"]["numpy"] = "1.0"
    (tmp_path / "run.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(SynthgenError, match=r'versions\.numpy is "1\.0" there, "[\d.]+" here; give the same, or another OUT'):
        render(fake_job(tmp_path), resume=True)


@pytest.mark.parametrize(("name", "resume"), [("run.json", False), ("holiday.jpg", False), ("holiday.jpg", True)])
def test_a_folder_with_other_things_is_not_touched(tmp_path: Path, name: str, resume: bool) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(SynthgenError, match="another OUT"):
        render(fake_job(tmp_path), resume=resume)
    assert files_of(tmp_path) == {name: b"mine"}


def test_an_unreadable_run_record_is_an_error(tmp_path: Path) -> None:
    render(fake_job(tmp_path))
    for spoilt, fault in (("{", "cannot be read as JSON"), ("[]", "need a JSON object, got list")):
        (tmp_path / "run.json").write_text(spoilt, encoding="utf-8")
        with pytest.raises(SynthgenError, match=rf"run\.json: {fault}.*another OUT"):
            render(fake_job(tmp_path), resume=True)


def test_resume_starts_in_an_empty_or_missing_folder(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    (tmp_path / ".run.json.00112233").touch()  # of a run killed in its first millisecond
    render(fake_job(tmp_path, n=60), resume=True)
    render(fake_job(tmp_path / "a/b", n=60), resume=True)
    assert files_of(tmp_path / "a/b") == undisturbed


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
