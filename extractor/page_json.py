"""Pages as other programs read them: JSON values and rows of CSV; all keys and columns are promised."""

from collections.abc import Iterator
from dataclasses import asdict

from extractor.page import Page, Word
from synthgen.arrays import F32

PX_DECIMALS, SHARE_DECIMALS = 2, 4
POINTS = tuple(f"{axis}{corner}" for corner in (1, 2, 3, 4) for axis in "xy")
CSV_COLUMNS = ("file", "word", "line", "text", "confidence", "score", *POINTS)


def page_to_json(page: Page) -> dict[str, object]:
    """Return a page as plain values.

    `height`, `width`: px of the upright photo, in which all points are. `text`: the lines. `lines`: `text` and `words`, indices into
    `words`: `text`, `quad` (four points, clockwise from the text's own top left), `polygon` (upper outline from the text's left, then the
    lower one back; null: as the quad), `score` of the detector and `confidence` of the reader, 0 to 1, `line`, index into `lines`. Words
    and lines are in reading order. `left_out`: places found where nothing could be read, or not surely enough.
    """
    return {
        "height": page.height,
        "width": page.width,
        "text": page.text,
        "lines": [asdict(line) | {"words": list(line.words)} for line in page.lines],
        "words": [_word_to_json(word) for word in page.words],
        "left_out": page.left_out,
    }


def _word_to_json(word: Word) -> dict[str, object]:
    return {
        "text": word.text,
        "quad": _points(word.quad),
        "polygon": None if word.polygon is None else _points(word.polygon),
        "score": round(word.score, SHARE_DECIMALS),
        "confidence": round(word.confidence, SHARE_DECIMALS),
        "line": word.line,
    }


def page_to_rows(name: str, page: Page) -> Iterator[list[str]]:
    """Yield a row of CSV_COLUMNS for each word of the page of file `name`, in reading order; words and lines are numbered from 0."""
    for number, word in enumerate(page.words):
        shares = (f"{share:.{SHARE_DECIMALS}f}" for share in (word.confidence, word.score))
        yield [name, str(number), str(word.line), word.text, *shares, *(f"{x:.{PX_DECIMALS}f}" for x in word.quad.reshape(-1).tolist())]


def _points(outline: F32) -> list[list[float]]:
    return [[round(x, PX_DECIMALS), round(y, PX_DECIMALS)] for x, y in outline.tolist()]
