"""Places of labelled pictures: which table is meant, and what its rows say."""

from pathlib import Path

import pytest

from synthgen.errors import SynthgenError
from training.labels import rows_of, set_names, table_at


def test_sets_of_one_name_are_kept_apart() -> None:
    assert set_names(["a/words", "b/words", "c/svt/labels.csv", "s3://x/svt?y=1"]) == {
        "words": "a/words",
        "words-2": "b/words",
        "svt": "c/svt/labels.csv",
        "svt-2": "s3://x/svt?y=1",
    }


def test_a_set_given_twice_is_told() -> None:
    with pytest.raises(SynthgenError, match=r"^a/svt: need each set once, got it twice; leave one out$"):
        set_names(["a/svt", "b/svt", "a/svt"])
    with pytest.raises(SynthgenError, match=r"^s3://x/svt: need each set once"):
        set_names(["s3://name:key@x/svt?a=b"] * 2)


def test_a_table_is_found_by_its_folder_and_by_its_own_name(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    assert table_at(table, ["file"]) == table  # there or not: reading it tells
    table.touch()
    assert table_at(tmp_path, ["file"]) == table_at(str(tmp_path), ["file"]) == table


@pytest.mark.parametrize("name", ["run.json", "manifest.json", "words", "scenes"])
def test_a_run_a_shard_and_an_address_have_no_table(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert table_at(tmp_path, ["file"]) is None
    (tmp_path / "scenes-00000.parquet").touch()
    assert table_at("s3://bucket/run", ["file"]) is table_at(tmp_path / "scenes-00000.parquet", ["file"]) is None


def test_a_folder_with_neither_is_told(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"need labels\.csv with the columns file,text, or shards, found neither; write the former"):
        table_at(tmp_path, ["file", "text"])


def test_rows_give_their_line_and_their_cells_in_the_order_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_bytes('\ufefftext,size,file\r\n"1,5 l ""Ü""",9,a.png\r\n\r\nx\r\n'.encode())
    assert list(rows_of(table, ["file", "text"])) == [(2, ("a.png", '1,5 l "Ü"')), (4, (None, "x"))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,label\na,b\n", "labels.csv: need the columns file,text, got file,label; mend its first line"),
        ("", "labels.csv: need the columns file,text, got an empty file"),
        ("file,text\na,1,000\n", "labels.csv: line 2: need 2 cells, got more; put texts with commas in quotes"),
        ('file,text\na,"x\n', "labels.csv: cannot be read as CSV in UTF-8: .*; mend the file"),
    ],
)
def test_a_faulty_table_is_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "labels.csv").write_text(content, encoding="utf-8")
    with pytest.raises(SynthgenError, match=message):
        list(rows_of(tmp_path / "labels.csv", ["file", "text"]))


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"gone: need a folder with labels.csv, or shards, found nothing there; mend the name"):
        table_at(tmp_path / "gone", ("file",))
    assert table_at("s3://bucket/gone", ("file",)) is None
