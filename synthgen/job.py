"""A run: which shards there are, which are still to be made, and the making of one."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa

from synthgen.alphabet import PRINTABLE_92
from synthgen.engine import Engine
from synthgen.errors import SynthgenError
from synthgen.recipe_fields import Frozen
from synthgen.shards import manifest, storage, tfrecord
from synthgen.shards.columns import regrouped
from synthgen.shards.manifest import Json, Part, ShardNumber
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.scenes import SceneRows, scene_batch
from synthgen.shards.schema import TABLES, marked
from synthgen.shards.tfrecord import tfrecord_shard
from synthgen.shards.words import Names, WordRows, word_batch
from synthgen.versions import package_versions

SHARD_SIZE = 50_000  # words: about 60 MB, ten seconds of one processor
SCENES_SHARD_SIZE = 1_000  # scenes: about 100 MB
LEAST_ROW_BYTES = {"words": 500, "scenes": 1000}  # less than any takes, so that no run that would fit is refused


class BatchFile(Protocol):
    """An open shard."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        ...


class Renderer(Protocol):
    """What makes samples; each worker has one."""

    names: Names

    def words(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
        """Yield the words first, first + 1, ... last - 1 in blocks of any size, each with its counts (refused, redrawn, dropped)."""
        ...

    def scenes(self, first: int, last: int) -> Iterator[tuple[SceneRows, dict[str, int]]]:
        """Yield the scenes first, first + 1, ... last - 1 in the same way."""
        ...


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know, to be pickled."""

    recipe: Frozen
    seed: int
    n: int  # word images
    out: Path
    factory: Callable[["Job"], Renderer]  # called once a worker; a function of a module, or a partial of one
    assets: dict[str, str] = field(default_factory=dict)  # name and digest of all that is read: fonts, corpora, backgrounds
    format: Literal["parquet", "tfrecord"] = "parquet"
    shard_size: int = SHARD_SIZE  # words
    scenes: int = 0  # whole pictures
    scenes_shard_size: int = SCENES_SHARD_SIZE
    alphabet: str = PRINTABLE_92
    cache: Path | None = None  # folder of prepared assets; None: the user's own

    def __post_init__(self) -> None:
        for flag, size, usual in (
            ("--shard-size", self.shard_size, SHARD_SIZE),
            ("scenes_shard_size", self.scenes_shard_size, SCENES_SHARD_SIZE),
        ):
            if size < 1:
                raise SynthgenError(f"{flag}: need at least 1, got {size}; leave it out for {usual}")
        for flag, count in (("--n", self.n), ("--scenes", self.scenes)):
            if count < 0:
                raise SynthgenError(f"{flag}: need 0 or more, got {count}; give how many there should be in all")
        if not 0 <= self.seed < 2**64:
            raise SynthgenError(f"--seed: need 0 <= seed < 2**64, got {self.seed}; give one in that range")
        if self.format not in ("parquet", "tfrecord"):
            raise SynthgenError(f"--format: need parquet or tfrecord, got {self.format}; give one of them")

    @property
    def shards(self) -> list[ShardNumber]:
        """All shards, those of words first."""
        return [ShardNumber.of(table, shard) for table in TABLES for shard in range(-(-self._rows(table) // self._size(table)))]

    def span(self, shard: ShardNumber) -> tuple[int, int]:
        """Return first and last + 1 of the sample numbers in a shard."""
        size = self._size(shard.table)
        return shard.shard * size, min((shard.shard + 1) * size, self._rows(shard.table))

    def rows(self, shard: ShardNumber) -> int:
        """Return the number of samples in a shard."""
        return len(range(*self.span(shard)))

    def _rows(self, table: str) -> int:
        return self.n if table == "words" else self.scenes

    def _size(self, table: str) -> int:
        return self.shard_size if table == "words" else self.scenes_shard_size


@dataclass(frozen=True)
class Report:
    """What a run has made; words, scenes, bytes and counts are of all there is now, kept shards included."""

    words: int
    scenes: int
    made: int  # words of this run, for images/s
    scenes_made: int
    seconds: float
    cpu_seconds: float  # of this process and its workers
    bytes: int
    refused: int
    redrawn: int
    counts: dict[str, int]


def run(job: Job, engine: Engine, *, resume: bool, progress: Callable[[Part], None]) -> Report:
    """Make all shards of `job` that are not there yet, then the manifest; `progress` hears of each new one.

    Raises:
        SynthgenError: nothing to render; OUT is not empty and `resume` is off, or has another run; the disk is full; a worker died.
    """
    began = _clocks()
    check_order(job.out, job.n + job.scenes, resume=resume)
    storage.make_folder(job.out)
    with storage.sole_writer(job.out):
        storage.sweep(job.out)
        about = run_record(job)
        _open(job, about)
        kept = _kept(job)
        made = _make(job, about, [shard for shard in job.shards if shard not in kept], engine, progress)
        parts = [*kept.values(), *made]
        if made or not (job.out / manifest.MANIFEST).is_file():
            manifest.write_manifest(job.out, about, parts)
    return _report(parts, made, began)


def check_order(out: Path, samples: int, *, resume: bool) -> None:
    """Check what can be known before anything is made: that there is something to render, and a place for it.

    Raises:
        SynthgenError: neither words nor scenes are wanted, or OUT is in use.
    """
    if samples == 0:
        raise SynthgenError("--n, --scenes: nothing to render, both are 0; give --n, the number of word images, or --scenes, of pictures")
    with storage.mendable(out):
        empty = not out.exists() or all(storage.SCRATCH.match(path.name) for path in out.iterdir())
    if not empty and not resume:
        raise SynthgenError(f"{out}: need an empty folder, got one with files; --resume goes on with the run in it, or give another OUT")
    if not empty and not (out / manifest.RUN).is_file():
        raise SynthgenError(f"{out}: need the folder of a run to resume, got one without {manifest.RUN}; give another OUT")


def run_record(job: Job) -> Json:
    """Return what run.json says: all that decides what the shards hold, and how many there are."""
    return {
        "recipe": job.recipe.model_dump(mode="json"),
        "seed": job.seed,
        "n": job.n,
        "scenes": job.scenes,
        "format": job.format,
        "shard_sizes": {"words": job.shard_size, "scenes": job.scenes_shard_size},
        "alphabet": job.alphabet,
        "assets": dict(sorted(job.assets.items())),
        "versions": package_versions(),
    }


def _open(job: Job, about: Json) -> None:
    """Make the job's folder that of this run, or check that it is."""
    out = job.out
    if not (out / manifest.RUN).is_file() or manifest.has_grown(out, about):
        with storage.mendable(out):
            (out / manifest.MANIFEST).unlink(missing_ok=True)  # first: it vouches for fewer shards, and for short ones that grow
        storage.write_json(out / manifest.RUN, about)
    for folder in (manifest.PARTS, *{shard.table for shard in job.shards}):
        storage.make_folder(out / folder)


def _kept(job: Job) -> dict[ShardNumber, Part]:
    """Return the shards that are whole; the manifest and the records of the others are removed, so that they read as missing."""
    found = {shard: manifest.whole(job.out, shard.table, shard.shard, job.rows(shard)) for shard in job.shards}
    kept = {shard: part for shard, part in found.items() if part is not None}
    if len(kept) < len(found):
        with storage.mendable(job.out):
            (job.out / manifest.MANIFEST).unlink(missing_ok=True)
            for shard in found.keys() - kept.keys():
                manifest.part_path(job.out, shard.table, shard.shard).unlink(missing_ok=True)
    return kept


def _make(job: Job, about: Json, missing: list[ShardNumber], engine: Engine, progress: Callable[[Part], None]) -> list[Part]:
    storage.need_room(job.out, sum(LEAST_ROW_BYTES[shard.table] * job.rows(shard) for shard in missing))
    if job.format == "tfrecord":
        for table in {shard.table for shard in missing}:
            tfrecord.compile_kernels(TABLES[table])
    made = []
    try:
        with closing(engine.map(ShardTask(job, manifest.run_digest(about)), missing)) as parts:
            for part in parts:
                made.append(part)
                progress(part)
    finally:
        storage.sweep(job.out)  # a worker that had to be killed could not
    return made


@dataclass(frozen=True)
class ShardTask:
    """Makes shards by number; keeps its renderer from one to the next."""

    job: Job
    digest: str

    @cached_property
    def renderer(self) -> Renderer:
        """The renderer of this process."""
        return self.job.factory(self.job)

    def __call__(self, number: int) -> Part:
        """Write the shard of a ShardNumber and its record; either both are whole or the record is missing."""
        job, shard = self.job, ShardNumber(number)  # an engine may have made a plain number of it
        final = job.out / shard.table / f"{shard}.{job.format}"
        counts: Counter[str] = Counter()
        with self._file(final, shard.table) as file:
            for batch in regrouped(self._batches(shard, counts), TABLES[shard.table].row_group):
                file.write_batch(batch)
        return manifest.vouch(job.out, shard.table, final, job.rows(shard), counts)

    def _file(self, final: Path, table: str) -> AbstractContextManager[BatchFile]:
        layout = TABLES[table]
        if self.job.format == "tfrecord":
            return tfrecord_shard(final, layout)
        return parquet_shard(final, marked(layout.schema, self.digest, self.job.alphabet), layout)

    def _batches(self, shard: ShardNumber, counts: Counter[str]) -> Iterator[pa.RecordBatch]:
        """Yield the blocks of the renderer as they come, and add up their counts."""
        first, last = self.job.span(shard)
        following = first
        for batch, block_counts in self._blocks(shard.table, first, last):
            index = batch["index"].to_numpy()
            if not np.array_equal(index, np.arange(following, following + len(index))):
                raise ValueError(f"renderer: need {shard.table} {following}, {following + 1}, ... in order, got {index[:3]}...")
            following += len(index)
            counts.update(block_counts)
            yield batch
        if following != last:
            raise ValueError(f"renderer: need {shard.table} {first} to {last - 1}, got them to {following - 1}")

    def _blocks(self, table: str, first: int, last: int) -> Iterator[tuple[pa.RecordBatch, dict[str, int]]]:
        renderer = self.renderer
        if table == "words":
            yield from ((word_batch(words, renderer.names), counts) for words, counts in renderer.words(first, last))
        else:
            yield from ((scene_batch(scenes, renderer.names), counts) for scenes, counts in renderer.scenes(first, last))


def _clocks() -> tuple[float, float]:
    """Return seconds of the clock, and of this process and its ended children on processors."""
    spent = os.times()
    return time.monotonic(), spent.user + spent.system + spent.children_user + spent.children_system


def _report(parts: list[Part], made: list[Part], began: tuple[float, float]) -> Report:
    seconds, cpu_seconds = (now - then for now, then in zip(_clocks(), began, strict=True))
    counts = manifest.total_counts(parts)
    return Report(
        words=_rows(parts, "words"),
        scenes=_rows(parts, "scenes"),
        made=_rows(made, "words"),
        scenes_made=_rows(made, "scenes"),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        bytes=sum(part.bytes for part in parts),
        refused=counts.get("refused", 0),
        redrawn=counts.get("redrawn", 0),
        counts=counts,
    )


def _rows(parts: list[Part], table: str) -> int:
    return sum(part.rows for part in parts if part.table == table)
