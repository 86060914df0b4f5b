"""Photos looked at in several sizes, as no one size fits all letters.

Large letters fall apart where a photo is seen large, and small ones melt away where it is seen small. So it is looked at as a whole twice,
once smaller for large letters, and if that is still too small for small print, in tiles of its own size too. A word is taken from the
smallest size at which it is high enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from detector.boxes import find_words
from detector.finder import Look, WordFinder
from detector.lines import reading_order
from detector.metrics import areas_of, shared_areas
from detector.sizes import MULTIPLE
from detector.thresholds import Thresholds
from detector.words import FoundWords
from extractor.tiles import tiled_maps
from synthgen.arrays import F64, I64, Bools, Image, Quads

TILED_BELOW = 0.5  # px that the detector sees for one of the photo's, of the whole photo: print of 16 px becomes one of 8
LARGE_SHARE = 0.55  # of the size at which a photo is seen, for large letters: 704 px for 1,280
# Heights of words as the detector sees them, below which the next larger size shows them better. Source of the look for large letters:
# benchmarks/RESULTS.md, what was tried.
LARGE_PX, SMALL_PX = 23.0, 16.0
TRACE = 0.25  # of those heights, below which what is seen is a map px or two, which do not say where it is
COVERED = 0.5  # share of a word's area within others from which it is the same text


@dataclass(frozen=True)
class Levels:
    """Which looks beside that at the whole photo there may be."""

    large: bool  # smaller, for large letters
    tiled: bool  # in tiles, for small print, if the photo is seen at less than half its size


def looks(finder: WordFinder, photo: Image, levels: Levels, ways: Sequence[Thresholds]) -> list[Look]:
    """Return the words on a photo `(h, w, 3)` by each of some thresholds, and the maps of it as a whole, in which the tiles' show where
    there were any.
    """
    whole = finder.look(photo)
    found, maps = [_words(whole, way, finder) for way in ways], whole.maps
    if levels.large:
        longest = max(round(LARGE_SHARE * finder.longest), MULTIPLE)
        less = replace(finder, longest=longest, enlarged=LARGE_SHARE * finder.enlarged).look(photo)
        large = (_words(less, way, finder) for way in ways)
        found = [merged(first, words, LARGE_PX / less.scale) for first, words in zip(large, found, strict=True)]
    if levels.tiled and whole.scale < TILED_BELOW:
        fine = tiled_maps(finder, photo)
        found = [merged(words, find_words(fine, way, 1.0), SMALL_PX / whole.scale) for way, words in zip(ways, found, strict=True)]
        maps = np.maximum(maps, cv2.resize(fine, maps.shape[1::-1], interpolation=cv2.INTER_AREA))
    return [Look(words, maps, whole.scale) for words in found]


def _words(seen: Look, way: Thresholds, finder: WordFinder) -> FoundWords:
    """Return the words of a look by some thresholds; those by the finder's own it has found already."""
    return seen.words if way == finder.thresholds else find_words(seen.maps, way, seen.scale)


def merged(less: FoundWords, more: FoundWords, small_px: float) -> FoundWords:
    """Return words found on a photo seen smaller and larger as one, in reading order; words of less than `small_px` are small.

    Large words of the former stay. Then come those of the latter that do not lie within them, and last small ones of the former alone, but
    for mere traces.
    """
    heights = _heights(less.quads)
    large, small = heights >= small_px, (heights < small_px) & (heights >= TRACE * small_px)
    found = some_of(less, large)
    found = joined(found, some_of(more, ~_covered(more.quads, found.quads)))
    found = joined(found, some_of(less, small & ~_covered(less.quads, found.quads)))
    return in_order(found)[0]


def in_order(words: FoundWords) -> tuple[FoundWords, I64]:
    """Return words in reading order, with the lines they are on, and that order `(n,)`."""
    order, lines = reading_order(words.quads)
    polygons = tuple(words.polygons[k] for k in order)
    return FoundWords(words.quads[order], polygons, words.scores[order], lines), order


def _heights(quads: Quads) -> F64:
    """Return the shorter side of each quad, px: of text that runs up or down, its height."""
    sides = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)
    return np.asarray(np.minimum(sides[:, ::2].mean(axis=1), sides[:, 1::2].mean(axis=1)), dtype=np.float64)


def _covered(quads: Quads, others: Quads) -> Bools:
    """Return which quads lie within `others`, or hold most of one of them."""
    shared = shared_areas(quads, others)
    own = np.maximum(areas_of(quads), np.finfo(np.float64).tiny)
    within = shared.sum(axis=1) >= COVERED * own
    return np.asarray(within | (shared >= COVERED * np.maximum(areas_of(others), np.finfo(np.float64).tiny)).any(axis=1), dtype=np.bool_)


def some_of(words: FoundWords, kept: Bools) -> FoundWords:
    """Return the words that are kept, `(n,)`."""
    polygons = tuple(polygon for polygon, keep in zip(words.polygons, kept, strict=True) if keep)
    return FoundWords(words.quads[kept], polygons, words.scores[kept], words.lines[kept])


def joined(first: FoundWords, second: FoundWords) -> FoundWords:
    """Return the words of both, one set after the other."""
    return FoundWords(
        quads=np.concatenate([first.quads, second.quads]),
        polygons=first.polygons + second.polygons,
        scores=np.concatenate([first.scores, second.scores]),
        lines=np.concatenate([first.lines, second.lines]),
    )
