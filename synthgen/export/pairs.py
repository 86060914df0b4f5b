"""LMDB in the layout of the deep-text-recognition benchmark, which parseq, MMOCR and OpenOCR read too.

`image-%09d` is a picture as stored, `label-%09d` its text in UTF-8, counted from 1; `num-samples` says how many.
Source: github.com/clovaai/deep-text-recognition-benchmark, create_lmdb_dataset.py. Differs: there the two keys of a picture are put one
after the other; here all pictures come first, then all texts, so that keys are only ever appended: none can be put twice, and the last
one says where a stopped export goes on. The file's size is the same.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from synthgen.errors import SynthgenError
from synthgen.export.selection import Selection

if TYPE_CHECKING:
    import lmdb

MAP_BYTES = 2**40  # of addresses, not of disk: the most that such a file may grow to. Source: create_lmdb_dataset.py
GROUPS = 10  # of 1,000 words a transaction: 25 MB of changed pages in memory, and a wait for the disk
MOST = 999_999_999  # a tenth digit would sort before the others
IMAGE, LABEL = b"image-", b"label-"
COUNT = b"num-samples"

Pairs = list[tuple[bytes, bytes]]


class Told(Protocol):
    """Who hears how far it is, in words."""

    def skip(self, rows: int) -> None:
        """Take note of words that were there before."""
        ...

    def add(self, rows: int) -> None:
        """Take note of words that were just written."""
        ...


def write_pairs(path: Path, selection: Selection, progress: Told) -> None:
    """Fill the LMDB file at `path`, or go on where it was left.

    Raises:
        SynthgenError: lmdb is not installed, the disk is full, a shard cannot be read, or there are more words than numbers.
    """
    if selection.rows > MOST:
        raise SynthgenError(
            f"--format lmdb: need at most {MOST:,} words, as numbers have nine digits, got {selection.rows:,}; give a --limit"
        )
    with environment(path) as env:
        kept = _last(env, IMAGE)
        progress.skip(kept)
        for rows in _append(env, _pairs(selection, IMAGE, kept)):
            progress.add(rows)
        for _ in _append(env, _pairs(selection, LABEL, _last(env, LABEL))):
            pass
        with env.begin(write=True) as change:
            change.put(COUNT, str(selection.rows).encode())


@contextmanager
def environment(path: Path) -> "Iterator[lmdb.Environment]":
    """Open an LMDB file for writing, by a process that is alone with it.

    Raises:
        SynthgenError: lmdb is not installed, or it tells of a fault: most often a full disk.
    """
    need_lmdb()
    import lmdb

    try:
        with lmdb.open(str(path), map_size=MAP_BYTES, subdir=False, lock=False) as env:
            yield env
    except lmdb.Error as error:
        raise SynthgenError(f"{path}: cannot be written: {error}; make room or give another OUT, then go on with --resume") from error


def need_lmdb() -> None:
    """Check that the package lmdb is there.

    Raises:
        SynthgenError: it is not.
    """
    try:
        importlib.import_module("lmdb")
    except ImportError as error:
        raise SynthgenError("--format lmdb: need the package lmdb, found none; pip install 'synthgen[export]'") from error


def _append(env: "lmdb.Environment", pairs: Iterator[Pairs]) -> Iterator[int]:
    """Put pairs behind all there are, those of several groups to a transaction; yield how many after each."""
    while held := list(islice(pairs, GROUPS)):
        with env.begin(write=True) as change, change.cursor() as cursor:
            for own in held:
                cursor.putmulti(own, append=True)  # fails if a key is not the last, so that none is put twice
        yield sum(map(len, held))


def _pairs(selection: Selection, prefix: bytes, there: int) -> Iterator[Pairs]:
    """Yield the pairs of each group, but for the first `there`."""
    begin, todo = 0, []
    for span in selection.spans:
        if begin >= there:
            todo.append(span)
        begin += span.rows
    number = there
    for batch in selection.batches(todo, ["index", "image"] if prefix == IMAGE else ["index", "text"]):
        values = batch["image"].field("bytes").to_pylist() if prefix == IMAGE else [text.encode() for text in batch["text"].to_pylist()]
        yield [(b"%b%09d" % (prefix, number + 1 + row), value) for row, value in enumerate(values)]
        number += len(values)


def _last(env: "lmdb.Environment", prefix: bytes) -> int:
    """Return the highest number that a key with `prefix` has, 0 if there is none; transactions end with a group, and so does it."""
    with env.begin() as view, view.cursor() as cursor:
        found = cursor.prev() if cursor.set_range(prefix + b"~") else cursor.last()
        return int(cursor.key()[len(prefix) :]) if found and cursor.key().startswith(prefix) else 0
