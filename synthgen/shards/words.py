"""Word samples as they leave the renderer, and the same as Arrow columns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthgen.arrays import F32, I32, I64, U8, Quads
from synthgen.shards.schema import QUAD, WORD_COLUMNS, WORD_SCHEMA

ROW_GROUP = 1000  # rows: about 1.5 MB of word images, what a reader of one row group holds


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
        "index": _plain(rows.index, pa.int64()),
        "image": _pictures(rows.jpeg, rows.jpeg_offsets),
        "width": _plain(rows.width, pa.int32()),
        "height": _plain(rows.height, pa.int32()),
        "text": _spans(rows.text, rows.text_offsets, pa.string()),
        "char_quads": _quads(rows.quads, rows.quad_offsets),
        "font": _named(names.fonts, rows.font),
        "background": _named(names.backgrounds, rows.background),
        "source": _named(names.sources, rows.source),
        "split": _named(names.splits, rows.split),
        "contrast": _plain(rows.contrast, pa.float32()),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in WORD_COLUMNS], schema=WORD_SCHEMA)


def regrouped(batches: Iterable[pa.RecordBatch], rows: int = ROW_GROUP) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of exactly `rows`, the last one shorter: a shard's bytes must not depend on the renderer's blocks."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + batch.num_rows >= rows:
            taken = rows - count
            yield _joined([*held, batch.slice(0, taken)])
            held, count, batch = [], 0, batch.slice(taken)
        if batch.num_rows:
            held.append(batch)
            count += batch.num_rows
    if held:
        yield _joined(held)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _check(rows: WordRows) -> None:
    n = len(rows.index)
    _check_offsets("jpeg", n, rows.jpeg_offsets, len(rows.jpeg))
    _check_offsets("text", n, rows.text_offsets, len(rows.text))
    _check_offsets("quad", n, rows.quad_offsets, len(rows.quads))


def _check_offsets(name: str, rows: int, offsets: I64, size: int) -> None:
    if len(offsets) != rows + 1 or offsets[0] != 0 or offsets[-1] != size:
        raise ValueError(f"WordRows.{name}_offsets: need {rows + 1} numbers from 0 to {size}, got {len(offsets)}: {offsets}")
    if size >= 2**31:
        raise ValueError(f"WordRows.{name}: need less than 2**31 in a block, as Arrow's offsets are int32, got {size}; make smaller blocks")


def _plain(values: I64 | I32 | F32, kind: pa.DataType) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), type=kind)


def _spans(flat: U8, offsets: I64, kind: pa.DataType) -> pa.Array:
    edges = pa.py_buffer(offsets.astype(np.int32))
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, edges, pa.py_buffer(np.ascontiguousarray(flat))])


def _pictures(jpeg: U8, offsets: I64) -> pa.StructArray:
    kind = WORD_SCHEMA.field("image").type
    return pa.StructArray.from_arrays([_spans(jpeg, offsets, pa.binary()), pa.nulls(len(offsets) - 1, pa.string())], fields=list(kind))


def _quads(quads: Quads, offsets: I64) -> pa.ListArray:
    numbers = pa.array(np.ascontiguousarray(quads, dtype=np.float32).reshape(-1))
    eights = pa.FixedSizeListArray.from_arrays(numbers, type=QUAD)
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), eights, type=WORD_SCHEMA.field("char_quads").type)


def _named(names: tuple[str, ...], rows: I32) -> pa.Array:
    return pa.array(names, type=pa.string()).take(pa.array(np.ascontiguousarray(rows)))
