"""Rows of TFRecord shards as record batches."""

import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthgen.errors import SynthgenError
from synthgen.shards.records import FRAME, masked_crc
from synthgen.shards.schema import WORD_SCHEMA
from synthgen.shards.tfrecord import WORD_KEYS
from synthgen.shards.words import ROW_GROUP

Payloads = dict[str, memoryview]  # what stands in the list of each feature


def tfrecord_batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the named columns of WORD_SCHEMA, ROW_GROUP rows at a time.

    Raises:
        SynthgenError: the file is cut off, changed, or not of word samples.
    """
    schema = pa.schema([WORD_SCHEMA.field(name) for name in columns])
    held: list[Payloads] = []
    for record in _records(path):
        held.append(_payloads(record))
        if len(held) == ROW_GROUP:
            yield _batch(path, held, schema)
            held = []
    if held:
        yield _batch(path, held, schema)


def _records(path: Path) -> Iterator[memoryview]:
    """Yield the data of each record, its checksums compared."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:  # cannot be mapped
            return
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    pixels = np.frombuffer(data, dtype=np.uint8)
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        last = at + FRAME + size
        if at + FRAME > len(data) or not _matches(pixels, at, at + 8) or last > len(data) or not _matches(pixels, at + 12, last - 4):
            raise SynthgenError(f"{path}: byte {at}: need a whole TFRecord, got one cut off or changed; render again with --resume")
        yield data[at + 12 : last - 4]
        at = last


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


def _payloads(record: memoryview) -> Payloads:
    """Return the list of each feature of an Example: the bytes, the float32s or the varints of it."""
    found = {}
    for _, features in _fields(record):
        for _, entry in _fields(features):
            parts = dict(_fields(entry))  # 1: key, 2: Feature
            values = next(_fields(parts[2]))[1]
            found[bytes(parts[1]).decode()] = next(_fields(values))[1]
    return found


def _batch(path: Path, rows: list[Payloads], schema: pa.Schema) -> pa.RecordBatch:
    try:
        arrays = [_array(field, [row[WORD_KEYS[field.name]] for row in rows]) for field in schema]
    except KeyError as error:
        raise SynthgenError(f"{path}: need word samples, got a record without {error}; give a shard that synthgen rendered") from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(field: pa.Field, payloads: list[memoryview]) -> pa.Array:
    kind = field.type
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays([_spans(payloads, pa.binary()), pa.nulls(len(payloads), pa.string())], fields=list(kind))
    if pa.types.is_list(kind):
        counts = [len(payload) // 32 for payload in payloads]  # 8 float32s
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        return pa.ListArray.from_arrays(offsets, pa.FixedSizeListArray.from_arrays(_floats(payloads), type=kind.value_type), type=kind)
    if pa.types.is_integer(kind):
        return pa.array([_varint(payload, 0)[1] for payload in payloads], type=kind)
    return _floats(payloads) if pa.types.is_floating(kind) else _spans(payloads, kind)


def _floats(payloads: list[memoryview]) -> pa.Array:
    return pa.array(np.frombuffer(b"".join(payloads), dtype="<f4"))


def _spans(payloads: list[memoryview], kind: pa.DataType) -> pa.Array:
    edges = np.concatenate([[0], np.cumsum([len(payload) for payload in payloads])]).astype(np.int32)
    return pa.Array.from_buffers(kind, len(payloads), [None, pa.py_buffer(edges), pa.py_buffer(b"".join(payloads))])
