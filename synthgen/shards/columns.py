"""Arrow columns over flat arrays, whose memory they share, and record batches of equal length."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from synthgen.arrays import F32, I32, I64, U8, Bools, Quads
from synthgen.shards.schema import PICTURE, QUAD


def check_offsets(name: str, rows: int, offsets: I64, size: int) -> None:
    """Check that `offsets` cut `size` items into as many parts as there are rows.

    Raises:
        ValueError: they do not, or Arrow could not hold them; `name` is that of the items.
    """
    if len(offsets) != rows + 1 or offsets[0] != 0 or offsets[-1] != size or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f"{name}_offsets: need {rows + 1} numbers from 0 to {size}, none below the last, got {len(offsets)}: {offsets}")
    if size >= 2**31:
        raise ValueError(f"{name}: need less than 2**31 in a block, as Arrow's offsets are int32, got {size}; make smaller blocks")


def plain(values: I64 | I32 | F32 | Bools, kind: pa.DataType) -> pa.Array:
    """Return a column of numbers."""
    return pa.array(np.ascontiguousarray(values), type=kind)


def spans(flat: U8, offsets: I64, kind: pa.DataType) -> pa.Array:
    """Return a column of strings or bytes."""
    edges = pa.py_buffer(offsets.astype(np.int32))
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, edges, pa.py_buffer(np.ascontiguousarray(flat))])


def pictures(files: U8, offsets: I64) -> pa.StructArray:
    """Return a column of PICTURE from JPEG or PNG files, without paths."""
    return pa.StructArray.from_arrays([spans(files, offsets, pa.binary()), pa.nulls(len(offsets) - 1, pa.string())], fields=list(PICTURE))


def quads(values: Quads) -> pa.FixedSizeListArray:
    """Return a column of QUAD."""
    numbers = pa.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(numbers, type=QUAD)


def lists(items: pa.Array, offsets: I64, kind: pa.DataType) -> pa.ListArray:
    """Return a column of lists of `items`."""
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), items, type=kind)


def named(names: tuple[str, ...], rows: I32) -> pa.Array:
    """Return a column of the names that stand in the given rows of `names`."""
    return pa.array(names, type=pa.string()).take(pa.array(np.ascontiguousarray(rows)))


def regrouped(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
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
