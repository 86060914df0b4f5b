"""Tiles: the pictures that lie behind text, all in one flat file that every worker maps."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from synthgen.arrays import I32, I64, U8
from synthgen.assets.cache import Arrays, digest, is_kept, load, stored
from synthgen.assets.mapped import release

PIXELS = "pixels.npy"


@dataclass(frozen=True)
class Tiles:
    """`t` pictures in one flat array; tile k is `pixels[start[k]:][: height * width * channels]`, row by row, channels interleaved."""

    pixels: U8  # (all bytes,)
    start: I64  # (t,) offset of each tile in `pixels`
    size: I32  # (t, 2) height, width
    channels: I32  # (t,) 1: a texture, tone only, coloured by the painter; 3: a photo, RGB
    family: I32  # (t,) index into `families`
    names: tuple[str, ...]  # (t,) the `background` column: "texture/wood", "photos/shelf.jpg"
    families: tuple[str, ...]
    digest: str  # of all that the tiles were made from: the same digest, the same tiles

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, k: int) -> U8:
        """Return tile k as a view, `(height, width, channels)`."""
        height, width, channels = (int(n) for n in (*self.size[k], self.channels[k]))
        return self.pixels[int(self.start[k]) :][: height * width * channels].reshape(height, width, channels)

    def index(self) -> dict[str, NDArray[np.generic]]:
        """Return all but the pixels as arrays, fit for a cache folder; `from_arrays` undoes it."""
        words = {"names": self.names, "families": self.families, "digest": self.digest}
        return {"start": self.start, "size": self.size, "channels": self.channels, "family": self.family, "words": to_bytes(words)}


def to_bytes(words: Mapping[str, object]) -> U8:
    """Return a JSON object as the bytes of its text, so that words can be kept beside arrays."""
    return np.frombuffer(json.dumps(words).encode("ascii"), dtype=np.uint8)


def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> Tiles:
    """Return the tiles of `index()` and `pixels`; the pixels stay where they are, mapped or not."""
    words = json.loads(arrays["words"].tobytes())
    return Tiles(
        pixels=np.asarray(arrays["pixels"], dtype=np.uint8),
        start=np.array(arrays["start"], dtype=np.int64),
        size=np.array(arrays["size"], dtype=np.int32),
        channels=np.array(arrays["channels"], dtype=np.int32),
        family=np.array(arrays["family"], dtype=np.int32),
        names=tuple(words["names"]),
        families=tuple(words["families"]),
        digest=str(words["digest"]),
    )


def join(parts: Sequence[Tiles], cache: Path | None = None) -> Tiles:
    """Return all tiles of `parts` in their order as one; families of the same name become one family.

    With `cache`, the pixels are copied once into a file there and mapped, as photos can be larger than memory; None: joined in memory.

    Raises:
        ValueError: no parts.
        SynthgenError: `cache` cannot be written.
    """
    if len(parts) < 2:
        if not parts:
            raise ValueError("need at least one part")
        return parts[0]
    joined = _index_of(parts)
    if cache is None:
        return from_arrays({**joined, "pixels": np.concatenate([part.pixels for part in parts])})
    final = cache / f"tiles-{digest(*(part.digest for part in parts))}"
    if not is_kept(final):
        with stored(final) as scratch:
            with flat_file(scratch / PIXELS) as file:
                for part in parts:
                    part.pixels.tofile(file)
                    release(part.pixels)
            save(scratch, joined)
    return opened(final)


def _index_of(parts: Sequence[Tiles]) -> dict[str, NDArray[np.generic]]:
    families = tuple(dict.fromkeys(name for part in parts for name in part.families))
    places = [np.array([families.index(name) for name in part.families], dtype=np.int32) for part in parts]
    offsets = np.cumsum([0, *(part.pixels.size for part in parts)])
    words = {
        "names": [name for part in parts for name in part.names],
        "families": families,
        "digest": digest(*(part.digest for part in parts)),
    }
    return {
        "start": np.concatenate([part.start + offset for part, offset in zip(parts, offsets, strict=False)]),
        "size": np.concatenate([part.size for part in parts]),
        "channels": np.concatenate([part.channels for part in parts]),
        "family": np.concatenate([place[part.family] for part, place in zip(parts, places, strict=True)]),
        "words": to_bytes(words),
    }


@contextmanager
def flat_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write bytes to; at the end they are a uint8 `.npy` of one axis, which can be mapped."""
    with path.open("wb") as file:
        _write_header(file, 0)
        first = file.tell()
        yield file
        count = file.tell() - first
        file.seek(0)
        _write_header(file, count)  # as long as the first: NumPy pads a header so that the first axis can grow


def _write_header(file: BinaryIO, count: int) -> None:
    npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (count,)})


def save(folder: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write each array to `folder/name.npy`."""
    for key, array in arrays.items():
        np.save(folder / f"{key}.npy", array)


def opened(folder: Path) -> Tiles:
    """Return the tiles kept in `folder`, their pixels mapped read-only."""
    return from_arrays(arrays_of(folder))


def arrays_of(folder: Path) -> Arrays:
    """Return the arrays kept in `folder`, mapped read-only."""
    return load(folder)


def starts(sizes: Iterable[tuple[int, int, int]]) -> I64:
    """Return the offset of each of the tiles of these (height, width, channels), laid one after the other."""
    areas = [height * width * channels for height, width, channels in sizes]
    return np.cumsum([0, *areas], dtype=np.int64)[:-1]
