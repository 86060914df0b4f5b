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
from extractor.arranging import sure_of
from extractor.levels import in_order, joined, some_of
from extractor.page import letter_confidence
from extractor.turns import Read
from synthgen.arrays import F64, I64

SHARED = 0.3  # of the smaller one's area, from which two words are about the same place
WORD_COST = 1.0  # letters that a word more must bring, or scraps would win
LEAST_WORTH = 0.01  # letters that a word is worth at least: a sure "&" is more than nothing read


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
    gain = _worths(second, theirs, places, least_confidence) - _worths(first, ours, places, least_confidence)
    keep, take = gain[ours] <= 0, (gain[theirs] > 0) | ~np.isin(theirs, ours)  # where there is but one, unsure or not: it is counted
    words, order = in_order(joined(some_of(first.words, keep), some_of(second.words, take)))
    reads = list(compress((*first.reads, *second.reads), (*keep, *take)))
    return Rival(words, [reads[k] for k in order])


def _places(first: FoundWords, second: FoundWords) -> I64:
    """Return the number of the place of each word of both, `(n + m,)`: words that share much of their areas are about the same."""
    shared, count = shared_areas(first.quads, second.quads), len(first.quads)
    ours, theirs = np.nonzero(shared)  # few: all pairs of thousands of words would fill the memory
    same = shared[ours, theirs] > SHARED * np.minimum(areas_of(first.quads)[ours], areas_of(second.quads)[theirs])
    pairs = np.stack([ours, count + theirs], axis=1)[same]
    places = np.arange(count + len(second.quads))
    while True:  # the least number spreads over all that are linked
        before = places.copy()
        for pair in pairs:
            places[pair] = places[pair].min()
        if np.array_equal(places, before):
            return places


def _worths(rival: Rival, own: I64, places: I64, least_confidence: float) -> F64:
    """Return for each number of a place what the words that are surely read there are worth, in letters."""
    sure = sure_of(rival.words, rival.reads, least_confidence)
    worths = [_worth(read) if its else 0.0 for read, its in zip(rival.reads, sure, strict=True)]
    return np.bincount(own, weights=np.array(worths, dtype=np.float64), minlength=len(places)).astype(np.float64)


def _worth(read: Read) -> float:
    """Return the letters of a word less WORD_COST, LEAST_WORTH at least: no sure word is worth less than none."""
    return max(len(read.text) * letter_confidence(read.text, read.confidence) - WORD_COST, LEAST_WORTH)
