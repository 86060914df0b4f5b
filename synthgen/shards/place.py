"""Where shards lie: a folder here, or object storage, by one name and one way to open it."""

from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from synthgen.errors import SynthgenError

REMOTE = ("s3://", "gs://", "abfs://")


def locate(place: Path | str) -> tuple[fs.FileSystem, str]:
    """Return the file system that holds `place`, and the path in it; credentials come from where each store's own tools look for them.

    Raises:
        SynthgenError: the URL names no store that can be read.
    """
    name = str(place)
    if "://" not in name:
        return fs.LocalFileSystem(), str(Path(place).absolute())
    if not name.startswith(REMOTE):
        raise SynthgenError(f"{name}: need a folder or a URL with {', '.join(REMOTE)}, got neither; name the shards' folder")
    try:
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(name)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SynthgenError(f"{name}: cannot be opened: {error}; check the URL, the credentials and the network") from error
    return found


def read_bytes(system: fs.FileSystem, path: str) -> bytes | None:
    """Return what a file holds, None where there is none.

    Raises:
        SynthgenError: the store does not answer, or does not let it be read.
    """
    try:
        if system.get_file_info(path).type != fs.FileType.File:
            return None
        with system.open_input_file(path) as file:
            return bytes(file.read())
    except (pa.ArrowException, OSError) as error:
        raise SynthgenError(f"{path}: cannot be read: {error}; check the credentials and the network") from error
