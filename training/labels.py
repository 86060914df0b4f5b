"""Where labelled pictures are, for both trainers: a folder with labels.csv, that file, or shards."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.shards.place import shown

LABELS = "labels.csv"
RUN_FILES = ("run.json", "manifest.json", "words", "scenes")  # any of them: what `synthgen render` writes


def table_at(place: Path | str, columns: Sequence[str]) -> Path | None:
    """Return the labels.csv that `place` is or holds; None where it is a shard, a run or a run's URL.

    Raises:
        SynthgenError: a folder with neither table nor shards.
    """
    path = Path(place)
    if path.suffix == ".csv":
        return path
    if (path / LABELS).is_file():
        return path / LABELS
    if path.is_dir() and not any((path / name).exists() for name in RUN_FILES):
        raise SynthgenError(f"{path}: need {LABELS} with the columns {','.join(columns)}, or shards, found neither; write the former")
    if "://" not in str(place) and not path.exists():
        raise SynthgenError(f"{place}: need a folder with {LABELS}, or shards, found nothing there; mend the name")
    return None


def rows_of(table: Path, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """Yield the line of each row of a labels.csv, and its cells of `columns` in that order, None beyond the end of a short line.

    Raises:
        SynthgenError: it cannot be read as CSV, lacks a column, or a row has more cells than the first line.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a byte order mark
            reader = csv.DictReader(file, strict=True)
            named = reader.fieldnames or ()
            if any(name not in named for name in columns):
                got = ",".join(named) or "an empty file"
                raise SynthgenError(f"{table}: need the columns {','.join(columns)}, got {got}; mend its first line")
            for row in reader:
                if None in row:  # DictReader's name for cells beyond the header
                    need = f"line {reader.line_num}: need {len(named)} cells, got more"
                    raise SynthgenError(f"{table}: {need}; put texts with commas in quotes")
                yield reader.line_num, tuple(row[name] for name in columns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SynthgenError(f"{table}: cannot be read as CSV in UTF-8: {error}; mend the file") from error


def set_names(places: Sequence[str]) -> dict[str, str]:
    """Return place by a short name for files and curves, each its own: the last part of the place, numbered where several share it.

    Raises:
        SynthgenError: a place is given twice; its scores would be told once, and its reports made twice.
    """
    if twice := next((place for number, place in enumerate(places) if place in places[:number]), None):
        raise SynthgenError(f"{shown(twice)}: need each set once, got it twice; leave one out")
    names: dict[str, str] = {}
    for place in places:
        path = Path(place.split("?")[0])
        short = (path.parent.name if path.name == LABELS else path.name) or "set"
        taken = sum(name == short or name.startswith(f"{short}-") for name in names)
        names[f"{short}-{taken + 1}" if short in names else short] = place
    return names
