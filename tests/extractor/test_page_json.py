"""Pages as other programs read them."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from extractor.output import Printer, Shown
from extractor.page import Line, Maps, Page, Word
from extractor.page_json import CSV_COLUMNS, page_to_json
from extractor.photo_files import PhotoFiles, ReadFile
from tests.extractor.painted import extractor

QUAD = np.array([(1, 2), (31.239, 2), (31.239, 12), (1, 12)], dtype=np.float32)
BENT = np.concatenate([QUAD[:2], [[32, 7]], QUAD[2:], [[0, 7]]]).astype(np.float32)
PAGE = Page(
    height=40,
    width=50,
    words=(
        Word("America's", QUAD, None, 0.98765, 0.512349, 0),
        Word('12"', QUAD + 1, BENT, 1.0, 0.25, 0),
        Word("x,y", QUAD + 20, None, 1, 1, 1),
    ),
    lines=(Line("America's 12\"", (0, 1)), Line("x,y", (2,))),
    left_out=3,
)
FOUND = ReadFile(
    Path("a/jar.png"), np.zeros((40, 50, 3), np.uint8), PAGE, Maps(np.zeros((20, 25), np.uint8), np.zeros((20, 25), np.uint8), 0.5)
)


def test_the_promised_keys_are_there_with_plain_values() -> None:
    told = page_to_json(PAGE)
    assert json.loads(json.dumps(told)) == told
    assert told == {
        "height": 40,
        "width": 50,
        "text": "America's 12\"\nx,y",
        "lines": [{"text": "America's 12\"", "words": [0, 1]}, {"text": "x,y", "words": [2]}],
        "words": told["words"],
        "left_out": 3,
    }
    words = told["words"]
    assert isinstance(words, list) and len(words) == 3
    quad = [[1.0, 2.0], [31.24, 2.0], [31.24, 12.0], [1.0, 12.0]]
    assert words[0] == {"text": "America's", "quad": quad, "polygon": None, "score": 0.9877, "confidence": 0.5123, "line": 0}
    assert words[1]["polygon"] == [[round(float(x), 2), round(float(y), 2)] for x, y in BENT]


class OnePhoto(PhotoFiles):
    """Photos that were read: one, and one that could not be."""

    def __iter__(self) -> Iterator[ReadFile | str]:
        yield from (FOUND, "b.png: cannot be read")


def lines(shown: Shown, *, alone: bool = True) -> list[str]:
    return [*Printer(shown, alone).printed(OnePhoto(extractor(), []))]


def test_csv_has_a_row_a_word_and_can_be_read_again() -> None:
    head, *rows = csv.reader(lines(Shown(as_csv=True)))
    assert tuple(head) == CSV_COLUMNS and [row[3] for row in rows] == [word.text for word in PAGE.words]
    assert rows[1][:6] == ["a/jar.png", "1", "0", '12"', "0.2500", "1.0000"] and rows[0][6:10] == ["1.00", "2.00", "31.24", "2.00"]


def test_json_is_one_line_that_names_the_file_and_has_fields_if_they_are_asked_for() -> None:
    (line,) = lines(Shown(as_json=True))
    assert json.loads(line) == {"file": "a/jar.png", **page_to_json(PAGE)}
    (line,) = lines(Shown(as_json=True, fields=True))
    assert json.loads(line).keys() == {"file", "fields", *page_to_json(PAGE)}


def test_text_is_the_lines_under_the_name_where_there_are_several_photos() -> None:
    assert lines(Shown()) == ["America's 12\"", "x,y"]
    assert lines(Shown(), alone=False) == ["==> a/jar.png <==", "America's 12\"", "x,y"]
