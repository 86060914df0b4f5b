"""Pieces of an export that any worker may write: a tar, or pictures with their part of the tables."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from synthgen.errors import SynthgenError
from synthgen.export.folder import folder_piece
from synthgen.export.samples import COLUMNS, Sample, samples
from synthgen.export.selection import Piece, Selection
from synthgen.export.tar import tar_file
from synthgen.shards.manifest import shard_name
from synthgen.shards.storage import mendable, read_json, write_json

UNFINISHED = ".unfinished"  # folder in OUT: what is known of an export until it is whole
MOST_ROWS = {  # of a piece
    "folder": {"words": 10_000, "scenes": 1000},
    "webdataset": {"words": 20_000, "scenes": 1000},  # a tar of about 100 MB
}


class SampleFile(Protocol):
    """What a piece is written to."""

    def add(self, sample: Sample) -> None:
        """Append a sample."""
        ...


@dataclass
class Written:
    """What is written of a piece."""

    piece: int
    file: str = ""  # below OUT, if a piece is one: the tar
    rows: int = 0
    bytes: int = 0  # of the tar, or of all pictures
    first: int = -1  # index
    last: int = -1
    counts: dict[str, int] = field(default_factory=dict)  # of words in scenes, in the order of their names


@dataclass(frozen=True)
class PieceTask:
    """Writes pieces by number."""

    out: Path
    format: str  # a key of MOST_ROWS
    selection: Selection

    @cached_property
    def pieces(self) -> list[Piece]:
        """The spans of each piece."""
        return self.selection.pieces(MOST_ROWS[self.format][self.selection.groups.table])

    def path(self, number: int, ending: str) -> Path:
        """Return where the record of a piece stands, or its part of a table."""
        return self.out / UNFINISHED / shard_name(self.selection.groups.table, number, ending)

    def __call__(self, number: int) -> Written:
        """Write a piece and its record; either both are whole or the record is missing."""
        done = Written(number, shard_name(self.selection.groups.table, number, ".tar") if self.format == "webdataset" else "")
        with mendable(self.out):
            with self._file(number, done) as file:
                for sample in self._samples(number, done):
                    file.add(sample)
            if done.file:
                done.bytes = (self.out / done.file).stat().st_size
            write_json(self.path(number, ".json"), asdict(done))
        return done

    def kept(self, number: int) -> Written | None:
        """Return the record of a piece, None if it is still to be written."""
        try:
            done = Written(**read_json(self.path(number, ".json")))  # type: ignore[arg-type]  # JSON that we wrote
        except (SynthgenError, TypeError):
            return None  # a record that cannot be read vouches for nothing
        tar = self.out / done.file
        return done if not done.file or (tar.is_file() and tar.stat().st_size == done.bytes) else None

    def _file(self, number: int, done: Written) -> AbstractContextManager[SampleFile]:
        if done.file:
            return tar_file(self.out / done.file)
        return folder_piece(self.out, self.path(number, ".csv"), self.path(number, ".jsonl"))

    def _samples(self, number: int, done: Written) -> Iterator[Sample]:
        """Yield the samples of a piece, and add up what they are."""
        table, counts = self.selection.groups.table, Counter[str]()
        for batch in self.selection.batches(self.pieces[number], COLUMNS[table]):
            done.first = batch["index"][0].as_py() if done.first < 0 else done.first
            done.last = batch["index"][-1].as_py()
            done.rows += len(batch)
            for sample in samples(batch, table):
                done.bytes += len(sample.image)
                counts.update(sample.counts)
                yield sample
        done.counts = dict(sorted(counts.items()))
