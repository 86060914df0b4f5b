"""Pictures of words with their texts, to measure readers on: a folder with labels.csv, or shards; a block at a time."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from recognizer.pictures import decode_grey, read_picture
from recognizer.prepare import prepare
from synthgen import open_groups
from synthgen.arrays import U8, Image
from synthgen.errors import SynthgenError

LABELS = "labels.csv"
COLUMNS = ("file", "text")
BLOCK = 256  # pictures: a reader's first maps of so many take 270 MB in float32
RUN_FILES = ("run.json", "manifest.json", "words")  # any of them: what `synthgen render` writes

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
        place = Path(self.place)
        if place.suffix == ".csv":
            return _listed(place)
        if (place / LABELS).is_file():
            return _listed(place / LABELS)
        if place.is_dir() and not any((place / name).exists() for name in RUN_FILES):
            raise SynthgenError(f"{place}: need {LABELS} with the columns {','.join(COLUMNS)}, or shards, found neither; write the former")
        return _stored(self.place, self.split)

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


def set_names(places: Sequence[str]) -> dict[str, str]:
    """Return place by a short name for files and curves, each its own: the last part of the place, numbered where several share it."""
    names: dict[str, str] = {}
    for place in places:
        path = Path(place.split("?")[0])
        short = (path.parent.name if path.name == LABELS else path.name) or "set"
        taken = sum(name == short or name.startswith(f"{short}-") for name in names)
        names[f"{short}-{taken + 1}" if short in names else short] = place
    return names


def listed(table: Path) -> Iterator[tuple[str, str]]:
    """Yield file and text of each row of a labels.csv.

    Raises:
        SynthgenError: it cannot be read as CSV, or lacks a column.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a byte order mark
            reader = csv.DictReader(file, strict=True)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                got = ",".join(reader.fieldnames or ()) or "an empty file"
                raise SynthgenError(f"{table}: need the columns {','.join(COLUMNS)}, got {got}; mend its first line")
            for row in reader:
                if None in row:  # DictReader's name for cells beyond the header
                    need = f"line {reader.line_num}: need {len(reader.fieldnames or ())} cells, got more"
                    raise SynthgenError(f"{table}: {need}; put texts with commas in quotes")
                yield row["file"] or "", row["text"] or ""  # a short line has None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SynthgenError(f"{table}: cannot be read as CSV in UTF-8: {error}; mend the file") from error


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
            yield _of_shard(str(index), data, text)


def _of_shard(name: str, data: bytes, text: str) -> Row:
    return Row(name, text, lambda: _decoded(name, data))


def _decoded(name: str, data: bytes) -> U8:
    """Return an encoded picture in grey, as it is decoded for training."""
    grey = decode_grey(data)
    if grey is None:
        raise SynthgenError(f"index {name}: cannot be read as a picture; render its shard again")
    return grey
