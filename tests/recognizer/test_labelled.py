"""Labelled pictures from folders and shards: all of them once, in order, a block at a time; what cannot be used is named."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer import labelled
from recognizer.labelled import Labelled
from recognizer.prepare import prepare
from synthgen import read
from synthgen.arrays import U8
from synthgen.errors import SynthgenError
from synthgen.shards.tfrecord import tfrecord_shard
from tests.fake_runs import fake_job, render
from tests.recognizer.labelled_fixture import write_folder

ROWS = [(f"images/{k}.png", f"word{k}") for k in range(7)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 60 words in shards of 10."""
    out = tmp_path_factory.mktemp("run")
    render(fake_job(out, n=60))
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path, ROWS)


def all_of(source: Labelled) -> tuple[list[str], list[str], list[str]]:
    """Return names, texts and what was dropped."""
    blocks = list(source)
    for block in blocks:
        assert len(block.prepared) == len(block.texts) == len(block.names)
    return tuple([item for block in blocks for item in part(block)] for part in PARTS)  # type: ignore[return-value] # three of them


PARTS: tuple[Callable[[labelled.LabelledBlock], tuple[str, ...]], ...] = (
    lambda block: block.names,
    lambda block: block.texts,
    lambda block: block.dropped,
)


@pytest.mark.parametrize("place", ["", "labels.csv"])
def test_a_folder_gives_its_pictures_prepared_with_their_texts_in_order(folder: Path, place: str) -> None:
    (block,) = Labelled(folder / place)
    assert list(zip(block.names, block.texts, strict=True)) == ROWS
    assert block.prepared.shape == (7, 32, 128) and block.prepared.dtype == np.uint8
    assert [int(picture.mean()) for picture in block.prepared] == [0, 10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_blocks_hold_every_row_once_whatever_their_size(folder: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(labelled, "BLOCK", size)
    source = Labelled(folder)
    assert [len(block.texts) for block in source] == [min(size, 7 - first) for first in range(0, 7, size)]
    assert all_of(source) == all_of(source) == ([name for name, _ in ROWS], [text for _, text in ROWS], [])


def test_pictures_are_decoded_only_when_their_block_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []

    def decode(path: Path) -> U8:
        decoded.append(path)
        return np.zeros((9, 9), dtype=np.uint8)

    monkeypatch.setattr(labelled, "BLOCK", 2)
    monkeypatch.setattr(labelled, "read_picture", decode)
    next(iter(Labelled(folder)))
    assert decoded == [folder / name for name, _ in ROWS[:2]]


def test_pictures_are_made_ready_as_asked(folder: Path) -> None:
    (block,) = Labelled(folder, ready=partial(prepare, width=32, fit="pad"))
    assert block.prepared.shape == (7, 32, 32)


def test_no_more_rows_than_the_limit_are_read(folder: Path, run: Path) -> None:
    assert all_of(Labelled(folder, limit=3))[0] == [name for name, _ in ROWS[:3]]
    assert all_of(Labelled(run, limit=23))[0] == [str(k) for k in range(23)]


def test_what_cannot_be_used_is_named_and_the_rest_is_read(folder: Path) -> None:
    (folder / "images/1.png").write_bytes(b"broken")
    (folder / "images/2.png").unlink()
    table = folder / "labels.csv"
    table.write_text(table.read_text().replace("word3", " ").replace(",word4", ""), encoding="utf-8")
    names, texts, dropped = all_of(Labelled(folder))
    assert (names, texts) == (["images/0.png", "images/5.png", "images/6.png"], ["word0", "word5", "word6"])
    assert len(dropped) == 4
    for line, (place, reason) in zip(
        dropped,
        [("1.png", "cannot be read as a picture"), ("2.png", "found no such file"), ("3.png", "need a text"), ("4.png", "need a text")],
        strict=True,
    ):
        assert place in line and reason in line


def test_a_block_without_a_usable_picture_still_tells_what_was_dropped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "BLOCK", 1)
    (folder / "images/3.png").unlink()
    assert [(len(block.prepared), len(block.dropped)) for block in Labelled(folder)][2:5] == [(1, 0), (0, 1), (1, 0)]


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    write_folder(tmp_path, [("a.png", "x")])
    (tmp_path / "labels.csv").write_bytes('\ufefftext,size,file\r\n"1,5 l ""Ü""",9,a.png\r\n'.encode())
    assert all_of(Labelled(tmp_path)) == (["a.png"], ['1,5 l "Ü"'], [])


@pytest.mark.parametrize("form", ["parquet", "tfrecord"])
def test_shards_give_their_words_as_they_were_written(run: Path, tmp_path: Path, form: str) -> None:
    batches = list(read(run))
    place = run
    if form == "tfrecord":
        place = tmp_path / "words-00000.tfrecord"
        with tfrecord_shard(place) as file:
            for batch in batches:
                file.write_batch(batch)
    rows = [row for batch in batches for row in batch.to_pylist()]
    names, texts, dropped = all_of(Labelled(place))
    assert (names, texts, dropped) == ([str(row["index"]) for row in rows], [row["text"] for row in rows], [])
    seen = np.concatenate([block.prepared for block in Labelled(place)])
    for picture, row in zip(seen, rows, strict=True):
        grey = cv2.imdecode(np.frombuffer(row["image"]["bytes"], np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(picture, prepare(np.asarray(grey, dtype=np.uint8)))


def test_a_split_gives_its_words_only(run: Path) -> None:
    rows = [row for batch in read(run) for row in batch.to_pylist()]
    for split in ("train", "val"):
        assert all_of(Labelled(run, split=split))[0] == [str(row["index"]) for row in rows if row["split"] == split]
    ours = [str(row["index"]) for row in rows if row["split"] == "val"]
    assert all_of(Labelled(run, split="val", limit=3))[0] == ours[:3]


def test_a_broken_picture_in_a_shard_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([None, *[np.zeros((9, 9), np.uint8)] * 60])
    monkeypatch.setattr("cv2.imdecode", lambda *_: next(calls))
    names, _, dropped = all_of(Labelled(run))
    assert (len(names), len(dropped)) == (59, 1)
    assert re.fullmatch(r".*words-00000\.parquet: index 0: cannot be read as a picture; render its shard again", dropped[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,label\na.png,x\n", "labels.csv: need the columns file,text, got file,label; mend its first line"),
        ("", "labels.csv: need the columns file,text, got an empty file"),
        ('file,text\na.png,"x\n', "labels.csv: cannot be read as CSV in UTF-8: .*; mend the file"),
        ("file,text\n", "need at least one labelled picture, got none: no rows; give another place, or mend it"),
        ("file,text\na.png,x\n", "got none: the first: .*a.png: need a picture, found no such file"),
    ],
)
def test_faulty_labels_are_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "labels.csv").write_text(content, encoding="utf-8")
    with pytest.raises(SynthgenError, match=message):
        list(Labelled(tmp_path))


def test_labels_that_are_not_utf_8_are_told(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"file,text\na.png,M\xfcsli\n")
    with pytest.raises(SynthgenError, match="cannot be read as CSV in UTF-8"):
        list(Labelled(tmp_path))


def test_a_folder_with_neither_labels_nor_shards_is_told(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need labels\.csv with the columns file,text, or shards, found neither; write the former"):
        list(Labelled(tmp_path))


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"labels\.csv: cannot be read as CSV"):
        list(Labelled(tmp_path / "labels.csv"))


def test_a_place_that_is_not_there_and_a_run_that_has_not_ended_are_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match="nowhere"):
        list(Labelled(tmp_path / "nowhere"))
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(SynthgenError, match=r"manifest\.json"):
        list(Labelled(tmp_path))


def test_a_split_that_no_word_has_is_told(run: Path) -> None:
    with pytest.raises(SynthgenError, match="got none: no rows of split 'test'"):
        list(Labelled(run, split="test"))
