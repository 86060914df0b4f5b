"""How well a reader reads labelled pictures: one pass, in memory that does not grow with their number."""

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from recognizer.labelled import LabelledBlock
from recognizer.metrics import Judged, Pair, Scores, Tally
from recognizer.reading import WordReader
from synthgen.arrays import I64, U8

BINS = 20  # of confidence
KEPT = 60  # of the worst mistakes: a sheet's worth
NAMED = 20  # of the pictures that were dropped; all are counted


@dataclass(frozen=True)
class Prediction:
    """What was read in one labelled picture."""

    name: str
    label: str  # as given
    reading: str
    confidence: float  # 0 to 1
    judged: Judged
    picture: U8  # (32, width), what the reader saw

    @property
    def mistaken(self) -> bool:
        """Whether letters or digits were misread, or, where the truth has none, anything."""
        return not (self.judged.exact if self.judged.alnum is None else self.judged.alnum)


@dataclass
class Worst:
    """The KEPT predictions of largest key that were offered, largest first, the earlier one first where equal."""

    key: Callable[[Prediction], float]
    held: list[tuple[float, int, Prediction]] = field(default_factory=list)  # the number keeps predictions from being compared
    offered: int = 0

    def offer(self, prediction: Prediction) -> None:
        """Keep the prediction if it is among the worst."""
        self.offered += 1
        insort(self.held, (-self.key(prediction), self.offered, prediction))
        del self.held[KEPT:]

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """What is kept."""
        return tuple(prediction for _, _, prediction in self.held)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found."""

    scores: Scores
    by_length: dict[int, Scores]  # by characters of the truth
    pairs: Counter[Pair]  # how often each character was read as which; "" for none
    confidences: I64  # (2, BINS): mistaken, right; bins of equal width from 0 to 1
    surest: tuple[Prediction, ...]  # mistakes of highest confidence
    farthest: tuple[Prediction, ...]  # readings of highest error rate
    outside: int  # words whose truth the reader's alphabet cannot name; they count as read wrongly
    dropped: int  # pictures that could not be used; they do not count
    dropped_names: tuple[str, ...]  # place and reason of the first NAMED

    def confusions(self) -> list[tuple[Pair, int]]:
        """Return what was taken for what, most often first."""
        mistakes = [(pair, count) for pair, count in self.pairs.items() if pair[0] != pair[1]]
        return sorted(mistakes, key=lambda found: (-found[1], found[0]))

    def to_json(self) -> dict[str, object]:
        """Return all but the predictions as plain values, under the names promised to users."""
        return {
            **self.scores.to_json(),
            "count_outside_alphabet": self.outside,
            "count_dropped": self.dropped,
            "dropped": list(self.dropped_names),
            "by_length": [{"length": length, **scores.to_json()} for length, scores in self.by_length.items()],
            "confusions": [{"truth": a, "reading": b, "count": count} for (a, b), count in self.confusions()],
        }


def evaluate(reader: WordReader, source: Iterable[LabelledBlock], watch: Callable[[Prediction], None] = lambda _: None) -> Evaluation:
    """Return how well `reader` reads the pictures of `source`; `watch` is given each prediction as it is made.

    Raises:
        SynthgenError: as iterating `source` does.
    """
    tally, confidences = Tally(reader.alphabet), np.zeros((2, BINS), dtype=np.int64)
    surest, farthest = Worst(lambda found: found.confidence), Worst(lambda found: found.judged.cer)
    dropped, names = 0, list[str]()
    for block in source:
        dropped += len(block.dropped)
        names += block.dropped[: NAMED - len(names)]
        read = reader.read(block.prepared) if block.texts else []  # all dropped: no width either
        for found in _predictions(block, read, tally):
            confidences[int(not found.mistaken), min(int(found.confidence * BINS), BINS - 1)] += 1
            if found.mistaken:
                surest.offer(found)
            if not found.judged.exact:
                farthest.offer(found)
            watch(found)
    worst = surest.predictions, farthest.predictions
    return Evaluation(tally.scores(), tally.by_length(), tally.pairs, confidences, *worst, tally.outside, dropped, tuple(names))


def _predictions(block: LabelledBlock, read: list[tuple[str, float]], tally: Tally) -> Iterator[Prediction]:
    for name, label, (text, confidence), picture in zip(block.names, block.texts, read, block.prepared, strict=True):
        yield Prediction(name, label, text, confidence, tally.add(label, text), picture.copy())  # or the whole block would be kept with it
