"""Labelled photos from folders and shards: all of them once, in order, with their words; faulty labels are told by their line."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector import labelled as module
from detector.labelled import COLUMNS, LabelledPhoto, Photos, listed_photos
from synthgen import read
from synthgen.errors import SynthgenError
from synthgen.shards.schema import SCENES
from synthgen.shards.tfrecord import tfrecord_shard
from tests.detector.photos_fixture import labelled, painted, quads_of, truth_of, write_photos
from tests.fake_runs import fake_job, render

A, B = (10.0, 20.0, 50.5, 40.0), (60.0, 20.0, 90.0, 40.25)
NAMES = ["x/a.png", "b.png", "c.png"]
HEAD = ",".join(COLUMNS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = truth_of(quads_of(A, B), (1,)), truth_of(quads_of()), truth_of(quads_of(B))
    photos = [labelled(name, painted((A, 0.1 * k)), own) for k, (name, own) in enumerate(zip(NAMES, words, strict=True))]
    return write_photos(tmp_path, photos)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 12 scenes in shards of 5."""
    out = tmp_path_factory.mktemp("run")
    render(fake_job(out, n=0, scenes=12, size=5))
    return out


def used(photos: Photos) -> list[LabelledPhoto]:
    return [photo for photo in photos if isinstance(photo, LabelledPhoto)]


def dropped(photos: Photos) -> list[str]:
    return [photo for photo in photos if isinstance(photo, str)]


@pytest.mark.parametrize("place", ["", "labels.csv"])
def test_a_folder_gives_its_photos_with_their_words_in_order(folder: Path, place: str) -> None:
    photos = Photos(folder / place)
    assert [photo.name for photo in used(photos)] == [photo.name for photo in used(photos)] == NAMES
    assert dropped(photos) == []
    for k, photo in enumerate(used(photos)):
        assert np.array_equal(photo.photo, painted((A, 0.1 * k)))
    first, second, third = (photo.words for photo in used(photos))
    assert np.array_equal(first.quads, quads_of(A, B)) and first.quads.dtype == np.float32
    assert first.texts == ("w0", "") and first.ignored.tolist() == [False, True]
    assert second.quads.shape == (0, 4, 2) and second.texts == () and second.ignored.dtype == np.bool_
    assert third.texts == ("w0",)


def row(name: str = "b.png", box: Sequence[float] = A, text: str = "t") -> str:
    return ",".join([name, *map(str, quads_of(box).reshape(-1).tolist()), text])  # type: ignore[arg-type] # four numbers


def table_of(folder: Path, *rows: str) -> Path:
    table = folder / "labels.csv"
    table.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return table


def test_rows_of_a_photo_need_not_lie_together_and_texts_are_kept_as_they_are(folder: Path) -> None:
    found = listed_photos(table_of(folder, row("c.png", text='"1,5 l ""Ü"""'), row("b.png"), row("c.png", B, text=" # ")))
    assert list(found) == ["c.png", "b.png"]
    assert found["c.png"].texts == ('1,5 l "Ü"', " # ") and not found["c.png"].ignored.any()
    assert np.array_equal(found["c.png"].quads, quads_of(A, B))


def test_columns_may_stand_in_any_order_among_others(folder: Path) -> None:
    table = folder / "labels.csv"
    cells = dict(zip(COLUMNS, row().split(","), strict=True)) | {"font": "9"}
    table.write_bytes("\r\n".join(["\ufeff" + ",".join(sorted(cells)), ",".join(cells[name] for name in sorted(cells))]).encode())
    assert np.array_equal(listed_photos(table)["b.png"].quads, quads_of(A))


