"""Finished shards sent from a folder here to object storage: checked before, read back after, the manifest last."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.shards.faults import DELAYS_S
from synthgen.shards.manifest import MANIFEST, PARTS, RUN, Json, Part, listed, part_name, read_part, read_record, told_differences
from synthgen.shards.place import is_url
from synthgen.shards.remote import Remote
from synthgen.shards.schema import TABLES
from synthgen.shards.storage import need_here
from synthgen.shards.store import Folder


@dataclass(frozen=True)
class Order:
    """What `synthgen upload` was asked for."""

    shards: Path
    url: str
    verify: str = "checksum"  # or "size"
    threads: int = 4  # files at once; of each, parts are sent several at once too
    delays_s: tuple[float, ...] = DELAYS_S
    delete_local: bool = False


@dataclass(frozen=True)
class Sent:
    """A shard that is there now."""

    bytes: int
    skipped: bool  # it was there before
    retried: int  # tries that failed for a while


@dataclass(frozen=True)
class Report:
    """What there is now, and what this upload did for it."""

    shards: int
    bytes: int  # of all shards
    uploaded: int
    uploaded_bytes: int
    skipped: int
    retried: int
    deleted: int  # shards removed here
    seconds: float
    mb_per_second: float  # of what was uploaded, checks included


Progress = Callable[[Sent], None]


def upload(order: Order, progress: Progress) -> Report:
    """Send a finished run; `progress` hears of each shard, from the thread of the caller.

    Raises:
        SynthgenError: it is not finished, or damaged; another run is at the URL; the store refuses, or does not answer for long.
    """
    began = time.monotonic()
    _check(order)
    near, far = Folder(order.shards), Remote(order.url, order.delays_s)
    with near.hold():
        run, parts = _finished(near)
        far.reach()
        _check_shards(near, parts, order.threads)
        with far.hold():
            _open(near, far, run)
            sent = list(_send(near, far, parts, order, progress))
            _commit(near, far)
        if order.delete_local:
            _delete(near, parts)
    return _report(sent, len(parts) if order.delete_local else 0, time.monotonic() - began)


def _check(order: Order) -> None:
    need_here(order.shards)
    if not is_url(order.url):
        raise SynthgenError(f"{order.url}: need a URL like s3://bucket/run1, got none; copy to a folder with cp")
    if not order.shards.is_dir():
        raise SynthgenError(f"{order.shards}: need the folder of a finished run, found none; run `synthgen render` first")
    if order.delete_local and order.verify != "checksum":
        raise SynthgenError(f"--delete-local: need --verify checksum, as no other copy is left then, got {order.verify}; leave one out")


def _finished(near: Folder) -> tuple[Json, list[Part]]:
    """Return the record of a finished run, and those of its shards."""
    if near.size(MANIFEST) is None:
        cure = "go on with `synthgen render --resume`, or name a folder that it has finished"
        raise SynthgenError(f"{near}: need {MANIFEST}, which a finished run has, found none; {cure}")
    manifest, run = read_record(near, MANIFEST), read_record(near, RUN)
    wrong = told_differences(manifest.get("run"), run)
    if wrong:
        raise SynthgenError(f"{near}/{RUN}: need the run of the manifest, got another: {'; '.join(wrong)}; render again with --resume")
    found = {table: listed(manifest, table) for table in TABLES if table in manifest}
    damaged = [table for table, parts in found.items() if parts is None]
    if damaged or not found:
        named = " and ".join(damaged or TABLES)
        raise SynthgenError(f"{near}/{MANIFEST}: need the records of {named}, got others or none; render again with --resume")
    return run, [part for parts in found.values() for part in parts or ()]


def _check_shards(near: Folder, parts: Sequence[Part], threads: int) -> None:
    """Compare every shard and its record with the manifest."""
    with ThreadPoolExecutor(threads) as pool:
        faults = [fault for fault in pool.map(lambda part: _fault(near, part), parts) if fault]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SynthgenError(f"{faults[0]}{more}; nothing was uploaded; render again with --resume")


def _fault(near: Folder, part: Part) -> str | None:
    """Return how a shard is not what the manifest says."""
    size = near.size(part.file)
    if size != part.bytes:
        return f"{near}/{part.file}: need {part.bytes} bytes, got {'no file' if size is None else size}"
    digest = near.sha256(part.file)
    if digest != part.sha256:
        return f"{near}/{part.file}: need the SHA-256 {part.sha256}, as in {MANIFEST}, got {digest}"
    name = part_name(part.table, part.shard)
    with suppress(SynthgenError):
        if read_part(near, name) == part:
            return None
    return f"{near}/{name}: need the record of {part.file}, as in {MANIFEST}, got another or none"


def _open(near: Folder, far: Remote, run: Json) -> None:
    """Make the URL that of this run, or check that it is; its manifest is taken away unless it is the same."""
    names = far.listing()
    there = far.read(RUN) if RUN in names else None
    if names and there is None:
        raise SynthgenError(f"{far}: need an empty place, or one with this run, got one with files and without {RUN}; give another URL")
    if there is not None:
        try:
            was = json.loads(there)
        except ValueError:
            was = None
        wrong = told_differences(was, run, may_grow=True)
        if wrong:
            raise SynthgenError(f"{far}/{RUN}: need this run, or none, got another: {'; '.join(wrong)}; give another URL")
    if MANIFEST in names and far.read(MANIFEST) != near.read(MANIFEST):
        far.remove(MANIFEST)  # it vouches for other shards than there will be
    _write(near, far, RUN, there)


def _write(near: Folder, far: Remote, name: str, there: bytes | None) -> None:
    """Copy a record, unless it is there already."""
    data = near.read(name)
    if data is not None and data != there:
        far.write(name, data)


def _send(near: Folder, far: Remote, parts: Sequence[Part], order: Order, progress: Progress) -> Iterator[Sent]:
    """Send shards and their records, some at once; the first fault ends it."""
    sizes = {f"{table}/{name}": size for table in TABLES for name, size in far.listing(table).items()}
    recorded = far.listing(PARTS)
    pool = ThreadPoolExecutor(order.threads)

    def one(part: Part) -> Sent:
        there = sizes.get(part.file) == part.bytes and (order.verify == "size" or far.sha256(part.file) == part.sha256)
        tries = 0 if there else far.send(near.root / part.file, part.file, part.sha256, read_back=order.verify == "checksum")
        name = part_name(part.table, part.shard)
        _write(near, far, name, far.read(name) if Path(name).name in recorded else None)
        return Sent(part.bytes, there, tries)

    try:
        going: set[Future[Sent]] = {pool.submit(one, part) for part in parts}
        while going:
            done, going = wait(going, return_when=FIRST_COMPLETED)
            for future in done:
                progress(future.result())
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _commit(near: Folder, far: Remote) -> None:
    """Write the manifest: from now on the URL reads as a whole run."""
    _write(near, far, MANIFEST, far.read(MANIFEST))


def _delete(near: Folder, parts: Sequence[Part]) -> None:
    """Remove a run's files here, the manifest first, so that what is left does not read as whole."""
    names = [MANIFEST, *(part.file for part in parts), *(part_name(part.table, part.shard) for part in parts), RUN]
    for name in names:
        near.remove(name)
    for folder in (*TABLES, PARTS):
        with suppress(OSError):  # not there, or not empty: it holds what is not the run's
            (near.root / folder).rmdir()


def _report(sent: Sequence[Sent], deleted: int, seconds: float) -> Report:
    new = [one for one in sent if not one.skipped]
    size = sum(one.bytes for one in new)
    return Report(
        shards=len(sent),
        bytes=sum(one.bytes for one in sent),
        uploaded=len(new),
        uploaded_bytes=size,
        skipped=len(sent) - len(new),
        retried=sum(one.retried for one in sent),
        deleted=deleted,
        seconds=seconds,
        mb_per_second=size / 1e6 / max(seconds, 1e-9),
    )
