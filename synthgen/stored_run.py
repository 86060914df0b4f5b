"""A run as its records tell it: what it was made from, which shards it has, and whether the records agree with each other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.job import Job
from synthgen.recipe_fields import Frozen
from synthgen.renderer import open_renderer
from synthgen.shards.findings import Findings, shown
from synthgen.shards.manifest import (
    MANIFEST,
    NOT_FINISHED,
    PARTS,
    RUN,
    Json,
    Part,
    ShardNumber,
    differences,
    listed,
    part_name,
    read_part,
    read_record,
    run_digest,
    total_counts,
)
from synthgen.shards.schema import TABLES
from synthgen.shards.store import Store, open_store

KINDS = {"seed": int, "n": int, "scenes": int, "format": str, "alphabet": str, "assets": dict, "shard_sizes": dict}  # of a run's record
MOST_SHARDS = 10_000_000  # of a table; more are damage, and would fill the memory


def read_manifest(store: Store) -> Json:
    """Return the manifest of a finished run.

    Raises:
        SynthgenError: there is none, it cannot be read, or tells of no run.
    """
    store.reach()
    if store.size(MANIFEST) is None:
        raise SynthgenError(f"{store}: need {MANIFEST}, which a finished run has, found none; {NOT_FINISHED}")
    manifest = read_record(store, MANIFEST)
    if not isinstance(manifest.get("run"), dict):
        raise SynthgenError(f"{store}/{MANIFEST}: need the record of a run, got one without 'run'; render again with --resume")
    return manifest


def job_of(out: Path | str, run: Json, recipe: Frozen, cache: Path | None, record: str = f"{MANIFEST}: run") -> Job:
    """Return the job that made a run, from what its record says; `recipe`: that of the run, or a stand-in where nothing is rendered.

    `record`: what it is called in errors.

    Raises:
        SynthgenError: the record lacks something, or holds what no run has.
    """
    try:
        _check_types(run)
        sizes = run["shard_sizes"]
        return Job(
            recipe=recipe,
            seed=run["seed"],  # type: ignore[arg-type]  # looked at above
            n=run["n"],  # type: ignore[arg-type]
            scenes=run["scenes"],  # type: ignore[arg-type]
            out=out,
            factory=partial(open_renderer, cure="put it back"),
            assets=run["assets"],  # type: ignore[arg-type]
            format=run["format"],  # type: ignore[arg-type]
            shard_size=sizes["words"],  # type: ignore[index]
            scenes_shard_size=sizes["scenes"],  # type: ignore[index]
            alphabet=run["alphabet"],  # type: ignore[arg-type]
            cache=cache,
        )
    except (KeyError, TypeError) as error:
        raise SynthgenError(f"{open_store(out)}/{record}: need all that a run has, got {error!r}; render again with --resume") from error


def _check_types(run: Json) -> None:
    wrong = [name for name, kind in KINDS.items() if type(run[name]) is not kind]
    if wrong:
        raise TypeError(f"{', '.join(wrong)} of another type")
    for name, count in (("words", run["n"]), ("scenes", run["scenes"])):
        size = run["shard_sizes"][name]  # type: ignore[index]  # looked at above
        if type(size) is not int or count // max(size, 1) >= MOST_SHARDS:  # type: ignore[operator]
            raise TypeError(f"{count} {name} in shards of {size!r}")


def check_records(job: Job, manifest: Json) -> Findings:
    """Return how run.json, the manifest, the records of shards and the folders disagree."""
    findings = Findings(MANIFEST)
    try:
        for name, there, here in differences(read_record(job.store, RUN), manifest["run"]):
            findings.whole(f"run.{name}", f"{shown(there)} as in {RUN}", shown(here))
    except SynthgenError as error:
        findings.whole("file", "the record of the run", error, file=RUN)
    findings.differ("digest", run_digest(_run(manifest)), manifest.get("digest"))
    for table in TABLES:
        _check_table(job, manifest, table, findings)
    known = {part.file for table in TABLES for part in listed(manifest, table) or ()}
    records = {part_name(shard.table, shard.shard) for shard in job.shards}
    for file in (file for folder in (*TABLES, PARTS) for file in _files(job.store, folder)):
        if file not in known | records:
            findings.whole("file", "only files of the run", "one that the manifest does not name", file=file)
    return findings


def _run(manifest: Json) -> Json:
    run = manifest["run"]
    return run if isinstance(run, dict) else {}


def _check_table(job: Job, manifest: Json, table: str, findings: Findings) -> None:
    """Check that the manifest has each shard of the job once, with as many rows as it must have, and the sums of all."""
    need = {shard.shard: shard for shard in job.shards if shard.table == table}
    parts = listed(manifest, table) or []
    if table in manifest and listed(manifest, table) is None:
        findings.whole(f"{table} shards", "their records", "others, or ones with values of other types")
        return
    numbers = Counter(part.shard for part in parts)
    for number, shard in need.items():
        if numbers[number] != 1:
            first, last = job.span(shard)
            findings.whole(f"{table} shards", f"{shard} once, with samples {first} to {last - 1}", f"it {numbers[number]} times")
    for part in parts:
        if part.shard not in need:
            findings.whole(f"{table} shards", f"shards 0 to {len(need) - 1}", f"{part.file}")
        else:
            findings.differ(f"{table} rows of {part.file}", job.rows(need[part.shard]), part.rows)
            _check_part(job.store, part, findings)
    _check_copies(parts, findings)
    if parts:
        _check_sums(manifest, table, parts, findings)


def _check_part(store: Store, part: Part, findings: Findings) -> None:
    file = part_name(part.table, part.shard)
    findings.differ("file", f"{part.table}/{ShardNumber.of(part.table, part.shard)}", str(Path(part.file).with_suffix("")))
    try:
        own = read_part(store, file)
    except SynthgenError as error:
        findings.whole("file", "the record of a shard", error, file=file)
        return
    if own is None:
        findings.whole("file", "the record of a shard", "no file", file=file)
        return
    for name, here, there in differences(asdict(part), asdict(own)):
        findings.whole(name, f"{shown(here)} as in {MANIFEST}", shown(there), file=file)


def _check_copies(parts: list[Part], findings: Findings) -> None:
    seen: dict[str, str] = {}
    for part in parts:
        other = seen.setdefault(part.sha256, part.file)
        if other != part.file:
            findings.whole("copy", "shards that differ", f"the bytes of {other} again", file=part.file)


def _check_sums(manifest: Json, table: str, parts: list[Part], findings: Findings) -> None:
    sums = {"rows": sum(part.rows for part in parts), "bytes": sum(part.bytes for part in parts), "counts": total_counts(parts)}
    told = manifest[table]
    for name, total in sums.items():
        findings.differ(f"{table} {name}", total, told.get(name) if isinstance(told, dict) else None)


def _files(store: Store, folder: str) -> Iterator[str]:
    """Yield all files in a folder, in its folders too, by their path in the store."""
    for name, size in store.listing(folder, scratch=True).items():
        path = f"{folder}/{name}"
        if size is None:
            yield from _files(store, path)
        else:
            yield path
