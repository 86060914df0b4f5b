"""A run: which shards there are, which are still to be made, and the making of one."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa

from synthgen.alphabet import PRINTABLE_92
from synthgen.engine import Engine
from synthgen.errors import SynthgenError
from synthgen.recipe import Frozen
from synthgen.shards import manifest, storage, tfrecord
from synthgen.shards.manifest import Json, Part
from synthgen.shards.parquet import parquet_shard
from synthgen.shards.schema import WORD_SCHEMA, marked
from synthgen.shards.tfrecord import tfrecord_shard
from synthgen.shards.words import Names, WordRows, regrouped, word_batch

WORDS = "words"
SHARD_SIZE = 50_000  # rows: about 60 MB, ten seconds of one processor
SCENES_SHARD_SIZE = 1_000
LEAST_ROW_BYTES = 500  # less than any word takes, so that no run that would fit is refused
PACKAGES = {  # what pixels depend on; OpenCV has several packages with the same code
    "fonttools": ("fonttools",),
    "freetype-py": ("freetype-py",),
    "numba": ("numba",),
    "numpy": ("numpy",),
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
    "pillow": ("pillow",),
    "pyarrow": ("pyarrow",),
    "synthgen": ("synthgen",),
    "uharfbuzz": ("uharfbuzz",),
    "wordfreq": ("wordfreq",),
}


class BatchFile(Protocol):
    """An open shard."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        ...


