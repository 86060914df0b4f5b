"""A finished run split after the fact: the column `split` of every shard written anew, and the records with it.

What is held out is in `held_out.py`. run.json then has `split`, so that a run that was split is not resumed as if it was not; a share of 0
takes it out again, and every file is as it was rendered. Whatever stops it, the same command goes on: a shard that has its labels is left
alone, and a new one is announced in PENDING before it takes the old one's place, so that its record is never lost.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthgen.errors import SynthgenError
from synthgen.held_out import KINDS, SPLITS, TRAIN, HeldOut
from synthgen.shards.columns import regrouped
from synthgen.shards.manifest import (
    MANIFEST,
    PARTS,
    RUN,
    Json,
    Part,
    parsed_part,
    part_name,
    run_digest,
    total_counts,
    write_manifest,
)
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.read import TFRECORD, read
from synthgen.shards.schema import TABLES, marked
from synthgen.shards.storage import mendable, read_json, sha256_of, sole_writer, sweep, sync, write_json
from synthgen.shards.store import Folder
from synthgen.shards.tfrecord import TfRecordFile, tfrecord_shard

PENDING = "split-pending.json"  # record of the shard that is just being put in place
SPLIT = "split"  # column, and key of run.json
COUNTS = tuple(f"split_{name}" for name in SPLITS)  # in a shard's record
MEMBERS = {"words": ["font", "background", "text"], "scenes": ["words", "background"]}  # columns that decide

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitRun:
    """A run as it is to be: what is held out, and the record that says so."""

    out: Path
    held: HeldOut
    record: Json

    @property
    def digest(self) -> str:
        """Of the run, in each Parquet shard."""
        return run_digest(self.record)


def split_run(out: Path, held: HeldOut) -> dict[str, dict[str, int]]:
    """Label every row of a finished run; return how many of each table are on each side.

    Raises:
        SynthgenError: there is no finished run, its recipe has split it, or a shard is not what its record says.
    """
    if not (out / RUN).is_file():
        raise SynthgenError(f"{out}: need the folder of a run, got one without {RUN}; name one that `synthgen render` has finished")
    with sole_writer(out):
        _settle(out)
        sweep(out)
        was = read_json(out / RUN)
        parts = _parts(out, was)
        run = SplitRun(out, held, _record(out, was, held))
        if not (out / MANIFEST).is_file() or was != run.record or any(_labelled(run, part) is None for part in parts):
            with mendable(out):
                (out / MANIFEST).unlink(missing_ok=True)  # first: it vouches for shards that are no more
            write_json(out / RUN, run.record | {SPLIT: {"by": list(held.by), "share": held.share}})  # of 0 too: half taken back is split
            parts = list(_relabelled(run, parts))
            write_json(out / RUN, run.record)
            write_manifest(Folder(out), run.record, parts)
        return {table: _sums([part for part in parts if part.table == table]) for table in TABLES if any(p.table == table for p in parts)}


def _sums(parts: list[Part]) -> dict[str, int]:
    """Return the rows of each side; all are of training where nothing is held out."""
    counts = total_counts(parts)
    rest = {} if COUNTS[TRAIN] in counts else {SPLITS[TRAIN]: sum(part.rows for part in parts)}
    return {name: counts.get(f"split_{name}", 0) for name in SPLITS} | rest


def sides_of(batch: pa.RecordBatch, table: str, held: HeldOut) -> list[int]:
    """Return the side of each row of a batch with the columns of MEMBERS."""
    backgrounds = batch["background"].to_pylist()
    if table == "words":
        rows = zip(batch["font"].to_pylist(), backgrounds, batch["text"].to_pylist(), strict=True)
        return [held.sample((font,), background, text) for font, background, text in rows]
    edges, fonts = batch["words"].offsets.to_pylist(), batch["words"].values.field("font").to_pylist()
    words = [set(fonts[a:b]) - {""} for a, b in pairwise(edges)]  # a photo's own text has none
    return [held.sample(own, background, None) for own, background in zip(words, backgrounds, strict=True)]


def relabelled(batch: pa.RecordBatch, table: str, held: HeldOut) -> pa.RecordBatch:
    """Return a batch of all columns with the sides of its rows."""
    names = pa.array([SPLITS[side] for side in sides_of(batch, table, held)], type=pa.string())
    place = batch.schema.get_field_index(SPLIT)
    return batch.set_column(place, batch.schema.field(place), names)


def held_of(run: Json) -> HeldOut | None:
    """Return what a run's record says is held out by `synthgen split`, None where it was not split so.

    Raises:
        SynthgenError: the record is damaged.
    """
    told = run.get(SPLIT)
    by, share = (told.get("by"), told.get("share")) if isinstance(told, dict) else ((), 0.0)
    if not isinstance(by, list | tuple) or not all(kind in KINDS for kind in by) or not isinstance(share, int | float):
        raise SynthgenError(f"{RUN}: {SPLIT}: need what is held out and its share, got {told!r}; restore it, or split the run again")
    return HeldOut(tuple(by), share) if by else None


def _record(out: Path, was: Json, held: HeldOut) -> Json:
    recipe = was.get("recipe")
    table = recipe.get(SPLIT) if isinstance(recipe, dict) else None
    if not isinstance(recipe, dict) or not isinstance(was.get("alphabet"), str):  # before anything is touched
        raise SynthgenError(f"{out / RUN}: need the record of a run, got one without recipe or alphabet; restore it")
    if isinstance(table, dict) and table.get("validation_share", 0) != 0:
        raise SynthgenError(f"{out / RUN}: need a run that is not split yet, got one whose recipe has [split]; use its column `split`")
    rest = {key: value for key, value in was.items() if key != SPLIT}
    return rest | ({SPLIT: {"by": list(held.by), "share": held.share}} if held.share > 0 else {})


def _settle(out: Path) -> None:
    """Write the record of a shard that was put in place when its run was stopped."""
    if not (out / PENDING).is_file():
        return
    pending = _read_part(out / PENDING)
    file = out / pending.file
    if file.is_file() and sha256_of(file) == pending.sha256:
        write_json(out / part_name(pending.table, pending.shard), asdict(pending))
    with mendable(out):
        (out / PENDING).unlink()


def _read_part(path: Path) -> Part:
    return parsed_part(path.read_bytes(), str(path))


def _parts(out: Path, run: Json) -> list[Part]:
    """Return the records of all shards, each of which is what its record says."""
    parts = sorted(map(_read_part, (out / PARTS).glob("*.json")), key=lambda part: (part.table, part.shard))
    rows = {table: sum(part.rows for part in parts if part.table == table) for table in TABLES}
    wanted = {"words": run.get("n"), "scenes": run.get("scenes")}
    if rows != wanted:
        raise SynthgenError(
            f"{out / PARTS}: need a finished run, with records of {wanted}, got {rows}; go on with `synthgen render --resume`"
        )
    for part in parts:
        file = out / part.file
        if not file.is_file() or sha256_of(file) != part.sha256:
            got = "other bytes" if file.is_file() else "no file"
            raise SynthgenError(f"{file}: need the shard that its record vouches for, got {got}; restore it, or render the run again")
    return parts


def _relabelled(run: SplitRun, parts: list[Part]) -> Iterator[Part]:
    for part in parts:
        found = _labelled(run, part)
        if found is None:
            found = _rewritten(run, part)
        elif found != part:
            write_json(run.out / part_name(part.table, part.shard), asdict(found))
        log.info("%s: %s", found.file, _sums([found]))
        yield found


def _labelled(run: SplitRun, part: Part) -> Part | None:
    """Return the record of a shard that has its labels, with their counts; None where they must be written."""
    file, counts = run.out / part.file, Counter[int]()
    if file.suffix != TFRECORD and (pq.read_schema(file).metadata or {}).get(b"synthgen.run") != run.digest.encode():
        return None
    for batch in read(file, [*MEMBERS[part.table], SPLIT], part.table):
        sides = sides_of(batch, part.table, run.held)
        if batch[SPLIT].to_pylist() != [SPLITS[side] for side in sides]:
            return None
        counts.update(sides)
    return _counted(run, part, counts)


def _counted(run: SplitRun, part: Part, sides: Counter[int]) -> Part:
    """Return a record with the counts of a split, or without where nothing is held out."""
    kept = {name: count for name, count in part.counts.items() if name not in COUNTS}
    own = {f"split_{name}": sides[side] for side, name in enumerate(SPLITS)} if run.held.share > 0 else {}
    return replace(part, counts=dict(sorted({**kept, **own}.items())))


def _rewritten(run: SplitRun, part: Part) -> Part:
    """Write a shard anew with its labels, put it in place, and return its record."""
    file, sides = run.out / part.file, Counter[int]()
    staged = file.with_name(f".{file.name}.{secrets.token_hex(4)}")  # named as scratch files are, to be swept
    with mendable(file):
        try:
            with _shard(run, part, staged) as shard:
                for batch in regrouped(read(file, table=part.table), TABLES[part.table].row_group):
                    labelled = relabelled(batch, part.table, run.held)
                    sides.update(SPLITS.index(name) for name in labelled[SPLIT].to_pylist())
                    shard.write_batch(labelled)
            made = replace(_counted(run, part, sides), bytes=staged.stat().st_size, sha256=sha256_of(staged))
            write_json(run.out / PENDING, asdict(made))
            staged.replace(file)
            sync(file.parent)
        finally:
            staged.unlink(missing_ok=True)
    write_json(run.out / part_name(part.table, part.shard), asdict(made))
    with mendable(run.out):
        (run.out / PENDING).unlink()
    return made


def _shard(run: SplitRun, part: Part, staged: Path) -> AbstractContextManager[TfRecordFile | pq.ParquetWriter]:
    layout = TABLES[part.table]
    if part.file.endswith(TFRECORD):
        return tfrecord_shard(staged, layout)
    return parquet_shard(staged, marked(layout.schema, run.digest, str(run.record["alphabet"])), layout)
