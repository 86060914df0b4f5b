"""Each fault that a row of a shard can have, planted and found at its row."""

import re
import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.alphabet import READER_STEPS, steps_needed
from synthgen.errors import SynthgenError
from synthgen.shards.compare import compare
from synthgen.shards.findings import Findings
from synthgen.shards.read import read
from synthgen.shards.row_checks import known_points, need_values
from synthgen.shards.schema import TABLES
from synthgen.shards.shard_check import Checker, Depth, Found
from synthgen.shards.store import Folder
from synthgen.shards.word_checks import check_words
from synthgen.shards.words import word_batch
from tests.fake_words import NAMES
from tests.planted import FORMS, Change, checked, faults_of, file, inner, moved, of, with_first
from tests.sound_runs import ALPHABET, SCENE_SIZE, Row, picture, replant, swapped, words_of


@pytest.fixture
def out(sound: dict[str, Path], tmp_path: Path) -> Path:
    """Return a run to plant faults in."""
    return Path(shutil.copytree(sound["parquet"], tmp_path / "out"))


WORD_FAULTS = {
    "a label outside the alphabet": (of(5, text="bc^"), r"text: need characters of the run's alphabet, got '\^'"),
    "a label too long": (
        of(5, text="c" * 17, char_quads=lambda quads: quads * 5 + quads[:2], width=28),
        rf"text steps: need at most {READER_STEPS} steps, got 33 of '{'c' * 17}'",
    ),
    "a label that is empty": (of(5, text="", char_quads=[]), "text empty: need a text, got ''"),
    "a quad too few": (of(5, char_quads=lambda quads: quads[:2]), "char_quads count: need 3, one a character, got 2"),
    "a quad not finite": (
        of(5, char_quads=with_first(lambda q: [np.nan, *q[1:]])),
        r"char_quads finite: need finite corners, got \(nan, 3\)",
    ),
    "a quad without end": (of(5, char_quads=with_first(lambda q: [*q[:7], np.inf])), r"char_quads finite: .* \(2, inf\)"),
    "swapped corners": (
        of(5, char_quads=with_first(lambda q: swapped(q, 0, 1))),
        r"char_quads order: need corners clockwise round a convex quad, got \(10, 3\) \(2, 3\) \(10, 12\) \(2, 12\)",
    ),
    "a mirrored quad": (of(5, char_quads=with_first(lambda q: swapped(q, 1, 3))), "char_quads order"),
    "a quad that is mostly outside": (of(5, char_quads=moved(-6.5)), "char_quads inside: need 50% in the picture, got 43.7%|got 43.8%"),
    "another width": (of(5, width=29), "image decoded: need 16 x 29 x 3, uint8, got 16 x 28 x 3, uint8"),
    "no width": (of(5, width=0), "width: need 1 px or more, got 0"),
    "a picture cut off": (of(5, image=file(lambda data: data[:-9])), "image: need a whole JPEG file, got one cut off or changed"),
    "no picture": (of(5, image=file(b"")), "image: need a JPEG file, got 0 bytes"),
    "a picture that is none": (of(5, image=file(b"\xff\xd8\xff\xff\xd9")), "image decoded: .* got a file that cannot be decoded"),
    "a grey picture": (of(5, image=file(picture(".jpg", (16, 28), 9))), "image decoded: .* got 16 x 28, uint8"),
    "a contrast out of range": (of(5, contrast=1.5), "contrast: need 0 to 1, got 1.5"),
    "a contrast that is no number": (of(5, contrast=np.nan), "contrast: need 0 to 1, got nan"),
    "no font": (of(5, font=""), "font: need a name, got ''"),
}
SCENE_FAULTS = {
    "a word outside the alphabet": (inner(4, "words", 0, "text", "A^"), r"words.text: need characters of the run's alphabet, got '\^'"),
    "a character outside the alphabet": (inner(4, "chars", 0, "char", "^"), r"chars.char: need characters of the run's alphabet, got '\^'"),
    "two characters in one": (inner(4, "chars", 0, "char", "AA"), "chars.char: need one character, got 'AA'"),
    "another word's text": (inner(4, "words", 0, "text", "AA"), "chars of word: need 'AA', got 'Ab'"),
    "another character": (inner(4, "chars", 4, "char", "b"), r"chars of word: need '\\xfc\\u20acc', got '\\xfc\\u20acb'"),
    "a character of another word": (inner(4, "chars", 0, "word", 1), "chars of word: need 'Ab', got 'b'"),
    "a character of no word": (inner(4, "chars", 0, "word", 3), "chars.word: need a word of the scene, of 3, got 3"),
    "a character before all words": (inner(4, "chars", 0, "word", -1), "chars.word: need a word of the scene, of 3, got -1"),
    "an unread word to be read": (inner(4, "words", 2, "ignore", value=False), "words.text empty: need a text, or ignore, got ''"),
    "a word's swapped corners": (inner(4, "words", 1, "quad", lambda q: swapped(q, 2, 3)), "words.quad order"),
    "a word quad not finite": (inner(4, "words", 1, "quad", lambda q: [*q[:3], np.nan, *q[4:]]), "words.quad finite"),
    "a character's mirrored quad": (inner(4, "chars", 1, "quad", lambda q: swapped(q, 0, 2)), "chars.quad order"),
    "a hidden character's quad not finite": (inner(4, "chars", 4, "quad", lambda q: [np.nan, *q[1:]]), "chars.quad finite"),
    "a visible character outside": (
        inner(4, "chars", 0, "quad", moved(-7)),
        "chars.visible inside: need at most 0.38, the share in the picture, got 1.0",
    ),
    "a character too visible": (inner(4, "chars", 0, "visible", 1.01), "chars.visible: need 0 to 1, got 1.01"),
    "a word less than hidden": (inner(4, "words", 0, "visible", -0.5), "words.visible: need 0 to 1, got -0.5"),
    "a line below 0": (inner(4, "words", 0, "line", -1), "words.line: need 0 or more, got -1"),
    "a word of an earlier line": (
        inner(4, "words", 0, "line", 2),
        "words.line order: need 2 or more, as words come line by line, got 0",
    ),
    "an outline of two points": (inner(4, "words", 0, "polygon", lambda p: p[:4]), "words.polygon: need 3 points or more, got 4 numbers"),
    "an outline not finite": (inner(4, "words", 0, "polygon", lambda p: [np.inf, *p[1:]]), "words.polygon: need finite points, got inf"),
    "a small map": (of(4, region=file(picture(".png", (10, 25), 9))), "region decoded: need 11 x 25, uint8, got 10 x 25, uint8"),
    "a coloured map": (of(4, region=file(picture(".png", (11, 25, 3), 9))), "region decoded: .* got 11 x 25 x 3, uint8"),
    "a map cut off": (of(4, affinity=file(lambda data: data[:-1])), "affinity: need a whole PNG file, got one cut off or changed"),
    "a picture of another height": (of(4, image=file(picture(".jpg", (20, SCENE_SIZE[1], 3), 9))), "image decoded: need 21 x 50 x 3"),
    "no background": (of(4, background=""), "background: need a name, got ''"),
}
SEVERAL = (  # in files of each form; the others in memory
    *("a label outside the alphabet", "a label too long", "a quad not finite", "swapped corners"),
    *("another word's text", "a character's mirrored quad", "a small map"),
)
PLANTED = [
    pytest.param(table, change, told, id=f"{table}: {name}")
    for table, faults in (("words", WORD_FAULTS), ("scenes", SCENE_FAULTS))
    for name, (change, told) in faults.items()
]
FILED = [fault for fault in PLANTED if str(fault.id).endswith(SEVERAL)]


