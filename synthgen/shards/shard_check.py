"""All checks of one shard: the file, its schema, its rows, and some of them against the same rendered again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synthgen.arrays import Bools
from synthgen.errors import SynthgenError
from synthgen.shards.compare import chosen, compare, spans
from synthgen.shards.decoding import check_pixels
from synthgen.shards.findings import Findings, shown
from synthgen.shards.groups import ShardGroups, open_groups
from synthgen.shards.manifest import Part
from synthgen.shards.row_checks import check_index, whole_rows
from synthgen.shards.scene_checks import check_scenes
from synthgen.shards.schema import TABLES, marked
from synthgen.shards.storage import sha256_of
from synthgen.shards.store import Store
from synthgen.shards.word_checks import check_words

BLOCKS = {
    "words": 64,
    "scenes": 1,
}  # samples rendered again together: one alone takes ten times as long as one of many; of 16, as share a scene
CHECKS = {"words": check_words, "scenes": check_scenes}

NO_INDEX = -1  # of rows that lack theirs

Again = Callable[[str, int, int], Iterator[pa.RecordBatch]]  # table, first, last + 1 -> their rows


@dataclass(frozen=True)
class Depth:
    """How much is checked."""

    sample: float = 1.0  # of the rows
    rerender: float = 0.0  # of the samples, rendered again
    decode: bool = True  # pictures and maps, of the rows checked


@dataclass(frozen=True)
class Wanted:
    """What a shard must be."""

    part: Part
    first: int  # index of its first row
    groups_before: int  # row groups of its table
    digest: str  # of the run
    alphabet: str


@dataclass
class Found:
    """What a shard is."""

    table: str
    findings: Findings
    rows: int = 0
    checked: int = 0
    decoded: int = 0
    rerendered: int = 0
    recoded: int = 0  # pictures rendered again with the same pixels in other bytes


@dataclass(frozen=True)
class Checker:
    """Checks shards of one run."""

    store: Store
    depth: Depth
    known: Bools  # characters of the alphabet, see `known_points`
    again: Again | None  # None: nothing is rendered again

    def check(self, wanted: Wanted) -> Found:
        """Return what a shard is."""
        found = Found(wanted.part.table, Findings(wanted.part.file))
        with self.store.local_copy(wanted.part.file) as path:
            self._check_file(path, wanted, found)
        return found

    def _check_file(self, path: Path, wanted: Wanted, found: Found) -> None:
        findings = found.findings
        if not path.is_file():
            findings.whole("bytes", wanted.part.bytes, "no file")
            return
        try:
            whole = check_file(path, wanted.part, findings)
            groups = open_groups(path, found.table)
            readable = check_schema(path, wanted, findings)
        except (SynthgenError, pa.ArrowException, OSError) as error:
            findings.whole("file", "a shard that can be read", error)
            return
        found.rows = sum(groups.sizes)
        findings.differ("rows", wanted.part.rows, found.rows)
        if readable:
            self._check_groups(groups, wanted, found, whole=whole)

    def _check_groups(self, groups: ShardGroups, wanted: Wanted, found: Found, *, whole: bool) -> None:
        begin, findings = 0, found.findings
        for number, rows in enumerate(groups.sizes):
            span, begin = range(begin, begin + rows), begin + rows
            sampled = chosen(wanted.groups_before + number, self.depth.sample)
            if not sampled and not self._spans(groups.table, wanted.first + span.start, wanted.first + span.stop):
                continue
            try:
                batch = groups.load(number, TABLES[groups.table].schema.names)
                if not whole:
                    batch.validate(full=True)  # changed bytes may have become offsets that lead out of the memory
            except (SynthgenError, pa.ArrowException) as error:
                findings.whole("rows", f"rows {span.start} to {span.stop - 1} to be readable", error)
                continue
            findings.place(np.arange(span.start, span.stop), pc.fill_null(batch.column("index"), NO_INDEX).to_numpy())
            self._compare(batch, wanted.first, found)
            if sampled:
                self.check_rows(batch, wanted.first, found)

    def check_rows(self, batch: pa.RecordBatch, first: int, found: Found) -> None:
        """Take note of what is wrong with rows at which the findings are placed; `first`: index of the shard's first row."""
        findings = found.findings
        check_index(first, findings)
        kept = whole_rows(batch, findings)
        CHECKS[found.table](kept, self.known, findings)
        found.checked += batch.num_rows
        if self.depth.decode:
            check_pixels(kept, findings)
            found.decoded += kept.num_rows

    def _compare(self, batch: pa.RecordBatch, first: int, found: Found) -> None:
        """Compare samples of a batch with the same rendered again, unless its indices leave open which samples they should be."""
        findings = found.findings
        rows, index = findings.placed
        if self.again is None or not np.array_equal(index, first + rows):
            return
        offset = first + int(rows[0])
        for begin, end in self._spans(found.table, offset, offset + len(rows)):
            for made in self.again(found.table, begin, end):
                at = int(made.column("index")[0].as_py()) - offset
                findings.place(rows[at : at + made.num_rows], index[at : at + made.num_rows])
                found.recoded += compare(batch.slice(at, made.num_rows), made, findings)
                found.rerendered += made.num_rows
        findings.place(rows, index)

    def _spans(self, table: str, first: int, last: int) -> list[tuple[int, int]]:
        return [] if self.again is None else list(spans(first, last, BLOCKS[table], self.depth.rerender))


def check_file(path: Path, part: Part, findings: Findings) -> bool:
    """Return whether a file has the bytes of its record."""
    size = path.stat().st_size
    findings.differ("bytes", part.bytes, size)
    if size != part.bytes:
        return False
    digest = sha256_of(path)
    findings.differ("sha256", part.sha256, digest)
    return digest == part.sha256


def check_schema(path: Path, wanted: Wanted, findings: Findings) -> bool:
    """Return whether the columns of a Parquet shard have their names and types; its marks are checked too. A TFRecord file has neither."""
    if path.suffix != ".parquet":
        return True
    need, got = marked(TABLES[wanted.part.table].schema, wanted.digest, wanted.alphabet), pq.read_schema(path)
    for key, mark in need.metadata.items():
        there = (got.metadata or {}).get(key)
        if there != mark:
            findings.whole(f"metadata {key.decode()}", shown(mark), "none" if there is None else shown(there))
    kinds = {field.name: field.type for field in got}
    lacking = {field.name: field.type for field in need if field.name not in kinds or not kinds[field.name].equals(field.type)}
    more = {name: kind for name, kind in kinds.items() if name in lacking or name not in need.names}
    if lacking or more:
        findings.whole("columns", *(", ".join(f"{name}: {kind}" for name, kind in some.items()) or "no others" for some in (lacking, more)))
    return not lacking
