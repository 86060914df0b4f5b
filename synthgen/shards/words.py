"""Word samples as they leave the renderer, and the same as Arrow columns."""

from dataclasses import dataclass

import pyarrow as pa

from synthgen.arrays import F32, I32, I64, U8, Quads
from synthgen.shards.columns import check_offsets, lists, named, pictures, plain, quads, spans
from synthgen.shards.schema import WORD_COLUMNS, WORD_SCHEMA


@dataclass(frozen=True)
class WordRows:
    """A block of n word samples as flat arrays; nobody changes them once they are handed over."""

    index: I64  # (n,)
    jpeg: U8  # all pictures, one after the other
    jpeg_offsets: I64  # (n + 1,)
    width: I32  # (n,) pixels
    height: I32
    text: U8  # UTF-8, all texts
    text_offsets: I64  # (n + 1,) bytes
    quads: Quads  # (characters of all samples, 4, 2)
    quad_offsets: I64  # (n + 1,) characters
    font: I32  # (n,) rows into Names.fonts, and so on
    background: I32
    source: I32
    split: I32
    contrast: F32  # (n,)


@dataclass(frozen=True)
class Names:
    """What the row numbers in WordRows stand for."""

    fonts: tuple[str, ...]
    backgrounds: tuple[str, ...]
    sources: tuple[str, ...]
    splits: tuple[str, ...]


def word_batch(rows: WordRows, names: Names) -> pa.RecordBatch:
    """Return the columns of WORD_SCHEMA over the same memory: only names and offsets are copied.

    Raises:
        ValueError: the arrays do not fit together.
    """
    _check(rows)
    columns = {
        "index": plain(rows.index, pa.int64()),
        "image": pictures(rows.jpeg, rows.jpeg_offsets),
        "width": plain(rows.width, pa.int32()),
        "height": plain(rows.height, pa.int32()),
        "text": spans(rows.text, rows.text_offsets, pa.string()),
        "char_quads": lists(quads(rows.quads), rows.quad_offsets, WORD_SCHEMA.field("char_quads").type),
        "font": named(names.fonts, rows.font),
        "background": named(names.backgrounds, rows.background),
        "source": named(names.sources, rows.source),
        "split": named(names.splits, rows.split),
        "contrast": plain(rows.contrast, pa.float32()),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in WORD_COLUMNS], schema=WORD_SCHEMA)


def _check(rows: WordRows) -> None:
    n = len(rows.index)
    check_offsets("WordRows.jpeg", n, rows.jpeg_offsets, len(rows.jpeg))
    check_offsets("WordRows.text", n, rows.text_offsets, len(rows.text))
    check_offsets("WordRows.quad", n, rows.quad_offsets, len(rows.quads))