@pytest.fixture(scope="module")
def rows_of(sound: dict[str, Path]) -> dict[str, list[Row]]:
    """Return the rows of the second shard of each table; do not change them."""
    return {table: [row for batch in read(sound["parquet"], table=table) for row in batch.to_pylist()][10:20] for table in TABLES}


@pytest.mark.parametrize(("table", "change", "told"), PLANTED)
def test_a_planted_fault_is_found_at_its_row(rows_of: dict[str, list[Row]], table: str, change: Change, told: str) -> None:
    rows = deepcopy(rows_of[table])
    change(rows)
    found = Found(table, Findings("x"))
    found.findings.place(np.arange(10), np.arange(10, 20))
    batch = pa.RecordBatch.from_pylist(rows, schema=TABLES[table].schema)
    Checker(Folder(Path()), Depth(), known_points(ALPHABET), None).check_rows(batch, 10, found)
    lines, row = [str(fault) for fault in found.findings.faults], 5 if table == "words" else 4
    assert lines and all(line.startswith(f"x: row {row} (index {10 + row}): ") for line in lines), lines
    assert any(re.search(told, line) for line in lines), lines


@pytest.fixture(params=FORMS)
def either(request: pytest.FixtureRequest, sound: dict[str, Path], tmp_path: Path) -> Path:
    """Return a run in one of the forms to plant faults in."""
    return Path(shutil.copytree(sound[request.param], tmp_path / request.param))


@pytest.mark.parametrize(("table", "change", "told"), FILED)
def test_a_fault_in_a_file_with_right_checksums_is_found_at_its_row(either: Path, table: str, change: Change, told: str) -> None:
    name, row = f"{table}/{table}-00001.{either.name}", 5 if table == "words" else 4
    replant(either, name, change)
    found = faults_of(either)
    assert found and all(line.startswith(f"{name}: row {row} (index {10 + row}): ") for line in found), found
    assert any(re.search(told, line) for line in found), found