def test_a_concave_quad_and_one_that_leaves_the_photo_are_taken(folder: Path) -> None:
    rows = "b.png,0,0,8,8,0,4,-8,8,t", row(box=(-50, -5, 900, 80))
    assert listed_photos(table_of(folder, *rows))["b.png"].quads[0].tolist() == [[0, 0], [8, 8], [0, 4], [-8, 8]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(), row("none.png")], "labels.csv: line 3: need a photo, found no file 'none.png'; put it there, or mend the name"),
        ([row("")], "line 2: need a photo, found no file ''"),
        ([row("x")], "line 2: need a photo, found no file 'x'"),  # a folder
        (["b.png,1,2,3"], "line 2: need 10 cells, got 4; fill the line"),
        ([row()[:-2]], "line 2: need 10 cells, got 9; fill the line"),
        ([row() + ",9"], "line 2: need 10 cells, got more; put texts with commas in quotes"),
        (["b.png,1,2,x,4,5,6,7,8,t"], "line 2: x2: need a number of px between -1000000 and 1000000, got 'x'; mend it"),
        (["b.png,1,2,3,4,5,6,7,,t"], "line 2: y4: need a number of px .*, got ''"),
        (["b.png,,,,,,,,,t"], "line 2: x1: need a number of px .*, got ''"),
        (["b.png,nan,2,3,4,5,6,7,8,t"], "line 2: x1: need a number of px .*, got 'nan'"),
        (["b.png,1,-inf,3,4,5,6,7,8,t"], "line 2: y1: need a number of px .*, got '-inf'"),
        (["b.png,1,1e7,3,4,5,6,7,8,t"], "line 2: y1: need a number of px .*, got '1e7'"),
        (["b.png,1,1e400,3,4,5,6,7,8,t"], "line 2: y1: need a number of px .*, got '1e400'"),
        (["b.png,1_0,2,3,4,5,6,7,8,t"], "line 2: x1: need a number of px .*, got '1_0'"),
        ([row(box=(5, 5, 5, 9))], "line 2: need a quad with an area, corners clockwise from the text's own top left, got none; mend it"),
        ([row(), "b.png,0,0,0,10,20,10,20,0,t"], "line 3: need a quad with an area, .*, got one that runs anticlockwise, with 200.0 px"),
        (
            ["b.png,0,0,20,10,20,0,0,30,t"],
            "line 2: need a quad whose edges do not cross, got 0,0,20,10,20,0,0,30; put its corners in order",
        ),
    ],
)
def test_faulty_rows_are_told_by_their_line(folder: Path, rows: list[str], message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        listed_photos(table_of(folder, *rows))


def test_photos_are_decoded_only_when_they_are_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []
    monkeypatch.setattr(module, "read_picture", decoded.append)
    next(iter(Photos(folder)))
    assert decoded == [folder / NAMES[0]]


def test_a_broken_photo_is_named_and_the_rest_is_read(folder: Path) -> None:
    (folder / "b.png").write_bytes(b"broken")
    assert [photo.name for photo in used(Photos(folder))] == ["x/a.png", "c.png"]
    (fault,) = dropped(Photos(folder))
    assert "b.png: cannot be read as a picture" in fault


def test_no_more_photos_than_the_limit_are_read_broken_ones_too(folder: Path, run: Path) -> None:
    (folder / "b.png").write_bytes(b"broken")
    assert len(list(Photos(folder, limit=2))) == 2 and len(used(Photos(folder, limit=2))) == 1
    assert [photo.name for photo in used(Photos(run, limit=7))] == [str(k) for k in range(7)]


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_give_their_scenes_as_they_were_written(run: Path, tmp_path: Path, form: str) -> None:
    batches, place = list(read(run, table="scenes")), run
    if form == "tfrecord":
        place = tmp_path / "scenes-00000.tfrecord"
        with tfrecord_shard(place, SCENES) as file:
            for batch in batches:
                file.write_batch(batch)
    rows = [row for batch in batches for row in batch.to_pylist()]
    photos = used(Photos(place))
    assert len(photos) == len(rows) == 12
    for photo, stored in zip(photos, rows, strict=True):
        words = stored["words"]
        assert photo.name == str(stored["index"]) and photo.words.texts == tuple(word["text"] for word in words)
        assert photo.words.quads.reshape(-1, 8).tolist() == [word["quad"] for word in words]
        assert photo.words.ignored.tolist() == [word["ignore"] for word in words]
        assert photo.words.quads.shape == (len(words), 4, 2) and photo.words.ignored.dtype == np.bool_
        decoded = cv2.imdecode(np.frombuffer(stored["image"]["bytes"], np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(photo.photo, np.asarray(decoded)[:, :, ::-1])


def test_a_split_gives_its_scenes_only(run: Path) -> None:
    rows = [row for batch in read(run, table="scenes") for row in batch.to_pylist()]
    for split in ("train", "val"):
        expected = [str(row["index"]) for row in rows if row["split"] == split]
        assert 0 < len(expected) < 12 and [photo.name for photo in used(Photos(run, split))] == expected


def test_a_broken_picture_in_a_shard_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([None, *[np.zeros((9, 9, 3), np.uint8)] * 12])
    monkeypatch.setattr("cv2.imdecode", lambda *_: next(calls))
    shard = run / "scenes" / "scenes-00000.parquet"
    assert dropped(Photos(run)) == [f"{shard}: index 0: cannot be read as a picture; render its shard again"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,text\na.png,x\n", "labels.csv: need the columns file,x1,y1,x2,y2,x3,y3,x4,y4,text, got file,text; mend its first line"),
        (HEAD + "\n", "need at least one labelled photo, got none: no rows; give another place, or mend it"),
        (f'{HEAD}\na.png,"x\n', "labels.csv: cannot be read as CSV in UTF-8: .*; mend the file"),
    ],
)
def test_a_faulty_table_is_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "labels.csv").write_text(content, encoding="utf-8")
    with pytest.raises(SynthgenError, match=message):
        list(Photos(tmp_path))


def test_without_one_photo_that_can_be_used_the_first_fault_is_told(folder: Path) -> None:
    (folder / "b.png").write_bytes(b"broken")
    table_of(folder, row())
    with pytest.raises(
        SynthgenError, match=r"need at least one labelled photo, got none: the first: .*b\.png: cannot be read as a picture"
    ):
        list(Photos(folder))


def test_a_place_with_nothing_to_read_is_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need labels\.csv with the columns file,x1,.*,text, or shards, found neither"):
        list(Photos(tmp_path))
    with pytest.raises(SynthgenError, match="nowhere"):
        list(Photos(tmp_path / "nowhere"))
    with pytest.raises(SynthgenError, match="got none: no rows of split 'test'"):
        list(Photos(run, split="test"))


def test_a_split_of_photos_that_have_none_is_refused(folder: Path) -> None:
    with pytest.raises(SynthgenError, match=r"--split val: need shards, whose scenes have splits, got .*labels.csv; leave --split out"):
        list(Photos(folder, split="val"))
