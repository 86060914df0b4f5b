"""TFRecord shards, written and read without TensorFlow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from synthgen.arrays import I64, U8
from synthgen.shards.records import BYTES, FLOATS, INTS, Column, add_sizes, close_records, lay_column, open_records, tagged, varints
from synthgen.shards.schema import WORDS, Layout
from synthgen.shards.storage import atomic_path

FORMAT_KEY = "image/format"
FORMAT = b"jpeg"
LENGTHS = "_lengths"  # ends the key of how many points each list of points has


class TfRecordFile:
    """An open TFRecord file that takes record batches."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._file, self._layout = file, layout

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append one record a row."""
        self._file.write(encoded(batch, self._layout).data)


@contextmanager
def tfrecord_shard(final: Path, layout: Layout = WORDS) -> Iterator[TfRecordFile]:
    """Open one shard that is put in place when it is whole; write it record batches of the layout's schema."""
    with atomic_path(final) as scratch, tfrecord_file(scratch, layout) as file:
        yield file


@contextmanager
def tfrecord_file(path: Path, layout: Layout) -> Iterator[TfRecordFile]:
    """Open the file `path`; write it record batches of the layout's schema."""
    with path.open("wb") as file:
        yield TfRecordFile(file, layout)


def encoded(batch: pa.RecordBatch, layout: Layout) -> U8:
    """Return the records of a batch of the layout's schema, as they stand in a file; same rows, same bytes."""
    n = batch.num_rows
    columns = [column for path, key in layout.keys.items() for column in _columns(key, batch, *path.split("."))]
    columns.append(_made(FORMAT_KEY, Items(BYTES, np.tile(np.frombuffer(FORMAT, dtype=np.uint8), n), len(FORMAT) * np.arange(n + 1))))
    sizes = np.zeros(n, dtype=np.int64)
    for column in columns:
        add_sizes(column, sizes)
    out, bodies, ats = open_records(sizes)
    for column in columns:
        lay_column(column, out, ats)
    close_records(out, bodies, ats)
    return np.asarray(out)


def compile_kernels(layout: Layout = WORDS) -> None:
    """Compile what `encoded` needs, so that workers find it in the compiler's cache."""
    encoded(pa.RecordBatch.from_arrays([pa.array([], type=field.type) for field in layout.schema], schema=layout.schema), layout)


class Items(NamedTuple):
    """Values of one type as TFRecord stores them, one after the other."""

    tag: int
    payload: U8
    offsets: I64  # (values + 1,) bytes


def _columns(key: str, batch: pa.RecordBatch, name: str, field: str = "") -> Iterator[Column]:
    """Yield the feature of a column, or of a field of the structs in a column of lists; for lists of points their lengths too."""
    values = batch.column(name)
    if not pa.types.is_list(values.type):
        yield _made(key, _items(values.field(0) if pa.types.is_struct(values.type) else values))
        return
    edges = values.offsets.to_numpy().astype(np.int64)
    flat = values.flatten()  # of these rows only
    leaf = flat.field(field) if field else flat
    yield _made(key, _items(leaf), edges - edges[0])
    if pa.types.is_list(leaf.type):
        points = np.diff(leaf.offsets.to_numpy()).astype(np.int64) // 2
        yield _made(key + LENGTHS, Items(INTS, *varints(points)), edges - edges[0])


def _items(values: pa.Array) -> Items:
    kind = values.type
    if pa.types.is_list(kind):
        return Items(FLOATS, values.values.to_numpy().view(np.uint8), values.offsets.to_numpy().astype(np.int64) * 4)
    if pa.types.is_fixed_size_list(kind):
        return Items(FLOATS, values.flatten().to_numpy().view(np.uint8), 4 * kind.list_size * np.arange(len(values) + 1))
    if pa.types.is_floating(kind):
        return Items(FLOATS, values.to_numpy().view(np.uint8), 4 * np.arange(len(values) + 1))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return Items(INTS, *varints(values.to_numpy(zero_copy_only=False).astype(np.int64)))
    return _spans(values)


def _spans(values: pa.Array) -> Items:
    """Return strings or bytes, over the same memory."""
    _, edges, flat = values.buffers()
    n = len(values)
    offsets = np.frombuffer(edges, dtype=np.int32, count=n + 1, offset=4 * values.offset) if n else np.zeros(1, dtype=np.int32)
    return Items(BYTES, np.frombuffer(flat, dtype=np.uint8) if flat else np.zeros(0, dtype=np.uint8), offsets.astype(np.int64))


def _made(key: str, items: Items, edges: I64 | None = None) -> Column:
    """Return the feature `key` with one item a row, or with those that `edges` (rows + 1,) give each."""
    tag, payload, offsets = items
    whole = tag == BYTES and edges is not None
    if whole:
        payload, offsets = tagged(_sealed(payload), offsets)
    name = key.encode()
    head = np.frombuffer(b"\x0a" + bytes([len(name)]) + name + b"\x12", dtype=np.uint8)
    return Column(head, tag, _sealed(payload), np.ascontiguousarray(offsets if edges is None else offsets[edges], dtype=np.int64), whole)


def _sealed(payload: U8) -> U8:
    """Return the same bytes read-only: else the kernels would be compiled for writeable columns too."""
    view = np.ascontiguousarray(payload).view()
    view.flags.writeable = False
    return view
