"""Runs split after the fact: which rows are of which side, what stays as it was, and what happens when it is stopped."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from detector.scenes import open_shards as open_scenes
from recognizer.crops import Target, open_shards
from recognizer.labelled import Labelled
from recognizer.options import ReaderOptions
from synthgen.alphabet import Alphabet
from synthgen.cli import app
from synthgen.errors import SynthgenError
from synthgen.held_out import SPLITS, HeldOut
from synthgen.job import Job, Renderer
from synthgen.shards.manifest import MANIFEST, RUN
from synthgen.shards.read import read
from synthgen.shards.relabel import PENDING, split_run
from synthgen.shards.storage import sole_writer
from synthgen.shards.store import Folder
from tests.fake_runs import FakeRenderer, fake_job, files_of, render
from tests.fake_words import NAMES

BY_ALL = HeldOut(("font", "text", "background"), 0.7)
BY_FONT, NOTHING = HeldOut(("font",), 0.5), HeldOut(("font",), 0.0)
Rows = list[dict[str, object]]


class Unsplit(FakeRenderer):
    """Noise of which all is for training, as the engine makes it."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.names = replace(NAMES, splits=SPLITS)

    def words(self, first: int, last: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as FakeRenderer's
        yield from ((replace(rows, split=np.zeros_like(rows.split)), counts) for rows, counts in super().words(first, last))

    def scenes(self, first: int, last: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as FakeRenderer's
        yield from ((replace(rows, split=np.zeros_like(rows.split)), counts) for rows, counts in super().scenes(first, last))


def unsplit(job: Job) -> Renderer:
    return Unsplit(job)


def job_at(out: Path, **other: object) -> Job:
    return fake_job(out, **({"n": 60, "scenes": 12, "size": 25, "factory": unsplit} | other))  # type: ignore[arg-type]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    render(job_at(tmp_path))
    return tmp_path


@pytest.fixture(params=["parquet", "tfrecord"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    render(job_at(tmp_path, format=request.param))
    return tmp_path


def rows_of(out: Path, table: str = "words") -> Rows:
    return [row for batch in read(out, table=table) for row in batch.to_pylist()]


def members_of(rows: Rows, split: str, column: str) -> set[object]:
    return {row[column] for row in rows if row["split"] == split}


def words_in(rows: Rows, split: str) -> set[str]:
    return {word for text in members_of(rows, split, "text") for word in str(text).split()}


def test_no_font_word_or_background_of_validation_is_in_training(either: Path) -> None:
    told = split_run(either, BY_ALL)
    rows = rows_of(either)
    assert told["words"] == {name: Counter(row["split"] for row in rows)[name] for name in SPLITS} and min(told["words"].values()) > 0
    for column in ("font", "background"):
        assert not members_of(rows, "validation", column) & members_of(rows, "train", column)
    assert not words_in(rows, "validation") & words_in(rows, "train")


def test_scenes_are_split_by_all_their_fonts_and_their_background(out: Path) -> None:
    held = HeldOut(("font", "text", "background"), 0.9)
    split_run(out, held)
    for row in rows_of(out, "scenes"):
        fonts = {word["font"] for word in row["words"]} - {""}  # type: ignore[attr-defined]
        assert row["split"] == SPLITS[held.sample(fonts, str(row["background"]), None)]


def test_everything_else_stays_and_the_records_fit_the_files(out: Path) -> None:
    before = {table: rows_of(out, table) for table in ("words", "scenes")}
    split_run(out, BY_FONT)
    for table, was in before.items():
        assert [row | {"split": 0} for row in rows_of(out, table)] == [row | {"split": 0} for row in was]
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["run"] == json.loads((out / RUN).read_text(encoding="utf-8"))
    assert manifest["run"]["split"] == {"by": ["font"], "share": 0.5}
    counts = Counter(row["split"] for row in rows_of(out))
    assert {name: manifest["words"]["counts"][f"split_{name}"] for name in SPLITS} == {name: counts[name] for name in SPLITS}
    assert not list(out.rglob(".*")) and not (out / PENDING).exists()


def test_a_share_of_nothing_gives_every_file_back_as_it_was(either: Path) -> None:
    before = files_of(either)
    split_run(either, BY_ALL)
    assert files_of(either) != before
    assert split_run(either, NOTHING) == {
        "words": {"train": 60, "validation": 0, "mixed": 0},
        "scenes": {"train": 12, "validation": 0, "mixed": 0},
    }
    assert files_of(either) == before


def test_splitting_twice_changes_nothing_and_splitting_otherwise_forgets_the_first(out: Path) -> None:
    split_run(out, BY_FONT)
    once, times = files_of(out), {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    split_run(out, BY_FONT)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == times
    split_run(out, BY_ALL)
    split_run(out, BY_FONT)
    assert files_of(out) == once


@pytest.mark.parametrize("held", [pytest.param(BY_ALL, id="split", marks=pytest.mark.slow), pytest.param(NOTHING, id="taken back")])
def test_a_split_stopped_anywhere_goes_on_and_ends_with_the_same_files(
    held: HeldOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for place in (whole, broken):
        render(job_at(place, n=20, scenes=0, size=10))
        split_run(place, BY_FONT)
    split_run(whole, held)
    stops = 0
    for name in ("new_file", "remove"):
        at, done = 1, False
        while not done:
            with monkeypatch.context() as patch:
                done = not stopped(patch, name, at, broken, held)
            at, stops = at + 1, stops + (not done)
            if not done and name == "new_file" and at == 4:  # run.json, the first shard's record announced, and the shard
                assert (broken / PENDING).is_file()
            split_run(broken, held)
            assert files_of(broken) == files_of(whole)
            split_run(broken, BY_FONT)
    assert stops > 7  # of two shards: their records announced and written, and the run's


def stopped(patch: pytest.MonkeyPatch, name: str, at: int, out: Path, held: HeldOut) -> bool:
    """Split with the `at`-th call of a method of the folder failing after it has done its work; return whether it came to that."""
    calls, honest = Counter[str](), getattr(Folder, name)

    def count() -> None:
        calls[name] += 1
        if calls[name] == at:
            raise RuntimeError("stopped")

    @contextmanager
    def new_file(folder: Folder, file: str) -> Iterator[Path]:
        with honest(folder, file) as scratch:
            yield scratch
        count()

    def remove(folder: Folder, file: str) -> None:
        honest(folder, file)
        count()

    patch.setattr(Folder, name, {"new_file": new_file, "remove": remove}[name])
    try:
        split_run(out, held)
    except RuntimeError:
        return True
    return False


def test_a_run_that_was_split_is_not_resumed_as_if_it_was_not(tmp_path: Path) -> None:
    render(job_at(tmp_path))
    split_run(tmp_path, BY_FONT)
    with pytest.raises(SynthgenError, match=r"--resume needs the same run.*split is \{.*\} there, missing here"):
        render(job_at(tmp_path, n=90), resume=True)


def test_trainers_take_the_training_rows_and_evaluation_those_of_validation(out: Path) -> None:
    told = split_run(out, BY_FONT)
    reader = open_shards(out, Target(Alphabet("Zürich 5€"), ReaderOptions()))
    assert reader.refused == {"does_not_fit": 0, "other_split": told["words"]["validation"] + told["words"]["mixed"]}
    assert sum(reader.sizes) == told["words"]["train"] > 0
    assert sum(open_scenes(out).sizes) == told["scenes"]["train"] > 0
    assert sum(len(block.texts) for block in Labelled(out, split="validation")) == told["words"]["validation"] > 0


def test_what_cannot_be_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need the folder of a run, got one without run\.json"):
        split_run(tmp_path, BY_FONT)
    render(job_at(tmp_path))
    record = json.loads((tmp_path / RUN).read_text(encoding="utf-8"))
    (tmp_path / RUN).write_text(json.dumps(record | {"recipe": {"split": {"validation_share": 0.1}}}), encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"need a run that is not split yet, got one whose recipe has \[split\]"):
        split_run(tmp_path, BY_FONT)


def test_a_damaged_run_is_left_as_it_is(tmp_path: Path) -> None:
    render(job_at(tmp_path))
    shard = tmp_path / "words" / "words-00001.parquet"
    content = shard.read_bytes()
    shard.write_bytes(content[:-1] + b"!")
    before = files_of(tmp_path)
    with pytest.raises(SynthgenError, match=r"words-00001\.parquet: need the shard that its record vouches for, got other bytes"):
        split_run(tmp_path, BY_FONT)
    shard.unlink()
    with pytest.raises(SynthgenError, match=r"words-00001\.parquet: .*got no file"):
        split_run(tmp_path, BY_FONT)
    shard.write_bytes(content[:-1] + b"!")
    assert files_of(tmp_path) == before
    (tmp_path / "parts" / "words-00001.json").unlink()
    with pytest.raises(SynthgenError, match=r"need a finished run, with records of \{'words': 60, 'scenes': 12\}, got \{'words': 35, 's"):
        split_run(tmp_path, BY_FONT)


def test_a_damaged_record_is_told_before_anything_is_touched(tmp_path: Path) -> None:
    render(job_at(tmp_path / "run"))
    record = (tmp_path / "run" / RUN).read_text(encoding="utf-8")
    before = files_of(tmp_path)
    for key in ("alphabet", "recipe"):
        (tmp_path / "run" / RUN).write_text(json.dumps(json.loads(record) | {key: None}), encoding="utf-8")
        with pytest.raises(SynthgenError, match=r"run\.json: need the record of a run, got one without recipe or alphabet; restore it"):
            split_run(tmp_path / "run", BY_FONT)
        (tmp_path / "run" / RUN).write_text(record, encoding="utf-8")
        assert files_of(tmp_path) == before


@pytest.mark.parametrize("file", ["../outside.parquet", "/outside.parquet", 5])
def test_a_record_cannot_name_a_file_outside_the_run(tmp_path: Path, file: object) -> None:
    render(job_at(tmp_path / "run"))
    (tmp_path / "outside.parquet").write_bytes((tmp_path / "run" / "words" / "words-00000.parquet").read_bytes())
    part = tmp_path / "run" / "parts" / "words-00000.json"
    part.write_text(json.dumps(json.loads(part.read_text(encoding="utf-8")) | {"file": file}), encoding="utf-8")
    before = files_of(tmp_path)
    with pytest.raises(SynthgenError, match=r"words-00000\.json: need the record of a shard, got .*; remove it and render again"):
        split_run(tmp_path / "run", BY_FONT)
    assert files_of(tmp_path) == before


def test_two_splits_cannot_share_a_run(tmp_path: Path) -> None:
    render(job_at(tmp_path))
    with sole_writer(tmp_path), pytest.raises(SynthgenError, match="one run at a time, and another is writing there"):
        split_run(tmp_path, BY_FONT)


def test_the_command_tells_how_many_are_on_each_side(tmp_path: Path) -> None:
    render(job_at(tmp_path))
    found = CliRunner().invoke(app, ["split", str(tmp_path), "--by", "font", "--by", "background", "--share", "0.5", "--json"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["words"] == split_run(tmp_path, HeldOut(("font", "background"), 0.5))["words"]
    found = CliRunner().invoke(app, ["split", str(tmp_path), "--by", "font", "--by", "background", "--share", "0.5"])
    assert f"words: {told['words']['train']:,} train, {told['words']['validation']:,} validation" in found.stdout
    assert CliRunner().invoke(app, ["split", str(tmp_path / "none")]).exit_code == 1
