"""Arrays that take seconds to make, kept on disk and memory-mapped by every worker."""

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthgen.errors import SynthgenError

Arrays = dict[str, NDArray[np.generic]]
CONTENTS = "contents.txt"  # names of an entry\'s files, so that a missing one is noticed


def default_folder() -> Path:
    """Return where made assets are kept: the user's cache folder."""
    return Path.home() / ".cache" / "synthgen"


def digest(*parts: str | bytes) -> str:
    """Return 32 hex digits that change with any part."""
    whole = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "little") + data)
    return whole.hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached(folder: Path, name: str, make: Callable[[], Mapping[str, NDArray[np.generic]]]) -> Arrays:
    """Return the arrays `make` gives, memory-mapped read-only from `folder/name/`; made once, by whoever comes first.

    `name` must hold a digest of all that `make` depends on.

    Raises:
        SynthgenError: the folder cannot be written, or what it holds is damaged.
    """
    final = folder / name
    if not is_kept(final):
        arrays = make()
        with stored(final) as scratch:
            for key, array in arrays.items():
                np.save(scratch / f"{key}.npy", array)
    return load(final)


def is_kept(final: Path) -> bool:
    """Return whether there is such an entry; one without its list of files, of an older version, is removed."""
    if final.is_dir() and not (final / CONTENTS).is_file():
        shutil.rmtree(final, ignore_errors=True)
    return final.is_dir()


def load(folder: Path) -> Arrays:
    """Return the arrays kept in `folder`, memory-mapped read-only.

    Raises:
        SynthgenError: a file is missing, cut off or cannot be read, as after a power cut or a disk that filled up.
    """
    try:
        names = (folder / CONTENTS).read_text(encoding="utf-8").split()
        return {Path(name).stem: np.load(folder / name, mmap_mode="r") for name in names}
    except (OSError, ValueError, EOFError) as error:
        raise SynthgenError(f"cache {folder}: need whole files, got a damaged one: {error}; remove the folder, it is made anew") from error


@contextmanager
def stored(final: Path) -> Iterator[Path]:
    """Yield a scratch folder beside `final` for `.npy` files; list them and put the folder in place only if the body succeeds.

    Raises:
        SynthgenError: the folder cannot be written.
    """
    scratch = final.with_name(f".{final.name}.{secrets.token_hex(4)}")  # two runs may make the same entry
    try:
        scratch.mkdir(parents=True)
        yield scratch
        names = sorted(path.name for path in scratch.glob("*.npy"))
        (scratch / CONTENTS).write_text("\n".join(names), encoding="utf-8")
        scratch.rename(final)
    except OSError as error:
        if not final.is_dir():  # else another process was first, with the same arrays
            raise SynthgenError(f"cache {final.parent}: cannot be written: {error}; give another folder with --cache") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
