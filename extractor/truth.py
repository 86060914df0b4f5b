"""Photos and what stands on them: with the place of each word, or with the text alone."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from detector.labelled import COLUMNS, Photos
from detector.words import TrueWords
from synthgen import SynthgenError, read_picture
from synthgen.arrays import Image
from training.labels import rows_of, table_at

TEXT_COLUMNS = ("file", "text")


@dataclass(frozen=True)
class TruePhoto:
    """A photo and what is known of it."""

    name: str
    photo: Image
    texts: tuple[str, ...]  # that stand on it and can be read, a word or several each
    words: TrueWords | None  # None: their places are not known


@dataclass(frozen=True)
class TruePhotos:
    """The photos at `place`, one after the other: a folder with labels.csv, that file, or shards with scenes.

    A labels.csv of the columns `file,x1,y1,...,x4,y4,text` has a row a word, as `detector evaluate` reads it. One of `file,text` alone has
    all that stands on a photo in one row or several, words parted by spaces, in any order; an empty text says that there is none.
    """

    place: Path | str
    limit: int | None = None  # photos, broken ones too

    def __iter__(self) -> Iterator[TruePhoto | str]:
        """Yield the photos in order, decoded as they are asked for; for one that cannot be used, what is wrong with it.

        Raises:
            SynthgenError: nothing there to read, faulty labels, or no photo that can be used.
        """
        table = table_at(self.place, COLUMNS)
        if table and not _has_places(table):
            yield from _of_texts(table, self.limit)
            return
        for found in Photos(self.place, None, self.limit):
            if isinstance(found, str):
                yield found
                continue
            texts = tuple(text for text, ignored in zip(found.words.texts, found.words.ignored, strict=True) if text and not ignored)
            yield TruePhoto(found.name, found.photo, texts, found.words)


def _has_places(table: Path) -> bool:
    """Return whether a labels.csv has columns of places; what cannot be read is left to who reads it whole."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return bool(({*COLUMNS} - {*TEXT_COLUMNS}) & {*next(csv.reader(file), [])})
    except (OSError, UnicodeDecodeError, csv.Error):
        return True


def listed_texts(table: Path) -> dict[str, tuple[str, ...]]:
    """Return the texts of each photo of a labels.csv (`file,text`) by its name, photos in the order in which they first occur.

    Raises:
        SynthgenError: it cannot be read as CSV, lacks a column or a cell, or a photo is not there.
    """
    found: dict[str, tuple[str, ...]] = {}
    for line, (name, text) in rows_of(table, TEXT_COLUMNS):
        if text is None:
            raise SynthgenError(f"{table}: line {line}: need {len(TEXT_COLUMNS)} cells, got 1; fill the line")
        if not name or not (table.parent / name).is_file():
            raise SynthgenError(f"{table}: line {line}: need a photo, found no file {name!r}; put it there, or mend the name")
        found[name] = (*found.get(name, ()), *([text] if text.strip() else []))
    return found


def _of_texts(table: Path, limit: int | None) -> Iterator[TruePhoto | str]:
    used, first = 0, ""
    for name, texts in islice(listed_texts(table).items(), limit):
        try:
            photo = read_picture(table.parent / name)
        except SynthgenError as error:
            first = first or str(error)
            yield str(error)
            continue
        used += 1
        yield TruePhoto(name, photo, texts, None)
    if not used:
        fault = f"the first: {first}" if first else "no rows"
        raise SynthgenError(f"{table}: need at least one photo that can be read, got none: {fault}; mend it, or give another place")
