"""A run: which shards there are, which are still to be made, and the making of one."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa

from synthgen.alphabet import PRINTABLE_92
from synthgen.engine import Engine, LostShardError
from synthgen.errors import SynthgenError
from synthgen.recipe_fields import Frozen
from synthgen.run_report import Report, clocks, report_of
from synthgen.shards import manifest, tfrecord
from synthgen.shards.columns import regrouped
from synthgen.shards.manifest import Json, Part, ShardNumber
from synthgen.shards.parquet import parquet_file
from synthgen.shards.scenes import SceneRows, scene_batch
from synthgen.shards.schema import TABLES, marked
from synthgen.shards.store import Store, open_store
from synthgen.shards.tfrecord import tfrecord_file
from synthgen.shards.words import Names, WordRows, word_batch
from synthgen.versions import package_versions

SHARD_SIZE = 50_000  # words: about 60 MB, ten seconds of one processor
SCENES_SHARD_SIZE = 1_000  # scenes: about 100 MB
CHECKED_AT_ONCE = 8  # shards of a resumed run
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
    out: Path | str  # folder, or URL of a place in object storage
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

    @cached_property
    def store(self) -> Store:
        """Where the shards go."""
        return open_store(self.out)

    @property
    def shards(self) -> list[ShardNumber]:
        """All shards, those of words first."""
        return [ShardNumber.of(table, shard) for table in TABLES for shard in range(-(-self._rows(table) // self._size(table)))]

    def span(self, shard: ShardNumber) -> tuple[int, int]:
        """Return first and last + 1 of the sample numbers in a shard."""
        size = self._size(shard.table)
        return shard.shard * size, min((shard.shard + 1) * size, self._rows(shard.table))

    def samples(self, shard: ShardNumber) -> str:
        """Return the samples in a shard as errors name them: "words 50,000 to 99,999"."""
        first, last = self.span(shard)
        return f"{shard.table} {first:,} to {last - 1:,}"

    def rows(self, shard: ShardNumber) -> int:
        """Return the number of samples in a shard."""
        return len(range(*self.span(shard)))

    def _rows(self, table: str) -> int:
        return self.n if table == "words" else self.scenes

    def _size(self, table: str) -> int:
        return self.shard_size if table == "words" else self.scenes_shard_size


def run(job: Job, engine: Engine, *, resume: bool, progress: Callable[[Part], None], only: Sequence[int] | None = None) -> Report:
    """Make all shards of `job` that are not there yet, then the manifest; `progress` hears of each new one.

    `only`: places in `job.shards`; then these alone are made and reported, and without a manifest: others may be making the rest,
    in the same OUT too.

    Raises:
        SynthgenError: nothing to render; OUT is not empty and `resume` is off, or has another run; the disk is full; workers died.
    """
    began, store, about = clocks(), job.store, run_record(job)
    check_order(store, job.n + job.scenes, resume=resume or only is not None)
    wanted = job.shards if only is None else [job.shards[place] for place in only]
    own = None if only is None else [name for shard in wanted for name in (f"{shard}.{job.format}", f"{shard}.json")]
    with store.hold(shared=only is not None):
        store.sweep(own)
        _open(job, about, alone=only is None)
        kept = _kept(job, wanted)
        try:
            made = _make(job, about, [shard for shard in wanted if shard not in kept], engine, progress)
        finally:
            store.sweep(own)  # a worker that had to be killed could not
        parts = [*kept.values(), *made]
        if only is not None:
            manifest.need_same(store, about)  # two machines may have begun in the same instant
        elif made or store.size(manifest.MANIFEST) is None:
            manifest.write_manifest(store, about, parts)
    return report_of(parts, made, began, engine.retried)


def check_order(store: Store, samples: int, *, resume: bool) -> None:
    """Check what can be known before anything is made: that there is something to render, and a place for it.

    Raises:
        SynthgenError: neither words nor scenes are wanted, or OUT is in use, or cannot be reached.
    """
    if samples == 0:
        raise SynthgenError("--n, --scenes: nothing to render, both are 0; give --n, the number of word images, or --scenes, of pictures")
    store.reach()
    names = store.listing()
    if names and not resume:
        raise SynthgenError(f"{store}: need an empty folder, got one with files; --resume goes on with the run in it, or give another OUT")
    if names and manifest.RUN not in names:
        raise SynthgenError(f"{store}: need the folder of a run to resume, got one without {manifest.RUN}; give another OUT")


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


def _open(job: Job, about: Json, *, alone: bool) -> None:
    """Make the job's place that of this run, or check that it is; a run that is not `alone` there may not make it longer."""
    store = job.store
    if store.size(manifest.RUN) is None or (alone and manifest.has_grown(store, about)):
        store.remove(manifest.MANIFEST)  # first: it vouches for fewer shards, and for short ones that grow
        manifest.write_record(store, manifest.RUN, about)
    if not alone:
        manifest.need_same(store, about)


def _kept(job: Job, shards: list[ShardNumber]) -> dict[ShardNumber, Part]:
    """Return the shards that are whole; the manifest and the records of the others are removed, so that they read as missing."""
    store = job.store
    recorded = store.listing(manifest.PARTS)
    found = [shard for shard in shards if f"{shard}.json" in recorded]
    with ThreadPoolExecutor(CHECKED_AT_ONCE) as threads:  # object storage answers in tens of milliseconds, and there may be many thousands
        parts = threads.map(lambda shard: manifest.whole(store, shard.table, shard.shard, job.rows(shard)), found)
        kept = {shard: part for shard, part in zip(found, parts, strict=True) if part is not None}
    if len(kept) < len(shards):
        store.remove(manifest.MANIFEST)
        for shard in found:
            if shard not in kept:
                store.remove(manifest.part_name(shard.table, shard.shard))
    return kept


def _make(job: Job, about: Json, missing: list[ShardNumber], engine: Engine, progress: Callable[[Part], None]) -> list[Part]:
    job.store.need_room(sum(LEAST_ROW_BYTES[shard.table] * job.rows(shard) for shard in missing))
    if job.format == "tfrecord":
        for table in {shard.table for shard in missing}:
            tfrecord.compile_kernels(TABLES[table])
    made = []
    try:
        with closing(engine.map(ShardTask(job, manifest.run_digest(about)), missing)) as parts:
            for part in parts:
                made.append(part)
                progress(part)
    except LostShardError as lost:
        raise SynthgenError(f"{job.samples(ShardNumber(lost.shard))}: {lost}") from lost
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
        name = f"{shard.table}/{shard}.{job.format}"
        counts: Counter[str] = Counter()
        with job.store.new_file(name) as scratch:
            with self._file(scratch, shard.table) as file:
                for batch in regrouped(self._batches(shard, counts), TABLES[shard.table].row_group):
                    file.write_batch(batch)
            part = manifest.made_part(name, scratch, job.rows(shard), counts)
        manifest.vouch(job.store, part)
        return part

    def _file(self, path: Path, table: str) -> AbstractContextManager[BatchFile]:
        layout = TABLES[table]
        if self.job.format == "tfrecord":
            return tfrecord_file(path, layout)
        file: AbstractContextManager[BatchFile] = parquet_file(path, marked(layout.schema, self.digest, self.job.alphabet), layout)
        return file

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