def test_a_swap_of_two_indices_is_found_in_both_rows(out: Path) -> None:
    def swap(rows: list[Row]) -> None:
        rows[3]["index"], rows[4]["index"] = rows[4]["index"], rows[3]["index"]

    replant(out, "scenes/scenes-00001.parquet", swap)
    assert faults_of(out) == [
        f"scenes/scenes-00001.parquet: row {row} (index {is_}): index: need {need}, got {is_}"
        for row, need, is_ in ((3, 13, 14), (4, 14, 13))
    ]


@pytest.mark.parametrize(
    ("name", "change", "column"),
    [
        ("words", of(5, text=None), "text"),
        ("words", of(5, index=None), "index"),
        ("words", of(5, char_quads=lambda quads: [None, *quads[1:]]), "char_quads"),
        ("words", of(5, image=file(lambda _: None)), "image"),  # type: ignore[arg-type,return-value]
        ("scenes", inner(5, "words", 0, "text", None), "words"),
        ("scenes", inner(5, "chars", 0, "quad", None), "chars"),
        ("scenes", of(5, chars=None), "chars"),
    ],
)
def test_a_missing_value_is_found_and_the_other_rows_are_checked(out: Path, name: str, change: Change, column: str) -> None:
    def both(rows: list[Row]) -> None:
        change(rows)
        rows[7]["width"] = 0

    replant(out, f"{name}/{name}-00001.parquet", both)
    found = faults_of(out, decode=False)
    assert any(re.search(rf"row 5 \(index (15|-1)\): {column}: need a value, got none", line) for line in found), found
    assert f"{name}/{name}-00001.parquet: row 7 (index 17): width: need 1 px or more, got 0" in found


@pytest.mark.parametrize(
    ("table", "change", "column"),
    [
        ("words", of(5, char_quads=lambda quads: [[None, *quads[0][1:]], *quads[1:]]), "char_quads"),
        ("words", of(5, image=file(lambda _: None)), "image"),  # type: ignore[arg-type,return-value]
        ("scenes", inner(5, "words", 1, "polygon", [1.0, None]), "words"),
        ("scenes", of(5, chars=[None]), "chars"),
        ("scenes", of(5, split=None), "split"),
    ],
)
def test_who_reads_all_rows_alike_refuses_those_that_lack_a_value(
    rows_of: dict[str, list[Row]], table: str, change: Change, column: str
) -> None:
    rows, schema = deepcopy(rows_of[table]), TABLES[table].schema
    need_values(pa.RecordBatch.from_pylist(rows, schema=schema), "run")
    change(rows)
    with pytest.raises(SynthgenError, match=f"run: need a value in every cell of '{column}', got one without; `synthgen verify run` tells"):
        need_values(pa.RecordBatch.from_pylist(rows, schema=schema), "run")


def test_without_decoding_pixels_are_not_looked_at(out: Path) -> None:
    replant(out, "words/words-00001.parquet", of(5, width=29))
    report = checked(out, decode=False)
    assert (report.faults, report.checked, report.decoded) == (0, 60, 0)


@pytest.mark.parametrize(("table", "column"), [("words", "text"), ("scenes", "words")])
def test_a_text_that_is_no_utf_8_is_found_at_its_row(rows_of: dict[str, list[Row]], table: str, column: str) -> None:
    """Its bytes are told by their numbers, also where it is compared with the one rendered again."""
    rows = deepcopy(rows_of[table])
    if table == "words":
        rows[5]["text"] = "\u0101" + "b" * 40
    else:
        rows[5]["words"][0]["text"] = "\u0101b"
    batch = pa.RecordBatch.from_pylist(rows, schema=TABLES[table].schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    broken = pa.ipc.open_stream(sink.getvalue().to_pybytes().replace("\u0101".encode(), b"\xff\xfe")).read_next_batch()
    found = Found(table, Findings("x"))
    found.findings.place(np.arange(10), np.arange(10, 20))
    Checker(Folder(Path()), Depth(), known_points(ALPHABET), None).check_rows(broken, 10, found)
    compare(broken, pa.RecordBatch.from_pylist(rows_of[table], schema=batch.schema), found.findings)
    with pytest.raises(SynthgenError, match=r"run: need sound columns, got .*Invalid UTF8"):
        need_values(broken, "run")
    faults = found.findings.faults
    assert {fault.row for fault in faults} == {5} and any("\\udcff" in fault.got or "xff" in fault.got for fault in faults), faults
    (again,) = [fault for fault in faults if fault.rule == f"{column} rendered again"]
    assert "no UTF-8" in again.got


@given(st.lists(st.text(alphabet="abA", min_size=1, max_size=34), min_size=1, max_size=4))
def test_labels_are_too_long_where_the_reader_says_so(texts: list[str]) -> None:
    batch = word_batch(words_of(np.arange(len(texts))), NAMES)
    batch = batch.set_column(batch.schema.get_field_index("text"), "text", pa.array(texts))
    findings = Findings("x")
    findings.place(np.arange(len(texts)), np.arange(len(texts)))
    check_words(batch, known_points("abA"), findings)
    assert findings.counts["text steps"] == sum(steps_needed(text) > READER_STEPS for text in texts)
