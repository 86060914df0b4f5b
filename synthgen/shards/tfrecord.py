"""TFRecord shards, written and read without TensorFlow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthgen.arrays import U8
from synthgen.shards.records import BYTES, FLOATS, FRAME, INTS, Column, example_sizes, lay_records, varints
from synthgen.shards.schema import WORD_SCHEMA
from synthgen.shards.storage import atomic_path

WORD_KEYS = {  # column of WORD_SCHEMA to key of the Example; the picture's path is always null and has none
    "index": "index",
    "image": "image/encoded",
    "height": "image/height",
    "width": "image/width",
    "text": "text",
    "char_quads": "char/quads",
    "font": "font",
    "background": "background",
    "source": "source",
    "split": "split",
    "contrast": "contrast",
}
FORMAT_KEY = "image/format"
FORMAT = b"jpeg"


class TfRecordFile:
    """An open TFRecord file that takes record batches."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append one record a row."""
        self._file.write(encoded(batch).data)


@contextmanager
def tfrecord_shard(final: Path) -> Iterator[TfRecordFile]:
    """Open one shard; write it record batches of WORD_SCHEMA."""
    with atomic_path(final) as scratch, scratch.open("wb") as file:
        yield TfRecordFile(file)


def encoded(batch: pa.RecordBatch) -> U8:
    """Return the records of a batch of WORD_SCHEMA, as they stand in a file; same rows, same bytes."""
    n = batch.num_rows
    columns = [_column(key, batch.column(name)) for name, key in WORD_KEYS.items()]
    columns.append(_made(FORMAT_KEY, BYTES, np.tile(np.frombuffer(FORMAT, dtype=np.uint8), n), len(FORMAT) * np.arange(n + 1)))
    sizes = example_sizes(tuple(columns), n)
    out = np.empty(int(sizes[:, 1].sum()) + FRAME * n, dtype=np.uint8)
    lay_records(tuple(columns), sizes, out)
    return out


def compile_kernels() -> None:
    """Compile what `encoded` needs, so that workers find it in the compiler's cache."""
    encoded(pa.RecordBatch.from_arrays([pa.array([], type=field.type) for field in WORD_SCHEMA], schema=WORD_SCHEMA))


def _column(key: str, values: pa.Array) -> Column:
    kind = values.type
    if pa.types.is_struct(kind):
        return _column(key, values.field(0))
    if pa.types.is_list(kind):
        return _quads(key, values)
    if pa.types.is_integer(kind):
        return _made(key, INTS, *varints(values.to_numpy().astype(np.int64)))
    if pa.types.is_floating(kind):
        return _made(key, FLOATS, values.to_numpy().view(np.uint8), 4 * np.arange(len(values) + 1))
    return _spans(key, values)


def _quads(key: str, values: pa.ListArray) -> Column:
    edges = values.offsets.to_numpy().astype(np.int64)
    numbers = values.values.flatten().to_numpy()
    return _made(key, FLOATS, numbers.view(np.uint8), edges * 32)  # 8 float32s


def _spans(key: str, values: pa.Array) -> Column:
    """Return a column of strings or bytes, over the same memory."""
    _, edges, flat = values.buffers()
    n = len(values)
    offsets = np.frombuffer(edges, dtype=np.int32, count=n + 1, offset=4 * values.offset) if n else np.zeros(1, dtype=np.int32)
    return _made(key, BYTES, np.frombuffer(flat, dtype=np.uint8) if flat else np.zeros(0, dtype=np.uint8), offsets.astype(np.int64))


def _made(key: str, tag: int, payload: U8, offsets: NDArray[np.int64]) -> Column:
    name = key.encode()
    head = np.frombuffer(b"\x0a" + bytes([len(name)]) + name + b"\x12", dtype=np.uint8)
    return Column(head, tag, _sealed(payload), np.ascontiguousarray(offsets, dtype=np.int64))


def _sealed(payload: U8) -> U8:
    """Return the same bytes read-only: the kernels take a tuple of columns only if all have one type."""
    view = np.ascontiguousarray(payload).view()
    view.flags.writeable = False
    return view
