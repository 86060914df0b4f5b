import csv
import errno
import json
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from synthgen import SynthgenError
from synthgen.cli import app
from synthgen.export import pieces, run
from synthgen.export.folder import Folder
from synthgen.export.tar import Tar
from synthgen.shards.groups import ShardGroups
from synthgen.shards.storage import write_json
from tests.export.odd_shards import exported, odd_words, rows_of, with_column
from tests.fake_runs import files_of, job_of, render

FORMS = ("folder", "webdataset")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a run of each table, 45 samples in five groups."""
    out = tmp_path_factory.mktemp("sources")
    for table in ("words", "scenes"):
        render(job_of(table, out / table, samples=45))
    return {table: out / table for table in ("words", "scenes")}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have three pieces of up to twenty samples."""
    for form in FORMS:
        monkeypatch.setitem(pieces.MOST_ROWS, form, {"words": 20, "scenes": 20})


@pytest.fixture(autouse=True)
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Have no test wait for the disks of the whole machine; return a list that grows with each time it would."""
    found = list[bool]()
    monkeypatch.setattr(os, "sync", lambda: found.append(True))
    return found


def test_pictures_are_on_the_disk_before_a_table_speaks_of_them(sources: dict[str, Path], tmp_path: Path, syncs: list[bool]) -> None:
    def fail() -> None:
        raise RuntimeError("the power fails")

    with pytest.MonkeyPatch.context() as broken, pytest.raises(RuntimeError, match="the power fails"):
        broken.setattr(os, "sync", fail)
        exported(sources["words"], tmp_path, "folder")
    assert [path.name for path in (tmp_path / ".unfinished").iterdir()] == ["order.json"]
    exported(sources["words"], tmp_path, "folder", resume=True)
    assert len(syncs) == 3


@pytest.mark.parametrize("split", [None, "val"])
def test_a_folder_has_the_pictures_of_the_shards_and_both_tables_name_them_in_order(
    sources: dict[str, Path], tmp_path: Path, table: str, split: str | None
) -> None:
    rows = rows_of(sources[table], table, split)
    report = exported(sources[table], tmp_path, "folder", table, split=split)
    pictures = {f"{row['index'] // 10_000:05d}/{row['index']:09d}.jpg": row["image"]["bytes"] for row in rows}  # type: ignore[index, operator]  # a row of a shard
    found = files_of(tmp_path)
    assert {name: data for name, data in found.items() if name.endswith(".jpg")} == pictures
    assert sorted(found.keys() - pictures.keys()) == ["export.json", "labels.csv", "metadata.jsonl"]
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        assert list(dict.fromkeys(line["file"] for line in csv.DictReader(file))) == list(pictures)
    objects = [json.loads(line) for line in found["metadata.jsonl"].decode().splitlines()]
    assert [(one["file_name"], one["index"]) for one in objects] == [(name, int(name[6:-4])) for name in pictures]
    assert report.rows == report.made == len(rows)
    assert report.bytes == sum(map(len, pictures.values()))


@pytest.mark.parametrize("split", [None, "val"])
def test_tars_hold_every_sample_once_in_order(sources: dict[str, Path], tmp_path: Path, table: str, split: str | None) -> None:
    rows = rows_of(sources[table], table, split)
    report = exported(sources[table], tmp_path, "webdataset", table, split=split)
    names = [path.name for path in sorted(tmp_path.glob("*.tar"))]
    assert names == list(report.files) == [f"{table}-{k:05d}.tar" for k in range(len(names))]
    assert len(names) == (3 if split is None else 2)
    members: dict[str, bytes] = {}
    for name in names:
        with tarfile.open(tmp_path / name) as tar:
            members |= {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # all are files
    endings = ("jpg", "txt", "json", *(("region.png", "affinity.png") if table == "scenes" else ()))
    assert list(members) == [f"{row['index']:09d}.{ending}" for row in rows for ending in endings]
    assert [members[f"{row['index']:09d}.jpg"] for row in rows] == [row["image"]["bytes"] for row in rows]  # type: ignore[index]  # a row of a shard
    assert report.bytes == sum(report.files.values())


@pytest.mark.slow
def test_shards_of_either_kind_give_the_same_tars(sources: dict[str, Path], tmp_path: Path) -> None:
    render(job_of("words", tmp_path / "run", samples=45, format="tfrecord"))
    exported(tmp_path / "run", tmp_path / "a", "webdataset")
    exported(sources["words"], tmp_path / "b", "webdataset")
    assert tars_of(tmp_path / "a") == tars_of(tmp_path / "b")


def tars_of(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_of(out).items() if name.endswith(".tar")}


def test_no_folder_has_more_than_ten_thousand_names(tmp_path: Path) -> None:
    shard = with_column(tmp_path, "words", 4, "index", [9998, 9999, 10_000, 1_234_567_890])
    exported(shard, tmp_path / "out", "folder")
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").glob("*/*")) == [
        "00000/000009998.jpg",
        "00000/000009999.jpg",
        "00001/000010000.jpg",
        "123456/1234567890.jpg",
    ]


@pytest.mark.parametrize("form", FORMS)
def test_an_export_that_was_stopped_goes_on_to_the_same_files(
    sources: dict[str, Path], tmp_path: Path, table: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(sources[table], tmp_path / "whole", form, table)
    load = ShardGroups.load

    def fail(groups: ShardGroups, number: int, columns: Sequence[str]) -> pa.RecordBatch:
        if number == 3:  # in the second piece
            raise RuntimeError("stop")
        return load(groups, number, columns)

    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="stop"):
        broken.setattr(ShardGroups, "load", fail)
        exported(sources[table], tmp_path / "out", form, table)
    assert not (tmp_path / "out" / "export.json").exists()
    assert len(list((tmp_path / "out").glob("*.tar"))) == (form == "webdataset")
    report = exported(sources[table], tmp_path / "out", form, table, resume=True)
    assert (report.rows, report.made) == (45, 25)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_a_tar_that_was_damaged_before_the_end_is_written_again(sources: dict[str, Path], tmp_path: Path) -> None:
    exported(sources["words"], tmp_path / "whole", "webdataset")
    unfinished(sources["words"], tmp_path / "out", "webdataset")
    (tmp_path / "out" / "words-00001.tar").write_bytes(b"short")
    (tmp_path / "out" / ".unfinished" / "words-00002.json").write_text("{", encoding="utf-8")
    (tmp_path / "out" / ".words-00002.tar.0123abcd").write_bytes(b"scratch of one that died")
    assert exported(sources["words"], tmp_path / "out", "webdataset", resume=True).made == 25
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def unfinished(source: Path, out: Path, form: str) -> None:
    """Export all but the end: what is there when the mark cannot be written."""
    mark = run.EXPORT

    def fail(final: Path, content: dict[str, object]) -> None:
        if final.name == mark:
            raise RuntimeError("stop")
        write_json(final, content)

    with pytest.MonkeyPatch.context() as broken, pytest.raises(RuntimeError, match="stop"):
        broken.setattr(run, "write_json", fail)
        exported(source, out, form)


@pytest.mark.parametrize("form", [*FORMS, "lmdb"])
def test_a_whole_export_is_left_as_it_is(sources: dict[str, Path], tmp_path: Path, form: str) -> None:
    made = exported(sources["words"], tmp_path, form)
    before = files_of(tmp_path)
    (tmp_path / ".unfinished").mkdir()  # it died between the mark and the clearing up
    found = exported(sources["words"], tmp_path, form, resume=True)
    assert (found.rows, found.made, found.bytes, found.files) == (45, 0, made.bytes, made.files)
    assert files_of(tmp_path) == before
    assert not (tmp_path / ".unfinished").exists()


@pytest.mark.parametrize("form", [*FORMS, "lmdb"])
def test_a_file_that_a_whole_export_has_lost_is_told(sources: dict[str, Path], tmp_path: Path, form: str) -> None:
    name, size = max(exported(sources["words"], tmp_path, form).files.items())
    (tmp_path / name).unlink()
    with pytest.raises(SynthgenError, match=rf"{name}: need {size} bytes, got no file; export again into another OUT"):
        exported(sources["words"], tmp_path, form, resume=True)


@pytest.mark.parametrize("change", [{"files": 3}, {"rows": None, "more": 1}])
def test_a_damaged_mark_is_told(sources: dict[str, Path], tmp_path: Path, change: dict[str, object]) -> None:
    exported(sources["words"], tmp_path, "webdataset")
    content = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    (tmp_path / "export.json").write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"export\.json: need the record of an export, got another: .*; export again into another OUT"):
        exported(sources["words"], tmp_path, "webdataset", resume=True)


@pytest.mark.parametrize("form", [*FORMS, "lmdb"])
def test_a_missing_value_is_told(tmp_path: Path, form: str) -> None:
    shard = with_column(tmp_path, "words", 4, "text", ["a", None, "b", "c"])
    with pytest.raises(
        SynthgenError, match=r"words-00000\.parquet: need a value in every cell of 'text', got one without; `synthgen verify"
    ):
        exported(shard, tmp_path / "out", form)
    assert not (tmp_path / "out" / "export.json").exists()


def test_a_folder_in_use_is_refused(sources: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SynthgenError, match="need an empty folder, got one with files; --resume goes on with the export in it"):
        exported(sources["words"], tmp_path, "folder")
    with pytest.raises(SynthgenError, match=r"need the folder of an export to resume, got one without export.json; give another OUT"):
        exported(sources["words"], tmp_path, "folder", resume=True)
    assert files_of(tmp_path) == {"other.txt": b"mine"}


def test_an_export_that_died_before_it_was_one_is_begun_anew(sources: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / ".unfinished").mkdir()
    assert exported(sources["words"], tmp_path, "folder").made == 45


@pytest.mark.parametrize("whole", [True, False])
def test_another_export_is_not_gone_on_with(sources: dict[str, Path], tmp_path: Path, *, whole: bool) -> None:
    (exported if whole else unfinished)(sources["words"], tmp_path, "webdataset")
    with pytest.raises(SynthgenError, match=r"--resume needs the same export: limit is None there, 7 here; give the same, or another OUT"):
        exported(sources["words"], tmp_path, "webdataset", limit=7, resume=True)
    with pytest.raises(
        SynthgenError, match=r"format is 'webdataset' there, 'folder' here; source is '[0-9a-f]+' there, '\d+ bytes, 30 rows' here"
    ):
        exported(odd_words(tmp_path / "odd"), tmp_path, "folder", resume=True)


@pytest.mark.parametrize("form", FORMS)
def test_an_index_that_comes_twice_in_other_pieces_is_told(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    render(job_of("words", tmp_path / "run", samples=40))
    shards = [tmp_path / "run" / "words" / f"words-0000{k}.parquet" for k in (0, 3)]
    about = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    shards[1].write_bytes(shards[0].read_bytes())
    about["words"]["shards"][3]["bytes"] = shards[0].stat().st_size
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    monkeypatch.setitem(pieces.MOST_ROWS, form, {"words": 10})
    with pytest.raises(SynthgenError, match="need indices that go upwards, got 0 after 29; `synthgen verify"):
        exported(tmp_path / "run", tmp_path / "out", form)
    assert not (tmp_path / "out" / "export.json").exists()


@pytest.mark.parametrize(("form", "file"), [("folder", Folder), ("webdataset", Tar)])
def test_a_full_disk_is_told(
    sources: dict[str, Path], tmp_path: Path, form: str, file: type[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(file, "add", fill)
    with pytest.raises(SynthgenError, match=r"cannot be written: the disk is full; make room"):
        exported(sources["words"], tmp_path, form)
    assert [path.name for path in tmp_path.iterdir()] == [".unfinished"]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_files_do_not_depend_on_how_many_write_them(sources: dict[str, Path], tmp_path: Path, table: str, form: str) -> None:
    exported(sources[table], tmp_path / "one", form, table)
    exported(sources[table], tmp_path / "three", form, table, workers=3)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "three")


def test_the_command_prints_what_it_counts_and_what_reads_it(
    sources: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    usual = ["export", str(sources["scenes"]), "--scenes", "--format", "webdataset", "--workers", "1", "--out"]
    found = CliRunner().invoke(app, [*usual, str(tmp_path / "a"), "--json"], catch_exceptions=False)
    told = json.loads(found.stdout)
    assert (told["rows"], told["made"], len(told["files"])) == (45, 45, 3)
    assert told["counts"]["words"] == sum(len(row["words"]) for row in rows_of(sources["scenes"], "scenes"))  # type: ignore[arg-type, misc]  # a row of a shard
    found = CliRunner().invoke(app, [*usual, str(tmp_path / "b")], catch_exceptions=False)
    assert "45 scenes" in found.stdout
    assert "without words" in found.stdout
    assert "scenes-{00000..00002}.tar" in found.stdout
    assert "45 of 45, " in caplog.text
    found = CliRunner().invoke(app, [*usual, str(tmp_path / "b")], catch_exceptions=False)
    assert (found.exit_code, found.stderr.startswith("error: ")) == (1, True)


@pytest.mark.parametrize(
    ("form", "table", "reader"),
    [("folder", "words", "recognizer evaluate --data"), ("folder", "scenes", "detector evaluate --data"), ("lmdb", "words", "lmdb.open(")],
)
def test_every_reader_is_named(form: str, table: str, reader: str) -> None:
    assert run.reader_of(run.Order("a", Path("b"), form, table), run.Report(1, 1, 1, 1.0, {}, {"data.mdb": 1})).startswith(reader)
