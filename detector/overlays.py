"""Photos with what was found on them, for people."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detector.words import FoundWords, TrueWords
from synthgen.arrays import F32, I32, U8, Bools, Image
from synthgen.draw import Layer, drawn


@dataclass(frozen=True)
class Truth:
    """The true words of a photo, m of them, beside its n found ones."""

    words: TrueWords
    match: I32  # (n,) true word of each found one, -1 for none
    left_out: Bools  # (n,) found words that do not count


def overlay(photo: Image, truth: Truth | None, found: FoundWords, maps: F32 | None = None) -> Image:
    """Return the photo `(h, w, 3)` with the outlines of words that were found, found wrongly, missed, or that do not count.

    Missed words have their text beside them, found ones their score, without a truth the number of their line. `maps` (h', w', 2) of the
    same photo, region and affinity score, lie under the outlines. Looks are those of `synthgen.draw`, which say the same everywhere.
    """
    heat = None if maps is None else {"region": as_map(maps[..., 0]), "affinity": as_map(maps[..., 1])}
    return drawn(photo, [*_missed(truth), *_found(truth, found)], heat)


def as_map(scores: F32) -> U8:
    """Return scores as a map, 255 = 1.0; below 0 as 0, above 1 as 1."""
    return np.rint(np.clip(scores * 255, 0, 255)).astype(np.uint8)


def _missed(truth: Truth | None) -> Iterator[Layer]:
    """Yield true words that were not found, and those that do not count."""
    if truth is not None:
        words, hit = truth.words, set(truth.match.tolist())
        for k, quad in enumerate(words.quads):
            if words.ignored[k] or k not in hit:
                yield Layer("ignored" if words.ignored[k] else "missed", [quad], texts=[words.texts[k]])


def _found(truth: Truth | None, found: FoundWords) -> Iterator[Layer]:
    for k, polygon in enumerate(found.polygons):
        text = str(found.lines[k]) if truth is None else f"{found.scores[k]:.2f}"
        yield Layer(_kind(truth, k), [polygon], texts=[text])


def _kind(truth: Truth | None, k: int) -> str:
    if truth is None or truth.match[k] >= 0:
        return "words"
    return "ignored" if truth.left_out[k] else "wrong"
