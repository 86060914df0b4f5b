"""A finished run split after the fact: the column `split` of every shard written anew, and the records with it.

What is held out is in `held_out.py`. run.json then has `split`, so that a run that was split is not resumed as if it was not; a share of 0
takes it out again, and every file is as it was rendered. Whatever stops it, the same command goes on: a shard that has its labels is left
alone, and a new one is announced in PENDING before it takes the old one's place, so that its record is never lost.
"""

import logging
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
    read_part,
    read_record,
    run_digest,
    total_counts,
    vouch,
    write_manifest,
    write_record,
)
from synthgen.shards.parquet import parquet_file
from synthgen.shards.read import TFRECORD, read
from synthgen.shards.schema import TABLES, marked
from synthgen.shards.storage import sha256_of
from synthgen.shards.store import Store, open_store
from synthgen.shards.tfrecord import TfRecordFile, tfrecord_file

PENDING = "split-pending.json"  # record of the shard that is just being put in place
SPLIT = "split"  # column, and key of run.json
COUNTS = tuple(f"split_{name}" for name in SPLITS)  # in a shard's record
MEMBERS = {"words": ["font", "background", "text"], "scenes": ["words", "background"]}  # columns that decide

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SplitRun:
    """A run as it is to be: what is held out, and the record that says so."""

    store: Store
    held: HeldOut
    record: Json

    @property
    def digest(self) -> str:
        """Of the run, in each Parquet shard."""
        return run_digest(self.record)


def split_run(out: Path | str, held: HeldOut) -> dict[str, dict[str, int]]:
    """Label every row of a finished run; return how many of each table are on each side.

    Raises:
        SynthgenError: there is no finished run, its recipe has split it, or a shard is not what its record says.
    """
    store = open_store(out)
    store.reach()
    if store.size(RUN) is None:
        raise SynthgenError(f"{store}: need the folder of a run, got one without {RUN}; name one that `synthgen render` has finished")
    with store.hold():
        _settle(store)
        store.sweep()
        was = read_record(store, RUN)
        parts = _parts(store, was)
        run = SplitRun(store, held, _record(store, was, held))
        if store.size(MANIFEST) is None or was != run.record or any(_labelled(run, part) is None for part in parts):
            store.remove(MANIFEST)  # first: it vouches for shards that are no more
            half = {SPLIT: {"by": list(held.by), "share": held.share}}  # of 0 too: half taken back is split
            write_record(store, RUN, run.record | half)
            parts = list(_relabelled(run, parts))
            write_record(store, RUN, run.record)
            write_manifest(store, run.record, parts)
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


def _record(store: Store, was: Json, held: HeldOut) -> Json:
    recipe = was.get("recipe")
    table = recipe.get(SPLIT) if isinstance(recipe, dict) else None
    if not isinstance(recipe, dict) or not isinstance(was.get("alphabet"), str):  # before anything is touched
        raise SynthgenError(f"{store}/{RUN}: need the record of a run, got one without recipe or alphabet; restore it")
    if isinstance(table, dict) and table.get("validation_share", 0) != 0:
        raise SynthgenError(f"{store}/{RUN}: need a run that is not split yet, got one whose recipe has [split]; use its column `split`")
    rest = {key: value for key, value in was.items() if key != SPLIT}
    return rest | ({SPLIT: {"by": list(held.by), "share": held.share}} if held.share > 0 else {})


def _settle(store: Store) -> None:
    """Write the record of a shard that was put in place when its run was stopped."""
    pending = read_part(store, PENDING)
    if pending is None:
        return
    if store.sha256(pending.file) == pending.sha256:
        vouch(store, pending)
    store.remove(PENDING)


def _parts(store: Store, run: Json) -> list[Part]:
    """Return the records of all shards, each of which is what its record says."""
    names = [f"{PARTS}/{name}" for name in store.listing(PARTS) if name.endswith(".json")]
    parts = sorted((part for name in names if (part := read_part(store, name))), key=lambda part: (part.table, part.shard))
    rows = {table: sum(part.rows for part in parts if part.table == table) for table in TABLES}
    wanted = {"words": run.get("n"), "scenes": run.get("scenes")}
    if rows != wanted:
        raise SynthgenError(
            f"{store}/{PARTS}: need a finished run, with records of {wanted}, got {rows}; go on with `synthgen render --resume`"
        )
    for part in parts:
        if not store.keeps(part.file, part.bytes, part.sha256):
            got = "no file" if store.size(part.file) is None else "other bytes"
            raise SynthgenError(
                f"{store}/{part.file}: need the shard that its record vouches for, got {got}; restore it, or render the run again"
            )
    return parts


def _relabelled(run: SplitRun, parts: list[Part]) -> Iterator[Part]:
    for part in parts:
        found = _labelled(run, part)
        if found is None:
            found = _rewritten(run, part)
        elif found != part:
            vouch(run.store, found)
        log.info("%s: %s", found.file, _sums([found]))
        yield found


def _labelled(run: SplitRun, part: Part) -> Part | None:
    """Return the record of a shard that has its labels, with their counts; None where they must be written."""
    counts = Counter[int]()
    with run.store.local_copy(part.file) as file:
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
    sides = Counter[int]()
    with run.store.local_copy(part.file) as file, run.store.new_file(part.file) as staged:
        with _shard(run, part, staged) as shard:
            for batch in regrouped(read(file, table=part.table), TABLES[part.table].row_group):
                labelled = relabelled(batch, part.table, run.held)
                sides.update(SPLITS.index(name) for name in labelled[SPLIT].to_pylist())
                shard.write_batch(labelled)
        made = replace(_counted(run, part, sides), bytes=staged.stat().st_size, sha256=sha256_of(staged))
        write_record(run.store, PENDING, asdict(made))
    vouch(run.store, made)
    run.store.remove(PENDING)
    return made


def _shard(run: SplitRun, part: Part, staged: Path) -> AbstractContextManager[TfRecordFile | pq.ParquetWriter]:
    layout = TABLES[part.table]
    if part.file.endswith(TFRECORD):
        return tfrecord_file(staged, layout)
    file: AbstractContextManager[pq.ParquetWriter] = parquet_file(
        staged, marked(layout.schema, run.digest, str(run.record["alphabet"])), layout
    )
    return file
