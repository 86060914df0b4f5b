"""Photos with their words, to measure detectors on: a folder with labels.csv, or shards of scenes; a photo at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from detector.words import TrueWords
from synthgen import open_groups, read_picture
from synthgen.arrays import F64, Image
from synthgen.errors import SynthgenError
from synthgen.quads import areas
from training.labels import rows_of, table_at

POINTS = tuple(f"{axis}{corner}" for corner in (1, 2, 3, 4) for axis in "xy")
COLUMNS = ("file", *POINTS, "text")
IGNORED = "###"  # the text of a word that is neither asked for nor wrong to find. Source: ICDAR 2015
FARTHEST = 1e6  # px from a photo's corner; beyond that float32 has no tenths


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and the words on it."""

    name: str  # file as labels.csv has it, or index of the scene
    photo: Image
    words: TrueWords


@dataclass(frozen=True)
class Photos:
    """The labelled photos at `place`: a folder with labels.csv, that file, a shard of scenes, a run, or a run's URL.

    May be iterated again and again.
    """

    place: Path | str
    split: str | None = None  # of shards; None: all
    limit: int | None = None  # photos, broken ones too

    def __iter__(self) -> Iterator[LabelledPhoto | str]:
        """Yield the photos in order, decoded as they are asked for; for one that cannot be used, what is wrong with it.

        Raises:
            SynthgenError: nothing there to read, faulty labels, no rows, no photo that can be used, or a split of what has none.
        """
        table = table_at(self.place, COLUMNS)
        if table and self.split is not None:
            raise SynthgenError(f"--split {self.split}: need shards, whose scenes have splits, got {table}; leave --split out")
        found = _filed(table) if table else _stored(self.place, self.split)
        used, first = 0, ""
        for photo in islice(found, self.limit):
            if isinstance(photo, str):
                first = first or photo
            else:
                used += 1
            yield photo
        if not used:
            fault = f"the first: {first}" if first else f"no rows{f' of split {self.split!r}' if self.split else ''}"
            raise SynthgenError(f"{self.place}: need at least one labelled photo, got none: {fault}; give another place, or mend it")


@dataclass
class _Rows:
    """The words of one photo as they are read."""

    quads: list[list[float]] = field(default_factory=list)  # 8 numbers each
    texts: list[str] = field(default_factory=list)

    def words(self) -> TrueWords:
        ignored = np.array([text == IGNORED for text in self.texts], dtype=np.bool_)
        known = tuple("" if text == IGNORED else text for text in self.texts)
        return TrueWords(np.array(self.quads, dtype=np.float32).reshape(-1, 4, 2), known, ignored)


def listed_photos(table: Path) -> dict[str, TrueWords]:
    """Return the words of each photo of a labels.csv by its name, photos in the order in which they first occur.

    A row is a word: corners clockwise (y down) from the text's own top left, and its text, `###` where it is not to be read. A row with
    no more than a file says that there are no words. The order of corners is not mended, for which corner is the first says which way
    the text runs: a quad that is mirrored, crosses itself or has no area is an error. One corner may lie inside the others' triangle.

    Raises:
        SynthgenError: it cannot be read as CSV, lacks a column or a cell, a number or a quad is wrong, or a photo is not there.
    """
    found: dict[str, _Rows] = {}
    for line, cells in rows_of(table, COLUMNS):
        place = f"{table}: line {line}"
        if None in cells:
            raise SynthgenError(f"{place}: need {len(COLUMNS)} cells, got {len(cells) - cells.count(None)}; fill the line")
        name, *points, text = (cell or "" for cell in cells)
        if name not in found:
            if not name or not (table.parent / name).is_file():
                raise SynthgenError(f"{place}: need a photo, found no file {name!r}; put it there, or mend the name")
            found[name] = _Rows()
        if any((*points, text)):
            found[name].quads.append(_quad(points, place))
            found[name].texts.append(text)
    return {name: rows.words() for name, rows in found.items()}


def _quad(cells: Sequence[str], place: str) -> list[float]:
    """Return the 8 numbers of a quad."""
    numbers = [_number(cell, f"{place}: {name}") for name, cell in zip(POINTS, cells, strict=True)]
    corners = np.array(numbers, dtype=np.float32).reshape(1, 4, 2)
    area = float(areas(corners)[0])
    if area <= 0:
        what = "none" if area == 0 else f"one that runs anticlockwise, with {-area:.1f} px^2"
        raise SynthgenError(f"{place}: need a quad with an area, corners clockwise from the text's own top left, got {what}; mend it")
    if _turns_left(corners[0].astype(np.float64)) > 1:
        raise SynthgenError(f"{place}: need a quad whose edges do not cross, got {','.join(cells)}; put its corners in order")
    return numbers


def _turns_left(corners: F64) -> int:
    """Return at how many corners a clockwise outline (4, 2) turns left: 0 if it is convex, 1 if concave, 2 if it crosses itself."""
    along = np.roll(corners, -1, axis=0) - corners
    after = np.roll(along, -1, axis=0)
    return int((along[:, 0] * after[:, 1] - along[:, 1] * after[:, 0] < 0).sum())


def _number(cell: str, place: str) -> float:
    try:
        number = float(cell.replace("_", "?"))  # 1_000 is a number to Python alone
    except ValueError:
        number = float("nan")
    if not abs(number) <= FARTHEST:
        raise SynthgenError(f"{place}: need a number of px between -{FARTHEST:.0f} and {FARTHEST:.0f}, got {cell!r}; mend it")
    return number


def _filed(table: Path) -> Iterator[LabelledPhoto | str]:
    """Yield the photos of a labels.csv; files are relative to its folder."""
    for name, words in listed_photos(table).items():
        try:
            yield LabelledPhoto(name, read_picture(table.parent / name), words)
        except SynthgenError as error:
            yield str(error)


def _stored(place: Path | str, split: str | None) -> Iterator[LabelledPhoto | str]:
    """Yield the scenes of a shard, or of all of a run."""
    groups = open_groups(place, "scenes")
    for number in range(len(groups.sizes)):
        batch = groups.load(number, ["index", "image", "words", "split"])
        for row in range(len(batch)):
            if split is None or batch["split"][row].as_py() == split:
                yield _scene(batch, row, groups.groups[number].path)


def _scene(batch: pa.RecordBatch, row: int, shard: str) -> LabelledPhoto | str:
    """Return a scene, or what is wrong with it and where."""
    name, data = str(batch["index"][row].as_py()), batch["image"][row]["bytes"].as_py()
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if decoded is None:
        return f"{shard}: index {name}: cannot be read as a picture; render its shard again"
    words = batch["words"][row].values  # a StructArray
    quads = np.array(words.field("quad").to_pylist(), dtype=np.float32).reshape(-1, 4, 2)
    ignored = np.array(words.field("ignore").to_pylist(), dtype=np.bool_)
    return LabelledPhoto(name, np.asarray(decoded, dtype=np.uint8), TrueWords(quads, tuple(words.field("text").to_pylist()), ignored))
