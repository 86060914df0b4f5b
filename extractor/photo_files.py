"""Photos on disk: which there are, and what is read on each."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from extractor.page import Maps, Page
from extractor.reading import Extractor
from synthgen import SynthgenError, read_picture
from synthgen.arrays import Image
from synthgen.pictures import ENDINGS

MASK_ENDING = ".mask.png"  # of what lies beside a photo of backgrounds, and is none itself


@dataclass(frozen=True)
class ReadFile:
    """A photo and what stands on it."""

    path: Path
    photo: Image
    page: Page
    maps: Maps


def photo_paths(places: Sequence[Path]) -> list[Path]:
    """Return the files among `places` as they are, and in place of each folder the pictures in and below it, by name.

    Raises:
        SynthgenError: a folder has no picture, or one in it cannot be looked into.
    """
    found: list[Path] = []
    for place in places:
        found += _pictures(place) if place.is_dir() else [place]
    return found


def _pictures(folder: Path) -> list[Path]:
    paths = (Path(place) / name for place, _, names in os.walk(folder, onerror=_refuse) for name in names)
    found = sorted(path for path in paths if path.name.lower().endswith(ENDINGS) and not path.name.lower().endswith(MASK_ENDING))
    if not found:
        raise SynthgenError(f"{folder}: need at least one picture ({', '.join(ENDINGS)}), found none; give another folder")
    return found


def _refuse(error: OSError) -> None:
    """Tell of a folder that would be left out in silence."""
    raise SynthgenError(f"{error.filename}: need a folder that may be read, got: {error.strerror}; allow it, or name others") from error


def legible(name: str) -> str:
    r"""Return a file's name as UTF-8 can hold it: bytes in it that are none become `\xff` and their like."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class PhotoFiles:
    """Photos on disk with what stands on them; each is read when its turn comes, and let go after it."""

    extractor: Extractor
    paths: Sequence[Path]
    watch: Callable[[ReadFile | str], None] | None = None  # told of each before whoever asked for it

    def __iter__(self) -> Iterator[ReadFile | str]:
        """Yield what stands on each photo, or what is wrong with it."""
        for path in self.paths:
            found = self._read(path)
            if self.watch:
                self.watch(found)
            yield found

    def _read(self, path: Path) -> ReadFile | str:
        try:
            photo = read_picture(path)
        except SynthgenError as error:
            return str(error)
        return ReadFile(path, photo, *self.extractor.look(photo))
