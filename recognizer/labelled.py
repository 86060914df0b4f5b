"""Pictures of words with their texts, to measure readers on: a folder with labels.csv, or shards; a block at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from recognizer.pictures import decode_grey
from recognizer.prepare import prepare
from synthgen import open_groups, read_picture
from synthgen.arrays import U8, Image
from synthgen.errors import SynthgenError
from training.labels import rows_of, table_at

COLUMNS = ("file", "text")
BLOCK = 256  # pictures: a reader's first maps of so many take 270 MB in float32

Prepare = Callable[[Image], U8]  # RGB (h, w, 3) or grey (h, w) -> (32, width)


@dataclass(frozen=True)
class LabelledBlock:
    """Some labelled pictures, and why others beside them could not be used."""

    prepared: U8  # (n, 32, width)
    texts: tuple[str, ...]  # as labelled, not folded
    names: tuple[str, ...]  # file as labels.csv has it, or index of the sample
    dropped: tuple[str, ...]  # a line each: place and reason


@dataclass(frozen=True)
class Row:
    """A labelled picture not yet decoded."""

    name: str
    text: str
    load: Callable[[], Image]


@dataclass(frozen=True)
class Labelled:
    """The labelled pictures at `place`: a folder with labels.csv, that file, a shard, a run, or a run's URL.

    May be iterated again and again.
    """

    place: Path | str
    ready: Prepare = prepare
    split: str | None = None  # of shards; None: all
    limit: int | None = None  # rows, broken ones too

    def __iter__(self) -> Iterator[LabelledBlock]:
        """Yield the pictures in order, in blocks of at most BLOCK, decoded as they are asked for.

        Raises:
            SynthgenError: nothing there to read, faulty labels, no rows, or no picture that can be used.
        """
        rows, used, first = islice(self._rows(), self.limit), 0, ""
        while held := list(islice(rows, BLOCK)):
            block = self._block(held)
            used, first = used + len(block.texts), first or next(iter(block.dropped), "")
            yield block
        if not used:
            fault = f"the first: {first}" if first else f"no rows{f' of split {self.split!r}' if self.split else ''}"
            raise SynthgenError(f"{self.place}: need at least one labelled picture, got none: {fault}; give another place, or mend it")

    def _rows(self) -> Iterator[Row]:
        table = table_at(self.place, COLUMNS)
        if table and self.split is not None:
            raise SynthgenError(f"--split {self.split}: need shards, whose samples have splits, got {table}; leave --split out")
        return _listed(table) if table else _stored(self.place, self.split)

    def _block(self, rows: list[Row]) -> LabelledBlock:
        pictures, kept, dropped = list[U8](), list[Row](), list[str]()
        for row in rows:
            try:
                if not row.text.strip():
                    raise SynthgenError(f"{row.name}: need a text, got none; write what the picture says, or remove the row")
                pictures.append(self.ready(row.load()))
                kept.append(row)
            except SynthgenError as error:
                dropped.append(str(error))
        stacked = np.stack(pictures) if pictures else np.empty((0, 0, 0), dtype=np.uint8)
        return LabelledBlock(stacked, tuple(row.text for row in kept), tuple(row.name for row in kept), tuple(dropped))


def listed(table: Path) -> Iterator[tuple[str, str]]:
    """Yield file and text of each row of a labels.csv.

    Raises:
        SynthgenError: it cannot be read as CSV, or lacks a column.
    """
    for _, (name, text) in rows_of(table, COLUMNS):
        yield name or "", text or ""  # a short line has None


def _listed(table: Path) -> Iterator[Row]:
    """Yield the rows of a labels.csv; files are relative to its folder."""
    for name, text in listed(table):
        yield _of_file(table.parent, name, text)


def _of_file(folder: Path, name: str, text: str) -> Row:
    return Row(name, text, lambda: read_picture(folder / name))


def _stored(place: Path | str, split: str | None) -> Iterator[Row]:
    """Yield the words of a shard, or of all of a run."""
    groups = open_groups(place)
    for number in range(len(groups.sizes)):
        batch = groups.load(number, ["index", "image", "text", "split"])
        if split is not None:
            batch = batch.filter(pa.array([own == split for own in batch["split"].to_pylist()], type=pa.bool_()))
        for index, data, text in zip(
            batch["index"].to_pylist(), batch["image"].field("bytes").to_pylist(), batch["text"].to_pylist(), strict=True
        ):
            yield Row(str(index), text, partial(_decoded, f"{groups.groups[number].path}: index {index}", data))


def _decoded(place: str, data: bytes) -> U8:
    """Return an encoded picture in grey, as it is decoded for training."""
    grey = decode_grey(data)
    if grey is None:
        raise SynthgenError(f"{place}: cannot be read as a picture; render its shard again")
    return grey
