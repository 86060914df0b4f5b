"""Words found in picture files, as `detector find` prints them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.finder import WordFinder
from detector.overlays import overlay
from detector.words import FoundWords
from synthgen import SynthgenError, read_picture
from synthgen.arrays import F32, Image

PX_DECIMALS, SCORE_DECIMALS = 2, 4


@dataclass(frozen=True)
class FoundFile:
    """A photo and the words found on it."""

    path: Path
    photo: Image
    words: FoundWords
    maps: F32  # (h, w, 2) region and affinity score

    def to_json(self) -> dict[str, object]:
        """Return the words in reading order as plain values, points in px of the upright photo."""
        found = self.words
        rows = zip(found.quads, found.polygons, found.scores.tolist(), found.lines.tolist(), strict=True)
        return {
            "file": str(self.path),
            "words": [
                {"quad": _points(quad), "polygon": _points(polygon), "score": round(score, SCORE_DECIMALS), "line": line}
                for quad, polygon, score, line in rows
            ],
        }

    def overlay(self, *, heat: bool = False) -> Image:
        """Return the photo with outlines and line numbers of its words, over the maps if `heat`."""
        return overlay(self.photo, None, self.words, self.maps if heat else None)


def find_in_files(finder: WordFinder, paths: Sequence[Path]) -> Iterator[FoundFile | str]:
    """Yield what is found on each photo as it is looked at, or what is wrong with it."""
    for path in paths:
        try:
            photo = read_picture(path)
        except SynthgenError as error:
            yield str(error)
            continue
        look = finder.look(photo)
        yield FoundFile(path, photo, look.words, look.maps)


def _points(polygon: F32) -> list[list[float]]:
    return [[round(x, PX_DECIMALS), round(y, PX_DECIMALS)] for x, y in polygon.tolist()]
