"""Whole files or none, on a disk that may fill up, shared with runs that may have died."""

import errno
import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from synthgen.errors import SynthgenError
from synthgen.shards.place import shown

SCRATCH = re.compile(r"^\..+\.[0-9a-f]{8}$")  # what scratch_path names its files
UNUSED_S = 3600.0  # whoever writes a shard adds to it every few seconds; the rest is for clocks that differ
CURES = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the disk quota is used up; make room",
    errno.EFBIG: "the file would be larger than this system or user may write; raise that limit, or give a smaller --shard-size",
    errno.EROFS: "the disk is read-only; give another OUT",
    errno.EACCES: "writing there is not allowed; give another OUT",
    errno.EPERM: "writing there is not allowed; give another OUT",
    errno.ENOTDIR: "a part of the path is a file, not a folder; give another OUT",
    errno.EEXIST: "it is a file, not a folder; give another OUT",
}

log = logging.getLogger(__name__)


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a scratch path beside `final`; put it in place only if the body succeeds.

    Writing to `final` itself would not do: on an error pyarrow still closes a valid footer, and a short shard reads as a good one.

    Raises:
        SynthgenError: the disk is full, or cannot be written for another reason that the user can mend.
    """
    with scratch_path(final) as scratch:
        yield scratch
        sync(scratch)  # else a power cut leaves a whole name on an empty file
        scratch.replace(final)
        sync(final.parent)  # else a power cut may forget the new name, and remember a part file that vouches for it


@contextmanager
def scratch_path(final: Path) -> Iterator[Path]:
    """Yield a path beside `final` for a file that is removed in the end, if it is still there.

    Raises:
        SynthgenError: the disk is full, or cannot be written for another reason that the user can mend.
    """
    scratch = final.with_name(f".{final.name}.{secrets.token_hex(4)}")  # two tasks may write the same shard
    with mendable(final):
        try:
            yield scratch
        finally:
            with suppress(OSError):  # an unwritable disk must not hide why the body failed; sweep() takes what stays
                scratch.unlink(missing_ok=True)


@contextmanager
def mendable(path: Path) -> Iterator[None]:
    """Turn the faults of a disk that the user can mend into errors that say how.

    Raises:
        SynthgenError: in place of an OSError whose cause is known; `path` is a URL.
    """
    need_here(path)
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise  # not the system's
        cure = CURES.get(error.errno, f"{error.strerror}; give another OUT")
        raise SynthgenError(
            f"{path}: cannot be written: {cure}; what is finished is kept: render and export go on with --resume, split as it is"
        ) from error


def need_here(path: Path) -> None:
    """Check that `path` is one of this machine.

    Raises:
        SynthgenError: it is a URL, of which pathlib makes a path in a folder "s3:".
    """
    if path.parts and path.parts[0].endswith(":"):
        url = shown(str(path).replace(":/", "://", 1))
        raise SynthgenError(f"{url}: need a folder or file of this machine, got a URL, or one with a slash too few; give a path here")


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(final: Path, content: dict[str, object]) -> None:
    """Put `content` at `final` as JSON; equal content gives equal bytes."""
    with atomic_path(final) as scratch:
        scratch.write_bytes(json_bytes(content))


def json_bytes(content: dict[str, object]) -> bytes:
    """Return `content` as JSON, to be read by people too."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def read_json(path: Path) -> dict[str, object]:
    """Return the JSON object in a file.

    Raises:
        SynthgenError: the file cannot be read, or holds no JSON object.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SynthgenError(f"{path}: cannot be read as JSON: {error}; render into another OUT, or restore the file") from error
    return json_object(data, str(path))


def json_object(data: bytes, place: str) -> dict[str, object]:
    """Return the JSON object in the bytes of the file at `place`.

    Raises:
        SynthgenError: they hold none.
    """
    try:
        content = json.loads(data.decode())
    except ValueError as error:
        raise SynthgenError(f"{place}: cannot be read as JSON: {error}; render into another OUT, or restore the file") from error
    if not isinstance(content, dict):
        raise SynthgenError(f"{place}: need a JSON object, got {type(content).__name__}; render into another OUT, or restore the file")
    return content


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents where missing.

    Raises:
        SynthgenError: it is a file, or may not be made.
    """
    with mendable(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def sole_writer(folder: Path, *, shared: bool = False, name: str = "") -> Iterator[None]:
    """Hold `folder` for this process while the body runs, together with others that hold it `shared` too; the hold ends with the process.

    `name` is what it is called in errors, if not its path.

    Raises:
        SynthgenError: another run holds it.
    """
    handle = os.open(folder, os.O_RDONLY)  # the folder itself: a lock file would be one more thing to clean up
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            cure = "wait for it or give another OUT"
            raise SynthgenError(f"{name or folder}: one run at a time, and another is writing there; {cure}") from error
        except OSError as error:  # some network disks have no locks
            log.warning("%s: cannot be locked (%s): start no second run there", folder, error)
        yield
    finally:
        os.close(handle)


def sweep(folder: Path, of: Collection[str] | None = None) -> int:
    """Remove the scratch files that dead runs left in `folder` and its subfolders; return how many. Only for who holds the folder.

    `of`: names of files whose scratch alone is removed, once nothing was written to it for UNUSED_S, for who shares the folder: others
    may be making these very files, as a scheduler begins again what it has lost sight of.
    """
    paths = [path for path in (*folder.glob(".*"), *folder.glob("*/.*")) if SCRATCH.match(path.name) and path.is_file()]
    found = [path for path in paths if of is None or (path.stem.removeprefix(".") in of and _is_unused(path))]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _is_unused(path: Path) -> bool:
    with suppress(FileNotFoundError):  # who made it has put it in place
        return time.time() - path.stat().st_mtime > UNUSED_S
    return False


def need_room(folder: Path, size_bytes: int) -> None:
    """Check that `folder`'s disk has room for `size_bytes`.

    Raises:
        SynthgenError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        need, got = f"{size_bytes / 1e9:.1f} GB", f"{free / 1e9:.1f} GB"
        raise SynthgenError(
            f"{folder}: need at least {need} free on its disk, got {got}; make room, or give another OUT, a smaller --n or --scenes"
        )
