"""Photos on disk: which there are, and what is read on each."""

import os
from collections.abc import Iterator, Sequence
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
        SynthgenError: a folder has no picture.
    """
    found: list[Path] = []
    for place in places:
        found += _pictures(place) if place.is_dir() else [place]
    return found


def _pictures(folder: Path) -> list[Path]:
    paths = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    found = sorted(path for path in paths if path.name.lower().endswith(ENDINGS) and not path.name.lower().endswith(MASK_ENDING))
    if not found:
        raise SynthgenError(f"{folder}: need at least one picture ({', '.join(ENDINGS)}), found none; give another folder")
    return found


def read_files(extractor: Extractor, paths: Sequence[Path]) -> Iterator[ReadFile | str]:
    """Yield what stands on each photo as it is read, or what is wrong with it."""
    for path in paths:
        try:
            photo = read_picture(path)
        except SynthgenError as error:
            yield str(error)
            continue
        yield ReadFile(path, photo, *extractor.look(photo))
