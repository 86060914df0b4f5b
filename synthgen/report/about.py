"""What a run says of itself: its manifest, and how fast it was made by the times of its files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from synthgen.alphabet import PRINTABLE_92
from synthgen.errors import SynthgenError
from synthgen.shards.groups import TFRECORD
from synthgen.shards.manifest import MANIFEST, NOT_FINISHED, RUN, Json, part_name
from synthgen.shards.place import locate, read_bytes, shown
from synthgen.shards.schema import TABLES

LEAST_S = 2.0  # object stores tell times in whole seconds
LEAST_ROWS = 100  # fewer take no longer than starting does


@dataclass(frozen=True)
class TableAbout:
    """What the manifest says of one table."""

    rows: int
    bytes: int
    shards: int
    counts: Mapping[str, int]  # refused, redrawn and so on
    per_second: float | None  # samples by the clock, pauses included; None where the files' times do not tell


@dataclass(frozen=True)
class About:
    """What is known of shards without reading them."""

    name: str  # last part of the place: the rest may hold a key, and says nothing to who gets the report
    alphabet: str
    tables: Mapping[str, TableAbout | None]  # in the order of TABLES; None for a shard without its run
    digest: str = ""
    run: Json = field(default_factory=dict)  # recipe, seed, versions and so on; empty for a shard without its run


def about(place: Path | str) -> About:
    """Return what is known of the run at `place`, a folder or URL, or of a single shard.

    Raises:
        SynthgenError: there is no finished run, its manifest is not one, or the store does not answer.
    """
    system, root = locate(place)
    name = PurePosixPath(root).name
    if root.endswith((".parquet", TFRECORD)):
        return About(name, _alphabet_of(system, root), {"scenes" if name.startswith("scenes") else "words": None})
    content = read_bytes(place, MANIFEST)
    if content is None:
        raise SynthgenError(f"{shown(place)}: need {MANIFEST}, which a finished run has, found none; {NOT_FINISHED}")
    try:
        found = json.loads(content)
        run = found["run"]
        speeds = _speeds(system, root, found)
        tables: dict[str, TableAbout | None] = {table: _table(found[table], speeds[table]) for table in TABLES if table in found}
        if not tables:
            raise KeyError("words", "scenes")
        return About(name, str(run["alphabet"]), tables, str(found["digest"]), run)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        cure = "restore it, or render again with --resume"
        got = f"one without {error}" if isinstance(error, KeyError) else f"another: {error}"
        raise SynthgenError(f"{shown(place)}/{MANIFEST}: need the manifest of a run, got {got}; {cure}") from error


def _table(summary: Mapping[str, Any], per_second: float | None) -> TableAbout:
    rows, size, counts = summary["rows"], summary["bytes"], summary["counts"]
    if not all(type(figure) is int for figure in (rows, size, *counts.values())):
        raise TypeError("rows, bytes and counts that are not all whole numbers")
    return TableAbout(rows, size, len(summary["shards"]), counts, per_second)


def _alphabet_of(system: fs.FileSystem, path: str) -> str:
    """Return the alphabet that a Parquet shard names, else the usual one."""
    if path.endswith(TFRECORD):
        return PRINTABLE_92
    try:
        with system.open_input_file(path) as file:
            marks = pq.ParquetFile(file).schema_arrow.metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise SynthgenError(f"{path}: cannot be read as Parquet: {error}; name a shard that synthgen rendered") from error
    return str(marks.get(b"synthgen.alphabet", PRINTABLE_92.encode()).decode())


def _speeds(system: fs.FileSystem, root: str, found: Mapping[str, Any]) -> dict[str, float | None]:
    """Return samples a second of each table: the first begins with run.json, the next when the last shard before it is there.

    Only where the files are as old as a run leaves them (run.json, each shard before its record, the manifest last): copies are not.
    """
    names = {table: [shard["file"] for shard in found[table]["shards"]] for table in TABLES if table in found}
    times = {table: _times(system, root, files) for table, files in names.items()}
    began, *_, ended = _changed(system, [f"{root}/{RUN}", f"{root}/{MANIFEST}"])
    kept = all(began <= shard <= record <= ended for pairs in times.values() for shard, record in pairs)
    speeds: dict[str, float | None] = {}
    for table, pairs in times.items():
        last = max((record for _, record in pairs), default=began)
        seconds = last - began
        enough = seconds >= LEAST_S and found[table]["rows"] >= LEAST_ROWS
        speeds[table] = found[table]["rows"] / seconds if kept and enough else None
        began = max(began, last)
    return speeds


def _times(system: fs.FileSystem, root: str, files: Sequence[str]) -> list[tuple[float, float]]:
    """Return when each shard and its record were written."""
    numbers = [PurePosixPath(file).stem.rpartition("-") for file in files]
    records = [f"{root}/{part_name(table, int(number))}" for table, _, number in numbers]
    return list(zip(_changed(system, [f"{root}/{file}" for file in files]), _changed(system, records), strict=True))


def _changed(system: fs.FileSystem, paths: Sequence[str]) -> list[float]:
    """Return when each file was written, seconds; NaN, which nothing is before or after, where there is none."""
    return [(info.mtime_ns or float("nan")) / 1e9 for info in system.get_file_info(list(paths))] if paths else []
