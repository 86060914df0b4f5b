"""Rows of TFRecord shards as record batches."""

import mmap
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthgen.errors import SynthgenError
from synthgen.shards.records import FRAME, masked_crc
from synthgen.shards.schema import TABLES, Layout
from synthgen.shards.tfrecord import LENGTHS

NOTHING = memoryview(b"")
MALFORMED = (IndexError, ValueError, StopIteration, OverflowError, pa.ArrowException)  # of messages whose parts do not fit together
Lists = dict[str, memoryview]  # the list of each feature: a BytesList, FloatList or Int64List


def tfrecord_batches(path: Path, table: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the named columns of a shard of `table`, a row group at a time.

    Raises:
        SynthgenError: the file is cut off, changed, or of other samples.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:  # cannot be mapped
            return
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    records = _records(str(path), data)
    while held := list(islice(records, TABLES[table].row_group)):
        yield _table_batch(str(path), held, table, columns)


def record_groups(path: str, file: BinaryIO, most: int) -> Iterator[tuple[int, int]]:
    """Yield the first byte and the number of records of each group of up to `most` records, by the lengths in `file` alone."""
    begin = at = rows = 0
    end = file.seek(0, os.SEEK_END)
    while at < end:
        file.seek(at)
        last = at + FRAME + int.from_bytes(file.read(8), "little")
        if last > end:  # where the next one begins cannot be known
            raise _changed(path, at)
        at = last
        rows += 1
        if rows == most:
            yield begin, rows
            begin, rows = at, 0
    if rows:
        yield begin, rows


def batch_of(path: str, file: BinaryIO, table: str, columns: list[str], rows: int) -> pa.RecordBatch:
    """Return the named columns of the next `rows` records of `file`.

    Raises:
        SynthgenError: the file is cut off, changed, or of other samples.
    """
    frames = bytearray()
    for _ in range(rows):
        head = file.read(FRAME - 4)
        frames += head + file.read(int.from_bytes(head[:8], "little") + 4)
    return _table_batch(path, list(_records(path, memoryview(frames))), table, columns)


def _table_batch(path: str, records: list[memoryview], table: str, columns: list[str]) -> pa.RecordBatch:
    try:
        return _batch([_lists(record) for record in records], TABLES[table], columns)
    except KeyError as error:
        cure = "give a shard of them that synthgen rendered, or another table="
        raise SynthgenError(f"{path}: need samples of {table}, got a record without {error}; {cure}") from error
    except MALFORMED as error:
        raise SynthgenError(f"{path}: need samples of {table}, got a record that is none: {error}; render again with --resume") from error


def _records(path: str, data: memoryview) -> Iterator[memoryview]:
    """Yield the data of each record, its checksums compared."""
    pixels = np.frombuffer(data, dtype=np.uint8)
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        last = at + FRAME + size
        if at + FRAME > len(data) or not _matches(pixels, at, at + 8) or last > len(data) or not _matches(pixels, at + 12, last - 4):
            raise _changed(path, at)
        yield data[at + 12 : last - 4]
        at = last


def _changed(path: str, at: int) -> SynthgenError:
    return SynthgenError(f"{path}: byte {at}: need a whole TFRecord, got one cut off or changed; render again with --resume")


def _matches(data: np.ndarray[tuple[int], np.dtype[np.uint8]], first: int, last: int) -> bool:
    return bool(masked_crc(data, first, last) == int.from_bytes(data[last : last + 4].tobytes(), "little"))


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of each field of a message that has length-delimited fields only, as Example has down to its lists."""
    at = 0
    while at < len(message):
        tag, size = message[at], 0
        at, size = _varint(message, at + 1)
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return where the varint at `at` ends, and its value."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return at, value
        shift += 7


def _lists(record: memoryview) -> Lists:
    """Return the list of each feature of an Example."""
    found = {}
    for _, features in _fields(record):
        for _, entry in _fields(features):
            parts = dict(_fields(entry))  # 1: key, 2: Feature
            found[bytes(parts[1]).decode()] = next(_fields(parts[2]))[1]
    return found


def _batch(rows: list[Lists], layout: Layout, columns: list[str]) -> pa.RecordBatch:
    schema = pa.schema([layout.schema.field(name) for name in columns])
    features = {path: [row[key] for row in rows] for path, key in layout.keys.items() if path.split(".")[0] in columns}
    lengths = {f"{path}{LENGTHS}": [row.get(f"{layout.keys[path]}{LENGTHS}", NOTHING) for row in rows] for path in features}
    return pa.RecordBatch.from_arrays([_column(field, features | lengths) for field in schema], schema=schema)


def _column(field: pa.Field, features: dict[str, list[memoryview]]) -> pa.Array:
    kind = field.type
    if pa.types.is_struct(kind):
        pictures = _values(pa.binary(), features[field.name])
        return pa.StructArray.from_arrays([pictures, pa.nulls(len(pictures), pa.string())], fields=list(kind))
    if not pa.types.is_list(kind):
        return _values(kind, features[field.name])
    if not pa.types.is_struct(kind.value_type):
        return pa.ListArray.from_arrays(_quad_edges(features[field.name]), _values(kind.value_type, features[field.name]), type=kind)
    items = pa.StructArray.from_arrays([_leaf(child, field.name, features) for child in kind.value_type], fields=list(kind.value_type))
    return pa.ListArray.from_arrays(_quad_edges(features[f"{field.name}.quad"]), items, type=kind)


def _leaf(child: pa.Field, parent: str, features: dict[str, list[memoryview]]) -> pa.Array:
    path = f"{parent}.{child.name}"
    if not pa.types.is_list(child.type):
        return _values(child.type, features[path])
    points = _values(pa.int64(), features[f"{path}{LENGTHS}"]).to_numpy()
    return pa.ListArray.from_arrays(_edges(2 * points), _values(child.type.value_type, features[path]), type=child.type)


def _quad_edges(lists: list[memoryview]) -> pa.Array:
    return _edges(np.array([len(_packed(values)) // 32 for values in lists]))  # 8 float32s each


def _edges(counts: NDArray[np.int64]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))


def _values(kind: pa.DataType, lists: list[memoryview]) -> pa.Array:
    """Return what all the lists hold, one after the other."""
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(_values(kind.value_type, lists), type=kind)
    if pa.types.is_floating(kind):
        return pa.array(np.frombuffer(b"".join(map(_packed, lists)), dtype="<f4"))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pa.array([number for values in lists for number in _numbers(_packed(values))], type=pa.int64()).cast(kind)
    parts = [part for values in lists for _, part in _fields(values)]
    edges = pa.py_buffer(np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int32))
    return pa.Array.from_buffers(kind, len(parts), [None, edges, pa.py_buffer(b"".join(parts))])


def _packed(values: memoryview) -> memoryview:
    """Return the numbers of a FloatList or Int64List as they are stored; TensorFlow leaves the field out where there are none."""
    return next(_fields(values), (1, NOTHING))[1]


def _numbers(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        at, value = _varint(packed, at)
        yield value
