"""The records beside the shards: what run this is, which shards are whole, and that all of them are."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from synthgen.errors import SynthgenError
from synthgen.shards.schema import TABLES
from synthgen.shards.storage import read_json, write_json

RUN = "run.json"
PARTS = "parts"
MANIFEST = "manifest.json"
NOT_FINISHED = "name a folder that `synthgen render` has finished, or go on with what was stopped: `render --resume` or `split`"
GROWING = frozenset({"n", "scenes"})  # what a resumed run may have more of
NAMES = tuple(TABLES)
KINDS = {"table": str, "shard": int, "file": str, "rows": int, "bytes": int, "sha256": str, "counts": dict}  # of a Part
SHOWN = 60  # characters of a value in an error

Json = dict[str, object]


@dataclass(frozen=True)
class Part:
    """A finished shard."""

    table: str  # "words" or "scenes": its folder and the start of its name
    shard: int
    file: str  # path below OUT
    rows: int
    bytes: int
    sha256: str
    counts: dict[str, int]  # refused, redrawn, dropped and so on, in the order of their names

    def __post_init__(self) -> None:
        """Check what may have been read from a file that someone changed: what it names is read, and written by `synthgen split`.

        Raises:
            TypeError: a value is of another type than it must be.
            ValueError: the file is not below OUT, or there is no such table.
        """
        wrong = [name for name, kind in KINDS.items() if type(getattr(self, name)) is not kind]
        if wrong or not all(type(count) is int for count in self.counts.values()):
            raise TypeError(f"{', '.join(wrong) or 'counts'} of another type")
        path = PurePosixPath(self.file)
        if path.is_absolute() or ".." in path.parts or self.table not in NAMES or self.shard < 0:
            raise ValueError(f"shard {self.shard} of {self.table} in {self.file!r}, which is none below OUT")


def run_digest(run: Json) -> str:
    """Return 64 hex digits that change with anything in `run` but how much is made."""
    fixed = {key: value for key, value in run.items() if key not in GROWING}
    return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def shard_name(table: str, shard: int, suffix: str) -> str:
    """Return `words-00042.parquet` and the like; from 100,000 shards on the number is longer."""
    return f"{table}-{shard:05d}{suffix}"


class ShardNumber(int):
    """A shard of either table as one whole number, as engines take them; written out it is the shard's name, `scenes-00003`."""

    @classmethod
    def of(cls, table: str, shard: int) -> Self:
        """Return the number of a table's shard; it stays the same however many there are of either."""
        return cls(shard * len(NAMES) + NAMES.index(table))

    @property
    def table(self) -> str:
        """The shard's table."""
        return NAMES[self % len(NAMES)]

    @property
    def shard(self) -> int:
        """The shard's number in its table."""
        return self // len(NAMES)

    def __str__(self) -> str:
        return shard_name(self.table, self.shard, "")


def part_path(out: Path, table: str, shard: int) -> Path:
    """Return where the record of a finished shard stands."""
    return out / PARTS / shard_name(table, shard, ".json")


def vouch(out: Path, table: str, file: Path, rows: int, counts: Mapping[str, int]) -> Part:
    """Write the record of the finished shard `file`, and return it."""
    shard = int(file.stem.rpartition("-")[2])
    part = Part(table, shard, str(file.relative_to(out)), rows, file.stat().st_size, sha256_of(file), dict(sorted(counts.items())))
    write_json(part_path(out, table, shard), asdict(part))
    return part


def read_part(path: Path) -> Part:
    """Return the record of a finished shard.

    Raises:
        SynthgenError: the file is not such a record.
    """
    content = read_json(path)
    try:
        return Part(**content)  # type: ignore[arg-type]  # JSON that we wrote; the count of keys is what can differ
    except (TypeError, ValueError) as error:
        raise SynthgenError(f"{path}: need the record of a shard, got {error}; remove it and render again with --resume") from error


def whole(out: Path, table: str, shard: int, rows: int) -> Part | None:
    """Return the record of a shard if it has `rows` rows and its file is, to the bit, what was written; None if it must be made."""
    path = part_path(out, table, shard)
    if not path.is_file():
        return None
    try:
        part = read_part(path)
    except SynthgenError:
        return None  # a record that cannot be read vouches for nothing
    file = out / part.file
    fits = part.rows == rows and file.is_file() and file.stat().st_size == part.bytes
    return part if fits and sha256_of(file) == part.sha256 else None


def write_manifest(out: Path, run: Json, parts: Iterable[Part]) -> None:
    """Write the manifest: from now on the folder reads as whole."""
    tables: dict[str, list[Part]] = {}
    for part in sorted(parts, key=lambda part: (NAMES.index(part.table), part.shard)):
        tables.setdefault(part.table, []).append(part)
    write_json(out / MANIFEST, {"digest": run_digest(run), "run": run, **{table: _summary(rows) for table, rows in tables.items()}})


def listed(manifest: object, table: str) -> list[Part] | None:
    """Return the records of a table's shards in a manifest, in order; None where it has no such table, or no such records."""
    try:
        return [Part(table=table, **shard) for shard in manifest[table]["shards"]]  # type: ignore[index]  # whatever JSON it is
    except (KeyError, TypeError, ValueError):
        return None


def _summary(parts: list[Part]) -> Json:
    return {
        "rows": sum(part.rows for part in parts),
        "bytes": sum(part.bytes for part in parts),
        "counts": total_counts(parts),
        "shards": [{key: value for key, value in asdict(part).items() if key != "table"} for part in parts],
    }


def total_counts(parts: Iterable[Part]) -> dict[str, int]:
    """Return the counts of all parts together, in the order of their names."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part.counts)
    return dict(sorted(total.items()))


def has_grown(out: Path, run: Json) -> bool:
    """Return whether `run` has more samples than the run at `out`, which it must be otherwise.

    Raises:
        SynthgenError: something else differs; each difference is named with both values.
    """
    found = list(differences(read_json(out / RUN), json.loads(json.dumps(run))))
    wrong = [f"{name} is {_short(was)} there, {_short(now)} here" for name, was, now in found if not _grows(name, was, now)]
    if wrong:
        cure = "give the same, or another OUT"
        raise SynthgenError(f"{out / RUN}: --resume needs the same run, of which only n and scenes may grow: {'; '.join(wrong)}; {cure}")
    return bool(found)


def differences(old: object, new: object, name: str = "") -> Iterator[tuple[str, object, object]]:
    """Yield dotted name and both values of all that differs between two JSON values; None where a key is missing."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*old, *(key for key in new if key not in old)):
            yield from differences(old.get(key), new.get(key), f"{name}.{key}" if name else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for row, (was, now) in enumerate(zip(old, new, strict=True)):
            yield from differences(was, now, f"{name}[{row}]")
    elif old != new:
        yield name, old, new


def _grows(name: str, was: object, now: object) -> bool:
    return name in GROWING and isinstance(was, int) and isinstance(now, int) and was < now


def _short(value: object) -> str:
    text = "missing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recorded(out: Path) -> Counter[str]:
    """Return how many shards, words and scenes the records of a run speak of; none where there is no run, damaged records left out."""
    found: Counter[str] = Counter()
    for path in (out / PARTS).glob("*.json"):
        try:
            part = read_part(path)
        except (SynthgenError, OSError):
            continue  # made again and counted then
        found += Counter({"shards": 1, part.table: part.rows})
    return found
