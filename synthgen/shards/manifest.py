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
from synthgen.shards.storage import json_bytes, json_object, sha256_of
from synthgen.shards.store import Store

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


def part_name(table: str, shard: int) -> str:
    """Return where the record of a finished shard stands, below OUT."""
    return f"{PARTS}/{shard_name(table, shard, '.json')}"


def made_part(name: str, file: Path, rows: int, counts: Mapping[str, int]) -> Part:
    """Return the record of the shard `name`, a path below OUT, whose bytes are those of `file`."""
    path = PurePosixPath(name)
    shard = int(path.stem.rpartition("-")[2])
    return Part(path.parts[0], shard, name, rows, file.stat().st_size, sha256_of(file), dict(sorted(counts.items())))


def vouch(store: Store, part: Part) -> None:
    """Write the record of a finished shard, which is in its place already."""
    store.write(part_name(part.table, part.shard), json_bytes(asdict(part)))


def parsed_part(data: bytes, place: str) -> Part:
    """Return the record of a finished shard, from the bytes of the file at `place`.

    Raises:
        SynthgenError: they are no such record.
    """
    content = json_object(data, place)
    try:
        return Part(**content)  # type: ignore[arg-type]  # JSON that we wrote; the count of keys is what can differ
    except (TypeError, ValueError) as error:
        raise SynthgenError(f"{place}: need the record of a shard, got {error}; remove it and render again with --resume") from error


def read_part(store: Store, name: str) -> Part | None:
    """Return the record of a finished shard, None where there is none.

    Raises:
        SynthgenError: the file is not such a record.
    """
    data = store.read(name)
    return None if data is None else parsed_part(data, f"{store}/{name}")


def whole(store: Store, table: str, shard: int, rows: int) -> Part | None:
    """Return the record of a shard if it has `rows` rows and its file is what was written, see `Store.keeps`; None if it must be made."""
    name = part_name(table, shard)
    data = store.read(name)
    if data is None:
        return None
    try:
        part = parsed_part(data, f"{store}/{name}")
    except SynthgenError:
        return None  # a record that cannot be read vouches for nothing
    same = (part.table, part.shard, part.rows) == (table, shard, rows) and PurePosixPath(part.file).stem == shard_name(table, shard, "")
    return part if same and store.keeps(part.file, part.bytes, part.sha256) else None


def read_record(store: Store, name: str) -> Json:
    """Return what run.json or the manifest holds.

    Raises:
        SynthgenError: there is no such file, or it is no JSON object.
    """
    data = store.read(name)
    if data is None:
        raise SynthgenError(f"{store}/{name}: cannot be read as JSON: no such file; render into another OUT, or restore the file")
    return json_object(data, f"{store}/{name}")


def write_record(store: Store, name: str, content: Json) -> None:
    """Write run.json or the manifest."""
    store.write(name, json_bytes(content))


def write_manifest(store: Store, run: Json, parts: Iterable[Part]) -> None:
    """Write the manifest: from now on the run reads as whole."""
    tables: dict[str, list[Part]] = {}
    for part in sorted(parts, key=lambda part: (NAMES.index(part.table), part.shard)):
        tables.setdefault(part.table, []).append(part)
    content: Json = {"digest": run_digest(run), "run": run, **{table: _summary(rows) for table, rows in tables.items()}}
    write_record(store, MANIFEST, content)


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


def has_grown(store: Store, run: Json) -> bool:
    """Return whether `run` has more samples than the run in `store`, which it must be otherwise.

    Raises:
        SynthgenError: something else differs; each difference is named with both values.
    """
    there, here = read_record(store, RUN), json.loads(json.dumps(run))
    wrong = told_differences(there, here, may_grow=True)
    if wrong:
        cure = "give the same, or another OUT"
        raise SynthgenError(f"{store}/{RUN}: --resume needs the same run, of which only n and scenes may grow: {'; '.join(wrong)}; {cure}")
    return bool(there != here)


def need_same(store: Store, run: Json) -> None:
    """Check that the run in `store` is `run`, in all of it, as parts that machines make apart must be of one run.

    Raises:
        SynthgenError: something differs; each difference is named with both values.
    """
    wrong = told_differences(read_record(store, RUN), json.loads(json.dumps(run)))
    if wrong:
        raise SynthgenError(
            f"{store}/{RUN}: --shards needs the same run, n and scenes too: {'; '.join(wrong)}; give the same, or another OUT"
        )


def told_differences(old: object, new: object, *, may_grow: bool = False) -> list[str]:
    """Return in words all that differs between two records; that the new one has more samples is left out where it `may_grow`."""
    found = differences(old, new)
    return [f"{name} is {short(was)} there, {short(now)} here" for name, was, now in found if not (may_grow and _grows(name, was, now))]


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


def short(value: object) -> str:
    """Return a value as errors show it."""
    text = "missing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