class Renderer(Protocol):
    """What makes samples; each worker has one."""

    names: Names

    def __call__(self, first: int, last: int) -> Iterator[tuple[WordRows, dict[str, int]]]:
        """Yield the samples first, first + 1, ... last - 1 in blocks of any size, each with its counts (refused, redrawn, dropped)."""
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
    shard_size: int = SHARD_SIZE
    alphabet: str = PRINTABLE_92
    cache: Path | None = None  # folder of prepared assets; None: the user's own

    def __post_init__(self) -> None:
        if self.shard_size < 1:
            raise SynthgenError(f"--shard-size: need at least 1, got {self.shard_size}; leave it out for {SHARD_SIZE}")
        if not 0 <= self.seed < 2**64:
            raise SynthgenError(f"--seed: need 0 <= seed < 2**64, got {self.seed}; give one in that range")
        if self.n < 0:
            raise SynthgenError(f"--n: need 0 or more, got {self.n}; give how many word images there should be in all")
        if self.format not in ("parquet", "tfrecord"):
            raise SynthgenError(f"--format: need parquet or tfrecord, got {self.format}; give one of them")

    @property
    def shards(self) -> range:
        """Numbers of all shards."""
        return range(-(-self.n // self.shard_size))

    def span(self, shard: int) -> tuple[int, int]:
        """Return first and last + 1 of the sample numbers in a shard."""
        return shard * self.shard_size, min((shard + 1) * self.shard_size, self.n)


@dataclass(frozen=True)
class Report:
    """What a run has made; words, bytes and counts are of all there is now, kept shards included."""

    words: int
    scenes: int
    made: int  # words of this run, for images/s
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
    if job.n == 0:
        raise SynthgenError("--n, --scenes: nothing to render, both are 0; give --n, the number of word images")
    began = _clocks()
    storage.make_folder(job.out)
    with storage.sole_writer(job.out):
        storage.sweep(job.out)
        about = run_record(job)
        _open(job.out, about, resume=resume)
        kept = _kept(job)
        made = _make(job, about, [shard for shard in job.shards if shard not in kept], engine, progress)
        parts = [*kept.values(), *made]
        if made or not (job.out / manifest.MANIFEST).is_file():
            manifest.write_manifest(job.out, about, parts)
    return _report(parts, made, began)


def run_record(job: Job) -> Json:
    """Return what run.json says: all that decides what the shards hold, and how many there are."""
    return {
        "recipe": job.recipe.model_dump(mode="json"),
        "seed": job.seed,
        "n": job.n,
        "scenes": 0,
        "format": job.format,
        "shard_sizes": {WORDS: job.shard_size, "scenes": SCENES_SHARD_SIZE},
        "alphabet": job.alphabet,
        "assets": dict(sorted(job.assets.items())),
        "versions": {name: _version(distributions) for name, distributions in PACKAGES.items()},
    }


def _version(distributions: tuple[str, ...]) -> str:
    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "not installed"  # synthgen run from its source folder


def _open(out: Path, about: Json, *, resume: bool) -> None:
    """Make `out` the folder of this run, or check that it is."""
    empty = not any(out.iterdir())
    known = (out / manifest.RUN).is_file()
    if not empty and not resume:
        raise SynthgenError(f"{out}: need an empty folder, got one with files; --resume goes on with the run in it, or give another OUT")
    if not empty and not known:
        raise SynthgenError(f"{out}: need the folder of a run to resume, got one without {manifest.RUN}; give another OUT")
    if not known or manifest.has_grown(out, about):
        with storage.mendable(out):
            (out / manifest.MANIFEST).unlink(missing_ok=True)  # first: it vouches for fewer shards, and for short ones that grow
        storage.write_json(out / manifest.RUN, about)
    storage.make_folder(out / WORDS)
    storage.make_folder(out / manifest.PARTS)


def _kept(job: Job) -> dict[int, Part]:
    """Return the shards that are whole; the manifest and the records of the others are removed, so that they read as missing."""
    found = {shard: manifest.whole(job.out, WORDS, shard, len(range(*job.span(shard)))) for shard in job.shards}
    kept = {shard: part for shard, part in found.items() if part is not None}
    if len(kept) < len(found):
        with storage.mendable(job.out):
            (job.out / manifest.MANIFEST).unlink(missing_ok=True)
            for shard in found.keys() - kept.keys():
                manifest.part_path(job.out, WORDS, shard).unlink(missing_ok=True)
    return kept


def _make(job: Job, about: Json, missing: list[int], engine: Engine, progress: Callable[[Part], None]) -> list[Part]:
    storage.need_room(job.out, LEAST_ROW_BYTES * sum(len(range(*job.span(shard))) for shard in missing))
    if job.format == "tfrecord":
        tfrecord.compile_kernels()
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

    def __call__(self, shard: int) -> Part:
        """Write one shard and its record; either both are whole or the record is missing."""
        job = self.job
        final = job.out / WORDS / manifest.shard_name(WORDS, shard, f".{job.format}")
        counts: Counter[str] = Counter()
        first, last = job.span(shard)
        with self._file(final) as file:
            for batch in regrouped(self._batches(first, last, counts)):
                file.write_batch(batch)
        return manifest.vouch(job.out, WORDS, final, last - first, counts)

    def _file(self, final: Path) -> AbstractContextManager["BatchFile"]:
        if self.job.format == "tfrecord":
            return tfrecord_shard(final)
        return parquet_shard(final, marked(WORD_SCHEMA, self.digest, self.job.alphabet))

    def _batches(self, first: int, last: int, counts: Counter[str]) -> Iterator[pa.RecordBatch]:
        """Yield the blocks of the renderer as they come, and add up their counts."""
        following = first
        for rows, block_counts in self.renderer(first, last):
            if not np.array_equal(rows.index, np.arange(following, following + len(rows.index))):
                raise ValueError(f"renderer: need samples {following}, {following + 1}, ... in order, got {rows.index[:3]}...")
            following += len(rows.index)
            counts.update(block_counts)
            yield word_batch(rows, self.renderer.names)
        if following != last:
            raise ValueError(f"renderer: need samples {first} to {last - 1}, got them to {following - 1}")


def _clocks() -> tuple[float, float]:
    """Return seconds of the clock, and of this process and its ended children on processors."""
    spent = os.times()
    return time.monotonic(), spent.user + spent.system + spent.children_user + spent.children_system


def _report(parts: list[Part], made: list[Part], began: tuple[float, float]) -> Report:
    seconds, cpu_seconds = (now - then for now, then in zip(_clocks(), began, strict=True))
    counts = manifest.total_counts(parts)
    return Report(
        words=sum(part.rows for part in parts),
        scenes=0,
        made=sum(part.rows for part in made),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        bytes=sum(part.bytes for part in parts),
        refused=counts.get("refused", 0),
        redrawn=counts.get("redrawn", 0),
        counts=counts,
    )
