"""CTC by its definition: every path, one by one; and prefix beam search as the papers have it, with a dictionary."""

from itertools import groupby, product

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthgen.arrays import F32, F64
from synthgen.chance import Stream, uniforms

Text = tuple[int, ...]
WIDE = 400  # more prefixes than five steps of four classes have, 364


def some_logits(classes: int | None = None, samples: int = 1) -> st.SearchStrategy[F32]:
    """Return a strategy for logits (samples, 1 to 5, classes), 2 to 4 classes where None."""
    shapes = st.tuples(st.just(samples), st.integers(1, 5), st.integers(2, 4) if classes is None else st.just(classes))
    return arrays.arrays(np.float32, shapes, elements=st.floats(-8, 8, width=16))


def noise(seed: int, steps: int, classes: int, samples: int = 1) -> F32:
    drawn = uniforms(seed, Stream.TEXT, np.arange(samples, dtype=np.uint64), steps * classes)
    return (6 * drawn - 3).astype(np.float32).reshape(samples, steps, classes)


def logits_of(path: str, characters: str, blank: str = "~") -> F32:
    """Return logits (1, len(path), classes) whose best path is `path`, each step's symbol with a probability near 1."""
    best = [(blank + characters).index(char) for char in path]
    logits = np.zeros((1, len(path), len(characters) + 1), dtype=np.float32)
    logits[0, np.arange(len(path)), best] = 12
    return logits


def chances_of(logits: F32) -> F64:
    odds = np.exp(logits.astype(np.float64))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def merged(path: Text) -> Text:
    return tuple(label for label, _ in groupby(path) if label != 0)


def totals(logits: F32) -> dict[Text, float]:
    """Return the probability of each text that one picture's `logits` (t, classes) may be, summed over all its paths."""
    chances = chances_of(logits)
    found: dict[Text, float] = {}
    for path in product(range(chances.shape[1]), repeat=chances.shape[0]):
        text = merged(path)
        found[text] = found.get(text, 0.0) + float(np.prod(chances[np.arange(len(path)), path]))
    return found


def plain_beam(logits: F32, width: int) -> tuple[Text, float]:
    """Return the best text of one picture's `logits` (t, classes), and the logarithm of its probability. All in logarithms."""
    kept: dict[Text, tuple[float, float]] = {(): (0.0, -np.inf)}  # of paths that end in blank, of others
    for chances in np.log(chances_of(logits)).tolist():
        grown: dict[Text, tuple[float, float]] = {}
        for text, (blank, ink) in kept.items():
            total = np.logaddexp(blank, ink)
            _add(grown, text, total + chances[0], ink + chances[text[-1]] if text else -np.inf)
            for label in range(1, len(chances)):
                _add(grown, (*text, label), -np.inf, (blank if text[-1:] == (label,) else total) + chances[label])
        kept = dict(sorted(grown.items(), key=lambda item: -np.logaddexp(*item[1]))[:width])
    best = max(kept, key=lambda text: np.logaddexp(*kept[text]))
    return best, float(np.logaddexp(*kept[best]))


def _add(grown: dict[Text, tuple[float, float]], text: Text, blank: float, ink: float) -> None:
    old = grown.get(text, (-np.inf, -np.inf))
    grown[text] = (float(np.logaddexp(old[0], blank)), float(np.logaddexp(old[1], ink)))
