"""A run checked from end to end: records against files, every row, and samples rendered again from run.json."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import pyarrow as pa

from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.held_out import HeldOut
from synthgen.job import Job, Renderer
from synthgen.recipe import Recipe
from synthgen.recipe_fields import Frozen
from synthgen.shards.findings import Fault, Findings
from synthgen.shards.manifest import RUN, Json, Part, ShardNumber, differences, listed
from synthgen.shards.relabel import held_of, relabelled
from synthgen.shards.row_checks import known_points
from synthgen.shards.scenes import scene_batch
from synthgen.shards.schema import TABLES
from synthgen.shards.shard_check import Checker, Depth, Found, Wanted
from synthgen.shards.store import open_store
from synthgen.shards.words import word_batch
from synthgen.stored_run import check_records, job_of, read_manifest
from synthgen.versions import package_versions

log = logging.getLogger(__name__)
PRINTED = 100  # faults


@dataclass(frozen=True)
class Order:
    """What `synthgen verify` was asked for."""

    out: Path | str  # folder or URL
    depth: Depth
    workers: int
    cache: Path | None = None


@dataclass(frozen=True)
class Report:
    """What was found; rows are of both tables."""

    rows: dict[str, int]  # by table, in the files
    shards: int
    checked: int
    decoded: int
    rerendered: int
    recoded: int  # pictures rendered again with the same pixels in other bytes
    faults: int
    rules: dict[str, int]  # faults by rule
    told: tuple[Fault, ...]  # the first PRINTED
    versions: dict[str, tuple[str, str]]  # of packages that differ: in the run, here; only where samples were rendered again
    seconds: float


def verify(order: Order) -> Report:
    """Check the run at `order.out`; faults are in the report.

    Raises:
        SynthgenError: there is no finished run, or samples are to be rendered again and its recipe or assets are not at hand.
    """
    began = time.monotonic()
    manifest = read_manifest(open_store(order.out))
    task = task_of(order.out, order.depth, order.cache)
    records = check_records(task.job, manifest)
    versions = _versions(manifest["run"]) if order.depth.rerender else {}
    return _report(_check_all(task, order), records, versions, time.monotonic() - began)


def _recipe(run: Json, place: str) -> Recipe:
    table = run.get("recipe")
    return Recipe.checked(table if isinstance(table, dict) else {}, place=f"{place}: recipe")


def _versions(run: object) -> dict[str, tuple[str, str]]:
    there = run.get("versions") if isinstance(run, dict) else None
    found = {name: (str(was), str(now)) for name, was, now in differences(there, package_versions())}
    for name, (was, now) in found.items():
        log.warning("%s: %s made the run, %s is installed: what is rendered again may differ", name, was, now)
    return found


@dataclass(frozen=True)
class ShardTask:
    """Checks shards by number; keeps its renderer from one to the next."""

    job: Job
    parts: dict[ShardNumber, Part]
    digest: str
    depth: Depth
    held: HeldOut | None  # what `synthgen split` holds out, which no recipe tells of

    @cached_property
    def renderer(self) -> Renderer:
        """The renderer of this process."""
        return open_again(self.job)

    @cached_property
    def checker(self) -> Checker:
        """What checks the shards of this run."""
        return Checker(self.job.store, self.depth, known_points(self.job.alphabet), self._again if self.depth.rerender else None)

    def __call__(self, number: int) -> tuple[ShardNumber, Found]:
        """Return what the shard of a ShardNumber is."""
        shard = ShardNumber(number)
        groups = -(-self.job.rows(ShardNumber.of(shard.table, 0)) // TABLES[shard.table].row_group)
        wanted = Wanted(self.parts[shard], self.job.span(shard)[0], shard.shard * groups, self.digest, self.job.alphabet)
        return shard, self.checker.check(wanted)

    def _again(self, table: str, first: int, last: int) -> Iterator[pa.RecordBatch]:
        names = self.renderer.names
        if table == "words":
            batches = (word_batch(words, names) for words, _ in self.renderer.words(first, last))
        else:
            batches = (scene_batch(scenes, names) for scenes, _ in self.renderer.scenes(first, last))
        held = self.held
        yield from (relabelled(batch, table, held) for batch in batches) if held else batches


def task_of(out: Path | str, depth: Depth, cache: Path | None = None) -> ShardTask:
    """Return what checks the shards that the manifest of a run names.

    Raises:
        SynthgenError: there is no finished run, or it is to be rendered again and its recipe is not one of this version.
    """
    store = open_store(out)
    manifest = read_manifest(store)
    run = cast("Json", manifest["run"])  # read_manifest has looked
    recipe = _recipe(run, f"{store}/{RUN}") if depth.rerender else Frozen()  # runs of older versions are checked all the same
    job = job_of(out, run, recipe, cache)
    parts = {ShardNumber.of(table, part.shard): part for table in TABLES for part in listed(manifest, table) or ()}
    return ShardTask(
        job, {shard: part for shard, part in parts.items() if shard in job.shards}, str(manifest.get("digest")), depth, held_of(run)
    )


def open_again(job: Job) -> Renderer:
    """Return the renderer that made a run.

    Raises:
        SynthgenError: an asset is missing, or not what it was.
    """
    try:
        return job.factory(job)
    except SynthgenError as error:
        raise SynthgenError(f"--rerender needs the assets of the run: {error}; or verify without --rerender") from error


def _check_all(task: ShardTask, order: Order) -> dict[ShardNumber, Found]:
    shards, found = sorted(task.parts), {}
    workers = min(order.workers, len(shards))
    if order.depth.rerender and workers > 1:
        _warm(task.job)
    began, rows = time.monotonic(), 0
    with closing(LocalEngine(max(workers, 1), inline=workers <= 1).map(task, shards)) as results:
        for shard, result in results:
            found[shard] = result
            rows += result.rows
            speed = rows / max(time.monotonic() - began, 1e-9)
            log.info(
                "shard %d of %d: %s, %d faults, %.0f rows/s", len(found), len(shards), shard, sum(result.findings.counts.values()), speed
            )
    return found


def _warm(job: Job) -> None:
    """Render a sample of each table, so that kernels are compiled and missing assets told before workers start."""
    renderer = open_again(job)
    if job.n:
        next(renderer.words(0, 1))
    if job.scenes:
        next(renderer.scenes(0, 1))


def _report(found: dict[ShardNumber, Found], records: Findings, versions: dict[str, tuple[str, str]], seconds: float) -> Report:
    rules, told = records.counts.copy(), list(records.faults)
    for shard in sorted(found, key=lambda shard: (shard % len(TABLES), shard)):  # words first
        rules.update(found[shard].findings.counts)
        told.extend(found[shard].findings.faults)
    shards = found.values()
    return Report(
        rows={table: sum(one.rows for one in shards if one.table == table) for table in TABLES},
        shards=len(found),
        checked=sum(one.checked for one in shards),
        decoded=sum(one.decoded for one in shards),
        rerendered=sum(one.rerendered for one in shards),
        recoded=sum(one.recoded for one in shards),
        faults=sum(rules.values()),
        rules=dict(sorted(rules.items())),
        told=tuple(told[:PRINTED]),
        versions=versions,
        seconds=seconds,
    )


def as_json(report: Report) -> dict[str, object]:
    """Return the report as `verify --json` prints it."""
    return asdict(report)


def as_lines(report: Report) -> list[str]:
    """Return the report as `verify` prints it: the first faults, a line each, then what was looked at."""
    lines = [str(fault) for fault in report.told]
    if report.faults > len(lines):
        lines.append(f"... and {report.faults - len(lines):,} more")
    if report.faults:
        lines.append("by rule: " + ", ".join(f"{rule} {count:,}" for rule, count in report.rules.items()))
    if report.recoded:
        lines.append(f"{report.recoded:,} pictures rendered again have the same pixels in other bytes")
    rows = " and ".join(f"{count:,} {table}" for table, count in report.rows.items() if count) or "no rows"
    looked = f"{report.checked:,} rows checked, {report.decoded:,} decoded, {report.rerendered:,} rendered again"
    verdict = f"{report.faults:,} faults" if report.faults else "no faults"
    return [*lines, f"{rows} in {report.shards} shards, {looked}: {verdict} in {report.seconds:.1f} s"]
