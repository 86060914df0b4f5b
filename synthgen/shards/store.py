"""Where a run's files go and come from: a folder here or a place in object storage, behind one door."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from synthgen.errors import SynthgenError
from synthgen.shards import storage
from synthgen.shards.place import is_url
from synthgen.shards.remote import Remote
from synthgen.shards.storage import sha256_of


class Store(Protocol):
    """The files of a run, by their path below it ("words/words-00000.parquet"); pickled to workers. Written out it is where they are.

    Every file is whole or not there, and what cannot be read or written is a SynthgenError that says the cure.
    """

    def reach(self) -> None:
        """Check that it answers, and that its bucket is there; a folder need not be."""
        ...

    def listing(self, folder: str = "", *, scratch: bool = False) -> dict[str, int | None]:
        """Return the names in a folder, `scratch` files if asked for, and the bytes of each, None for folders; none where there is none."""
        ...

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None where there is none."""
        ...

    def sha256(self, name: str) -> str | None:
        """Return the SHA-256 of a file as it is read now, 64 hex digits; None where there is none."""
        ...

    def keeps(self, name: str, size_bytes: int, sha256: str) -> bool:
        """Return whether a file is what was written. Object storage is asked for its size alone: its bytes were read back then."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, None where there is none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Put a small file in place."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def new_file(self, name: str) -> AbstractContextManager[Path]:
        """Yield a scratch path on this machine; what it holds is put in place if the body succeeds, and it is gone in any case."""
        ...

    def put(self, source: Path, name: str) -> None:
        """Put a copy of a file of this machine in place."""
        ...

    def get(self, name: str, target: Path) -> None:
        """Make `target` a copy of a file; FileNotFoundError where there is none."""
        ...

    def local_copy(self, name: str) -> AbstractContextManager[Path]:
        """Yield the path of a file on this machine: its own, or that of a copy which is gone afterwards; of no file where there is none."""
        ...

    def hold(self, *, shared: bool = False) -> AbstractContextManager[None]:
        """Make it where missing and keep other runs out while the body runs, but for those that share it too.

        Of object storage only runs on this machine are kept out. Two runs of the same job elsewhere do no harm, they write the same bytes.
        """
        ...

    def sweep(self, of: Collection[str] | None = None) -> None:
        """Remove the scratch files that dead runs left, or only those of the files named `of`; only for who holds it."""
        ...

    def need_room(self, size_bytes: int) -> None:
        """Check that there is room for so much."""
        ...


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    def reach(self) -> None:
        pass

    def listing(self, folder: str = "", *, scratch: bool = False) -> dict[str, int | None]:
        with storage.mendable(self.root / folder):
            if not (self.root / folder).exists():
                return {}
            paths = [path for path in sorted((self.root / folder).iterdir()) if scratch or not storage.SCRATCH.match(path.name)]
            return {path.name: path.stat().st_size if path.is_file() else None for path in paths}

    def size(self, name: str) -> int | None:
        path = self.root / name
        return path.stat().st_size if path.is_file() else None

    def sha256(self, name: str) -> str | None:
        path = self.root / name
        return sha256_of(path) if path.is_file() else None

    def keeps(self, name: str, size_bytes: int, sha256: str) -> bool:
        return self.size(name) == size_bytes and self.sha256(name) == sha256

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        try:
            return path.read_bytes() if path.is_file() else None
        except OSError as error:
            raise SynthgenError(f"{path}: cannot be read: {error.strerror}; mend its rights, or restore the file") from error

    def write(self, name: str, data: bytes) -> None:
        with self.new_file(name) as scratch:
            scratch.write_bytes(data)

    def remove(self, name: str) -> None:
        with storage.mendable(self.root / name):
            (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        storage.make_folder((self.root / name).parent)
        with storage.atomic_path(self.root / name) as scratch:
            yield scratch

    def put(self, source: Path, name: str) -> None:
        with self.new_file(name) as scratch:
            shutil.copyfile(source, scratch)

    def get(self, name: str, target: Path) -> None:
        if self.size(name) is None:
            raise FileNotFoundError(f"{self.root / name}")
        with storage.atomic_path(target) as scratch:
            shutil.copyfile(self.root / name, scratch)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        yield self.root / name

    @contextmanager
    def hold(self, *, shared: bool = False) -> Iterator[None]:
        storage.make_folder(self.root)
        with storage.sole_writer(self.root, shared=shared):
            yield

    def sweep(self, of: Collection[str] | None = None) -> None:
        storage.sweep(self.root, of)

    def need_room(self, size_bytes: int) -> None:
        storage.need_room(self.root, size_bytes)


def open_store(place: Path | str) -> Store:
    """Return the store at a folder or URL; nothing is asked of it yet."""
    return Remote(str(place)) if is_url(place) else Folder(Path(place))
