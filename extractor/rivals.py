"""Words sought by more than one set of thresholds: each place is taken as more of its letters are surely read.

At low thresholds words that stand close run together, at high ones letters that stand apart fall to pieces; which of the two a photo
does is not known before it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from detector.metrics import areas_of, shared_areas
from detector.words import FoundWords
from extractor.arranging import is_sure
from extractor.levels import in_order, joined, some_of
from extractor.page import letter_confidence
from extractor.turns import Read
from synthgen.arrays import F64, I64, Bools

SHARED = 0.3  # of the smaller one's area, from which two words are about the same place
WORD_COST = 1.0  # letters that a word more must bring, or scraps would win


@dataclass(frozen=True)
class Rival:
    """Words as one set of thresholds finds them, and as they are read."""

    words: FoundWords
    reads: Sequence[Read]


def best_of(first: Rival, second: Rival, least_confidence: float) -> Rival:
    """Return each place as `first` has it, unless more of its letters are surely read as `second` has it; in reading order."""
    places = _places(first.words, second.words)
    count = len(first.reads)
    ours, theirs = places[:count], places[count:]
    gain = _letters(second, theirs, places, least_confidence) - _letters(first, ours, places, least_confidence)
    keep, take = gain[ours] <= 0, gain[theirs] > 0
    words, order = in_order(joined(some_of(first.words, keep), some_of(second.words, take)))
    reads = list(compress((*first.reads, *second.reads), (*keep, *take)))
    return Rival(words, [reads[k] for k in order])


def _places(first: FoundWords, second: FoundWords) -> I64:
    """Return the number of the place of each word of both, `(n + m,)`: words that share much of their areas are about the same."""
    shared = shared_areas(first.quads, second.quads)
    smaller = np.minimum(areas_of(first.quads)[:, None], areas_of(second.quads)[None])
    same: Bools = shared > SHARED * smaller
    count = len(first.quads)
    places = np.arange(count + len(second.quads))
    while True:  # the least number spreads over all that are linked
        before = places.copy()
        for ours, theirs in np.argwhere(same):
            places[[ours, count + theirs]] = min(places[ours], places[count + theirs])
        if np.array_equal(places, before):
            return places


def _letters(rival: Rival, own: I64, places: I64, least_confidence: float) -> F64:
    """Return for each number of a place how many letters are surely read there, each word less one."""
    letters = [
        len(read.text) * letter_confidence(read.text, read.confidence) - WORD_COST if is_sure(read, least_confidence) else 0.0
        for read in rival.reads
    ]
    return np.bincount(own, weights=np.array(letters, dtype=np.float64), minlength=len(places)).astype(np.float64)
