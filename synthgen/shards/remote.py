"""A place in object storage as a run's store: scratch files here, whole files there, each read back after it was written."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyarrow import fs

from synthgen.shards import storage
from synthgen.shards.faults import DELAYS_S, UnlikeError, retried
from synthgen.shards.place import locate, need_bucket, shown
from synthgen.shards.storage import sha256_of

T = TypeVar("T")
BLOCK = 8 << 20  # bytes of one request when a file is read; what is written is cut into parts of 10 MiB, sent several at once, by pyarrow


@dataclass(frozen=True)
class Remote:
    """The files below a URL. A file being written is held in memory once, as its parts wait to be sent."""

    url: str
    delays_s: tuple[float, ...] = DELAYS_S  # before each new try of what failed for a while

    def __str__(self) -> str:
        return shown(self.url)

    def reach(self) -> None:
        found, _ = retried(str(self), "reached", lambda: self._infos(""), ())  # at once: nothing has been made that waiting could save
        if not found:
            need_bucket(self.url)

    def listing(self, folder: str = "", *, scratch: bool = False) -> dict[str, int | None]:  # noqa: ARG002  # there is none
        infos = self._patient(folder, "listed", lambda: self._infos(folder))
        return {info.base_name: info.size if info.type == fs.FileType.File else None for info in infos}

    def size(self, name: str) -> int | None:
        info = self._patient(name, "read", lambda: self._system.get_file_info(self._path(name)))
        return info.size if info.type == fs.FileType.File else None

    def sha256(self, name: str) -> str | None:
        return self._patient(name, "read", lambda: self._digest(name))

    def keeps(self, name: str, size_bytes: int, sha256: str) -> bool:  # noqa: ARG002  # see Store.keeps
        return self.size(name) == size_bytes

    def read(self, name: str) -> bytes | None:
        return self._patient(name, "read", lambda: self._content(name))

    def write(self, name: str, data: bytes) -> None:
        def once() -> None:
            with self._system.open_output_stream(self._path(name), compression=None) as out:
                out.write(data)
            if self._content(name) != data:
                raise UnlikeError("it reads back as other bytes")

        self._patient(name, "written", once)

    def remove(self, name: str) -> None:
        def once() -> None:
            with suppress(FileNotFoundError):
                self._system.delete_file(self._path(name))

        self._patient(name, "removed", once)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        with storage.scratch_path(self._scratch / Path(name).name) as scratch:
            yield scratch
            self.put(scratch, name)

    def put(self, source: Path, name: str) -> None:
        self.send(source, name, sha256_of(source))

    def send(self, source: Path, name: str, sha256: str, *, read_back: bool = True) -> int:
        """Put a copy of a file in place; its size there is compared, and its bytes too if they are to be `read_back`.

        Returns how often it was tried in vain before.
        """
        size_bytes = source.stat().st_size

        def once() -> None:
            self._copy(source, name)
            there = self._system.get_file_info(self._path(name)).size
            if there != size_bytes:
                raise UnlikeError(f"{size_bytes} bytes were sent, and {there} are there")
            if read_back and self._digest(name) != sha256:
                raise UnlikeError("it reads back as other bytes")

        _, failed = retried(f"{self}/{name}", "written", once, self.delays_s)
        return failed

    def get(self, name: str, target: Path) -> None:
        def once() -> None:
            with storage.scratch_path(target) as scratch:
                with scratch.open("wb") as out:
                    for block in self._blocks(name):
                        out.write(block)
                scratch.replace(target)

        if self.size(name) is None:
            raise FileNotFoundError(f"{self}/{name}")
        self._patient(name, "read", once)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="synthgen-") as folder:
            path = Path(folder) / Path(name).name
            with suppress(FileNotFoundError):
                self.get(name, path)
            yield path

    @contextmanager
    def hold(self, *, shared: bool = False) -> Iterator[None]:
        folder = self._scratch
        with storage.sole_writer(folder, shared=shared, name=str(self)):
            try:
                yield
            finally:
                if not shared:  # others may be about to write in it
                    with suppress(OSError):  # not empty: what a dead run left is for the next to sweep
                        folder.rmdir()

    def sweep(self, of: Collection[str] | None = None) -> None:
        storage.sweep(self._scratch, of)

    def need_room(self, size_bytes: int) -> None:
        pass  # only a shard a worker is ever here, and a full disk is told where it is met

    @property
    def _system(self) -> fs.FileSystem:
        return locate(self.url)[0]

    def _path(self, name: str) -> str:
        root = locate(self.url)[1]
        return f"{root}/{name}" if name else root

    @property
    def _scratch(self) -> Path:
        """The folder for scratch files on this machine; TMPDIR says on which disk."""
        url, _, query = self.url.partition("?")
        digest = hashlib.sha256(f"{url.rstrip('/')}?{query}".encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"synthgen-{os.getuid()}-{digest}"
        with storage.mendable(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _patient(self, name: str, verb: str, task: Callable[[], T]) -> T:
        return retried(f"{self}/{name}" if name else str(self), verb, task, self.delays_s)[0]

    def _infos(self, folder: str) -> list[fs.FileInfo]:
        return list(self._system.get_file_info(fs.FileSelector(self._path(folder), allow_not_found=True)))

    def _content(self, name: str) -> bytes | None:
        try:
            return b"".join(self._blocks(name))
        except FileNotFoundError:
            return None

    def _digest(self, name: str) -> str | None:
        digest = hashlib.sha256()
        try:
            for block in self._blocks(name):
                digest.update(block)
        except FileNotFoundError:
            return None
        return digest.hexdigest()

    def _blocks(self, name: str) -> Iterator[pa.Buffer]:
        with self._system.open_input_stream(self._path(name), compression=None) as file:
            while block := file.read_buffer(BLOCK):
                yield block

    def _copy(self, source: Path, name: str) -> None:
        """Send a file. Stopped half-way, it may stay there cut off: so nothing counts as there before its size was compared."""
        with source.open("rb") as file, self._system.open_output_stream(self._path(name), compression=None) as out:
            while block := file.read(BLOCK):
                out.write(block)
