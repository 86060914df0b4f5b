"""Pictures in folders, with the table our own trainers read and the one that Hugging Face `datasets` reads."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from synthgen.export.samples import HEADS, Sample
from synthgen.shards.storage import atomic_path, make_folder

LABELS, METADATA = (
    "labels.csv",
    "metadata.jsonl",
)  # the second is what `imagefolder` looks for: no text there reads as a number or as missing
DIGITS = 4  # of a key, by which the pictures of a folder differ: 10,000 names, with more of which folders are slow to list


class Folder:
    """An open piece of a folder that takes samples."""

    def __init__(self, out: Path, labels: TextIO, metadata: TextIO) -> None:
        self._out, self._labels, self._metadata, self._within = out, labels, metadata, ""

    def add(self, sample: Sample) -> None:
        """Write the picture of a sample, and its lines into both tables."""
        within = sample.key[:-DIGITS]
        if within != self._within:
            make_folder(self._out / within)
            self._within = within
        file = f"{within}/{sample.key}.jpg"
        (self._out / file).write_bytes(sample.image)
        self._labels.writelines(f"{file},{line}\n" for line in sample.labels)
        self._metadata.write(f'{{"file_name":"{file}",{sample.about}}}\n')


@contextmanager
def folder_piece(out: Path, labels: Path, metadata: Path) -> Iterator[Folder]:
    """Open a piece whose lines go to `labels` and `metadata`; they are put in place only if the body succeeds."""
    with atomic_path(labels) as lines, atomic_path(metadata) as objects:
        with lines.open("w", encoding="utf-8", newline="") as first, objects.open("w", encoding="utf-8", newline="") as second:
            yield Folder(out, first, second)
        os.sync()  # the pictures too, before the tables speak of them; one by one they would wait for the disk 10,000 times


def join_tables(out: Path, table: str, labels: Iterable[Path], metadata: Iterable[Path]) -> None:
    """Make the tables of `out` from those of its pieces, in order."""
    with atomic_path(out / METADATA) as scratch:
        _join(scratch, "", metadata)
    with atomic_path(out / LABELS) as scratch:
        _join(scratch, ",".join(HEADS[table]) + "\n", labels)


def _join(scratch: Path, head: str, parts: Iterable[Path]) -> None:
    with scratch.open("wb") as whole:
        whole.write(head.encode())
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
