"""Flat arrays over Arrow columns, whose memory they share: the way back from `columns`. None of them may hold nulls."""

import numpy as np
import pyarrow as pa

from synthgen.arrays import I64, U8, U32, Quads

ESCAPED = (0xDC80, 0xDCFF)  # what Python's surrogateescape makes of bytes that are no UTF-8


def bytes_of(values: pa.Array) -> tuple[U8, I64]:
    """Return the memory that strings or bytes lie in, and where in it each begins, `(n + 1,)`."""
    _, edges, flat = values.buffers()
    if len(values) == 0 or flat is None:
        return np.zeros(0, dtype=np.uint8), np.zeros(len(values) + 1, dtype=np.int64)
    offsets = np.frombuffer(edges, dtype=np.int32, count=len(values) + 1, offset=4 * values.offset)
    return np.frombuffer(flat, dtype=np.uint8), offsets.astype(np.int64)


def code_points(values: pa.Array) -> tuple[U32, I64]:
    """Return the characters of all strings as numbers, and where those of each begin, `(n + 1,)` from 0.

    A byte that is no UTF-8 is a character of its own, one that no alphabet has.
    """
    data, edges = bytes_of(values)
    part, edges = data[edges[0] : edges[-1]], edges - edges[0]
    if not len(part) or part.max() < 0x80:
        return part.astype(np.uint32), edges
    spelt = part.tobytes().decode("utf-8", "surrogateescape").encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(spelt, dtype="<u4")
    sizes = 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)
    sizes[(points >= ESCAPED[0]) & (points <= ESCAPED[1])] = 1
    return points, np.searchsorted(np.concatenate([[0], np.cumsum(sizes)]), edges)


def text_at(values: pa.Array, row: int) -> str:
    """Return a string; bytes that are no UTF-8 are told by their numbers."""
    data, edges = bytes_of(values)
    return data[edges[row] : edges[row + 1]].tobytes().decode("utf-8", "backslashreplace")


def quads_of(values: pa.FixedSizeListArray) -> Quads:
    """Return a column of QUAD, `(n, 4, 2)`."""
    return np.asarray(values.flatten().to_numpy(zero_copy_only=False).reshape(-1, 4, 2))


def edges_of(values: pa.ListArray) -> I64:
    """Return where the items of each list begin in `values.flatten()`, `(n + 1,)`."""
    offsets = values.offsets.to_numpy().astype(np.int64)
    return np.asarray(offsets - offsets[0])


def parents_of(edges: I64) -> I64:
    """Return the list of each item, `(items,)`."""
    return np.repeat(np.arange(len(edges) - 1), np.diff(edges))
