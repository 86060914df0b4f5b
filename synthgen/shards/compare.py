"""Stored rows against the same rendered again."""

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from synthgen.arrays import Bools
from synthgen.shards.decoding import decoded
from synthgen.shards.findings import Findings, shown
from synthgen.shards.manifest import differences
from synthgen.shards.schema import PICTURE


def compare(stored: pa.RecordBatch, again: pa.RecordBatch, findings: Findings) -> int:
    """Find the values of `stored` that are not those of `again`, equal rows of one schema; return how many pictures differ in bytes alone.

    Such a picture, with the same pixels in other bytes, is no fault.
    """
    recoded = 0
    for name in again.schema.names:
        left, right = stored.column(name), again.column(name)
        if left.equals(right):
            continue
        if left.type.equals(PICTURE):
            recoded += _compare_pictures(left, right, name, findings)
        else:
            unlike = _unlike(left, right)
            findings.rows(f"{name} rendered again", unlike, lambda k, name=name: _first(name, _plain(right, k), _plain(left, k)))  # type: ignore[misc]  # noqa: B023  # told at once
    return recoded


def _unlike(left: pa.Array, right: pa.Array) -> Bools:
    return np.array([not left.slice(k, 1).equals(right.slice(k, 1)) for k in range(len(left))], dtype=np.bool_)


def _plain(values: pa.Array, row: int) -> object:
    """Return a value as Python has it; in its place what is wrong with it where a text in it is no UTF-8."""
    try:
        return values[row].as_py()
    except UnicodeDecodeError as error:
        return f"text that is no UTF-8: {error}"


def _first(name: str, again: object, stored: object) -> tuple[str, str]:
    """Return what differs first between two values, that rendered again first."""
    place, need, got = next(iter(differences(again, stored, name)), (name, again, stored))
    return f"{place} {shown(ascii(need))}", shown(ascii(got))


def _compare_pictures(left: pa.StructArray, right: pa.StructArray, name: str, findings: Findings) -> int:
    files = _unlike(left.field(0), right.field(0))
    told = {int(k): _pixels_differ(left.field(0)[int(k)], right.field(0)[int(k)]) for k in np.flatnonzero(files)}
    wrong = np.array([told.get(k) is not None for k in range(len(files))], dtype=np.bool_)
    findings.rows(f"{name} rendered again", wrong, lambda k: ("the same pixels", str(told[k])))
    return int(files.sum() - wrong.sum())


def _pixels_differ(stored: pa.BinaryScalar, again: pa.BinaryScalar) -> str | None:
    """Return how the pixels of two files differ, None where they do not."""
    mine, other = (None if file.as_py() is None else decoded(np.frombuffer(file.as_py(), dtype=np.uint8)) for file in (stored, again))
    if mine is None or other is None:
        return "a file that cannot be decoded"
    if mine.shape != other.shape or mine.dtype != other.dtype:
        return f"{mine.shape}, not {other.shape}"
    far = np.abs(mine.astype(np.int64) - other.astype(np.int64))
    return f"{int((far > 0).sum())} of {far.size} values others, by up to {far.max()}" if far.any() else None


def spans(first: int, last: int, block: int, share: float) -> Iterator[tuple[int, int]]:
    """Yield first and last + 1 of the samples from `first` to `last` - 1 that lie in chosen blocks, neighbouring ones joined."""
    begin = end = first
    for number in range(first // block, -(-last // block)):
        if not chosen(number, share):
            continue
        if number * block > end:
            if end > begin:
                yield begin, end
            begin = number * block
        end = min((number + 1) * block, last)
    if end > begin:
        yield begin, end


def chosen(number: int, share: float) -> bool:
    """Return whether `number` is one of a share of all numbers, spread evenly; 0 is if any is."""
    return math.ceil((number + 1) * share) > math.ceil(number * share)
