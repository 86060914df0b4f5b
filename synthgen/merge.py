"""The parts of a run that several machines made with `--shards`, joined: each shard whole, all of the same run, then the manifest."""

import logging
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from synthgen.assets.bundle import NAME as BUNDLE
from synthgen.errors import SynthgenError
from synthgen.job import CHECKED_AT_ONCE, Job
from synthgen.recipe_fields import Frozen
from synthgen.shards import manifest
from synthgen.shards.manifest import Json, Part, ShardNumber
from synthgen.shards.storage import sha256_of
from synthgen.shards.store import Folder, Store, open_store
from synthgen.spans import spans_of
from synthgen.stored_run import job_of

log = logging.getLogger(__name__)
NAMED = 5  # differences in an error


@dataclass(frozen=True)
class Report:
    """What there is now, and how it came there."""

    words: int
    scenes: int
    shards: int
    bytes: int
    linked: int  # shards that are the same file in a part and in OUT
    copied: int
    seconds: float


def merge(places: Sequence[str], out: str | None) -> Report:
    """Join the parts at `places` in OUT and write its manifest; without OUT there is one place, which has all parts already.

    What is in OUT already is kept, so it can be stopped and begun again; the parts are only read.

    Raises:
        SynthgenError: the parts are of different runs, shards are missing or unlike, or OUT has something else.
    """
    began = time.monotonic()
    if out is None and len(places) > 1:
        raise SynthgenError(f"--out: need a folder or URL to join {len(places)} parts in, got none; give one")
    sources = [open_store(place) for place in places]
    target = sources[0] if out is None else open_store(out)
    for store in (*sources, target):
        store.reach()
    run = _same_run(sources)
    job = job_of(places[0], run, Frozen(), None, manifest.RUN)
    with target.hold():
        _check_target(target, run)
        target.sweep()
        found = _found(job, [target, *(source for source in sources if str(source) != str(target))], target)
        ways = _join(found, target, run)
        parts = [part for _, part in found.values()]
        manifest.write_manifest(target, run, parts)
        for name in filter(BUNDLE.fullmatch, target.listing()):
            target.remove(name)
    rows = {table: sum(part.rows for part in parts if part.table == table) for table in manifest.NAMES}
    size_bytes, seconds = sum(part.bytes for part in parts), time.monotonic() - began
    return Report(rows["words"], rows["scenes"], len(parts), size_bytes, ways["linked"], ways["copied"], seconds)


def _same_run(sources: Sequence[Store]) -> Json:
    """Return the record of the run that all parts are of.

    Raises:
        SynthgenError: a place is no run's, or is another's.
    """
    for source in sources:
        if source.size(manifest.RUN) is None:
            raise SynthgenError(f"{source}: need part of a run, found no {manifest.RUN} there; name what `render --shards` has made")
    first = manifest.read_record(sources[0], manifest.RUN)
    for source in sources[1:]:
        _check_same(sources[0], first, source, manifest.read_record(source, manifest.RUN))
    return first


def _check_same(one: Store, run: Json, other: Store, its: Json) -> None:
    found = manifest.told_differences(run, its)
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise SynthgenError(
            f"{other}/{manifest.RUN}: need the run of {one}, but {'; '.join(found[:NAMED])}{more}; merge parts of one run only"
        )


def _check_target(target: Store, run: Json) -> None:
    names = target.listing()
    if manifest.RUN in names:
        _check_same(target, manifest.read_record(target, manifest.RUN), target, run)
    elif names:
        raise SynthgenError(f"{target}: need an empty folder or parts of this run, got files without {manifest.RUN}; give another --out")


def _found(job: Job, stores: Sequence[Store], target: Store) -> dict[ShardNumber, tuple[Store, Part]]:
    """Return where each shard is whole, the first of `stores` that has it.

    Raises:
        SynthgenError: a shard is whole nowhere, or is not the same everywhere.
    """
    shards = job.shards
    found: dict[ShardNumber, tuple[Store, Part]] = {}
    for store in stores:
        for shard, part in _whole(job, store).items():
            other, own = found.setdefault(shard, (store, part))
            if own.sha256 != part.sha256:
                cure = f"make it a third time elsewhere, --shards {shards.index(shard)}, and remove file and record of the one that differs"
                raise SynthgenError(f"{store}/{part.file}: need the bytes it has in {other}, as shards depend on the run alone; {cure}")
    missing = [place for place, shard in enumerate(shards) if shard not in found]
    if missing:
        cure = f"make them: synthgen render with the options of the run and --shards {spans_of(missing)}"
        raise SynthgenError(f"{target}: need all {len(shards)} shards, {len(missing)} missing or damaged; {cure}")
    return {shard: found[shard] for shard in shards}


def _whole(job: Job, store: Store) -> dict[ShardNumber, Part]:
    """Return the shards that are whole in a store; those that are there and are not are told."""
    recorded = store.listing(manifest.PARTS)
    shards = [shard for shard in job.shards if f"{shard}.json" in recorded]
    with ThreadPoolExecutor(CHECKED_AT_ONCE) as threads:
        parts = list(threads.map(lambda shard: manifest.whole(store, shard.table, shard.shard, job.rows(shard)), shards))
    for shard, part in zip(shards, parts, strict=True):
        if part is None:
            log.warning("%s: %s is damaged there", store, shard)
    return {shard: part for shard, part in zip(shards, parts, strict=True) if part is not None}


def _join(found: dict[ShardNumber, tuple[Store, Part]], target: Store, run: Json) -> Counter[str]:
    """Bring all shards to the target; return how many were linked and copied."""
    ways: Counter[str] = Counter()
    away = [(store, part) for store, part in found.values() if store is not target]
    if away:
        target.remove(manifest.MANIFEST)
        manifest.write_record(target, manifest.RUN, run)
    for number, (store, part) in enumerate(away, start=1):
        ways[_bring(store, part, target)] += 1
        manifest.vouch(target, part)
        log.info("shard %d of %d: %s, %.1f MB", number, len(away), part.file, part.bytes / 1e6)
    return ways


def _bring(store: Store, part: Part, target: Store) -> str:
    """Put a shard of another store into the target; return whether it was linked or copied."""
    with target.new_file(part.file) as scratch:
        if isinstance(store, Folder):
            with suppress(OSError):  # another disk, or one without links
                os.link(store.root / part.file, scratch)
                return "linked" if isinstance(target, Folder) else "copied"
        store.get(part.file, scratch)
        if sha256_of(scratch) != part.sha256:
            raise SynthgenError(f"{store}/{part.file}: need the bytes of its record, got others when copying; merge again")
    return "copied"
