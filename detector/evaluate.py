"""How well a detector finds labelled words: one pass, in memory that does not grow with the number of photos."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from detector.boxes import find_words
from detector.finder import Look, WordFinder
from detector.labelled import LabelledPhoto
from detector.metrics import Compared, Counts, compare
from detector.thresholds import Thresholds
from detector.words import FoundWords, TrueWords
from synthgen.arrays import F32, I32, I64, Image

BINS = 20  # of scores
NAMED = 20  # of the photos that were dropped; all are counted
TEXTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # a sweep's thresholds: all of them with each other and with the finder's own
LINKS = (0.2, 0.3, 0.4, 0.5)
LOW_TEXTS = (0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Judged:
    """One labelled photo, and what was found on it: m true words, n found ones."""

    name: str
    photo: Image
    truth: TrueWords
    found: FoundWords
    maps: F32
    compared: Compared
    match: I32  # (n,) true word of each found one, -1 for none

    @property
    def counts(self) -> Counts:
        """Counts of this photo alone."""
        return self.compared.counts()


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found."""

    thresholds: Thresholds
    counts: Counts
    photos: int
    ignored: int  # true words that are neither asked for nor wrong to find
    left_out: int  # found words within them
    scores: I64  # (2, BINS): found words that are wrong, right; bins of equal width from 0 to 1
    sweep: dict[Thresholds, Counts]  # empty if none was asked for
    dropped: int  # photos that could not be used; they do not count
    dropped_names: tuple[str, ...]  # place and reason of the first NAMED

    def best(self) -> Thresholds | None:
        """Return the sweep's thresholds of highest h-mean, the first where several have it; None without a sweep.

        They are chosen on the very photos that judge them. Their h-mean is an upper bound of what thresholds of the sweep reach on these
        photos if they are chosen without them, and no estimate for other photos.
        """
        return max(self.sweep, key=lambda thresholds: self.sweep[thresholds].h_mean, default=None)

    def to_json(self) -> dict[str, object]:
        """Return all as plain values, under the names promised to users; `threshold` is that of the text, and the shares are for it.

        `best_of_sweep` is an upper bound, see `best`.
        """
        best = self.best()
        return {
            **self.counts.to_json(),
            "threshold": self.thresholds.text,
            "link": self.thresholds.link,
            "low_text": self.thresholds.low_text,
            "growth": self.thresholds.growth,
            "count_photos": self.photos,
            "count_words": self.counts.true,
            "count_found": self.counts.found,
            "count_matched": self.counts.matched,
            "count_ignored": self.ignored,
            "count_left_out": self.left_out,
            "count_dropped": self.dropped,
            "dropped": list(self.dropped_names),
            "best_of_sweep": self._swept(best) if best else None,
            "sweep": [self._swept(thresholds) for thresholds in self.sweep],
        }

    def _swept(self, thresholds: Thresholds) -> dict[str, float]:
        return {
            "threshold": thresholds.text,
            "link": thresholds.link,
            "low_text": thresholds.low_text,
            **self.sweep[thresholds].to_json(),
        }


@dataclass
class _Tally:
    """Sums over the photos seen so far."""

    counts: Counts = field(default_factory=Counts)
    photos: int = 0
    ignored: int = 0
    left_out: int = 0
    scores: I64 = field(default_factory=lambda: np.zeros((2, BINS), dtype=np.int64))
    sweep: dict[Thresholds, Counts] = field(default_factory=dict)
    dropped: int = 0
    names: list[str] = field(default_factory=list)

    def drop(self, fault: str) -> None:
        self.dropped += 1
        if len(self.names) < NAMED:
            self.names.append(fault)

    def add(self, judged: Judged) -> None:
        self.counts += judged.counts
        self.photos += 1
        self.ignored += int(judged.truth.ignored.sum())
        self.left_out += int(judged.compared.left_out.sum())
        bins = np.minimum((judged.found.scores * BINS).astype(np.int64), BINS - 1)
        for right, chosen in enumerate((judged.match < 0, judged.match >= 0)):
            self.scores[right] += np.bincount(bins[chosen & ~judged.compared.left_out], minlength=BINS)


def evaluate(
    finder: WordFinder,
    photos: Iterable[LabelledPhoto | str],
    watch: Callable[[Judged], None] = lambda _: None,
    *,
    swept: bool = False,
) -> Evaluation:
    """Return how well `finder` finds the words of `photos`; `watch` is given each photo as it is judged.

    A text among the photos says why one could not be used. `swept`: other thresholds are tried too, on the same maps.

    Raises:
        SynthgenError: as iterating `photos` does.
    """
    tally = _Tally(sweep=dict.fromkeys(_grid(finder.thresholds), Counts()) if swept else {})
    for photo in photos:
        if isinstance(photo, str):
            tally.drop(photo)
            continue
        look = finder.look(photo.photo)
        compared = compare(photo.words, look.words.quads)
        judged = Judged(photo.name, photo.photo, photo.words, look.words, look.maps, compared, compared.match())
        tally.add(judged)
        for thresholds, counts in _swept_counts(tuple(tally.sweep), look, photo.words):
            tally.sweep[thresholds] += counts
        watch(judged)
    sums = (tally.counts, tally.photos, tally.ignored, tally.left_out, tally.scores)
    return Evaluation(finder.thresholds, *sums, tally.sweep, tally.dropped, tuple(tally.names))


def _grid(own: Thresholds) -> list[Thresholds]:
    """Return the thresholds of a sweep, those that differ in `text` alone next to each other, lowest first."""
    texts, links, lows = (sorted({*usual, mine}) for usual, mine in ((TEXTS, own.text), (LINKS, own.link), (LOW_TEXTS, own.low_text)))
    return [Thresholds(text, link, low, own.growth) for link in links for low in lows for text in texts if low <= text]


def _swept_counts(grid: tuple[Thresholds, ...], look: Look, truth: TrueWords) -> Iterator[tuple[Thresholds, Counts]]:
    """Yield the counts of a photo for each of `grid`, which is as `_grid` gives it.

    Words are sought once for each link and low_text: the text threshold only chooses among them by their scores.
    """
    for _, group in groupby(grid, key=lambda thresholds: (thresholds.link, thresholds.low_text)):
        alike = list(group)
        found = find_words(look.maps, alike[0], look.scale)
        compared = compare(truth, found.quads)
        for thresholds in alike:
            yield thresholds, compared.counts(found.scores >= np.float32(thresholds.text))  # as find_words compares them
