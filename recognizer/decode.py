"""From the reader's logits to labels and a confidence: the best path, prefix beam search, and the attention head's own way."""

from dataclasses import dataclass

import numpy as np

from recognizer.decode_kernels import Automaton, search
from synthgen.arrays import F32, F64, I32, I64, Bools


@dataclass(frozen=True)
class Reading:
    """What was read in one picture."""

    labels: tuple[int, ...]  # classes, 1 or more: `Alphabet.characters[label - 1]`
    confidence: float  # 0 to 1, what of is said by the function that read


def greedy(logits: F32) -> list[Reading]:
    """Return the text of the most probable path of each of `logits` (n, t, classes): repeats merged, then blanks, class 0, dropped.

    The confidence is that path's probability, the product of the best of each step; the text's own is at least as large.

    Raises:
        ValueError: another shape, or a step whose largest logit is not finite.
    """
    best, logs = best_path(logits)
    return readings(best, starts(best), logs.sum(axis=1))


def beam(logits: F32, width: int) -> list[Reading]:
    """Return the most probable text of each of `logits` (n, t, classes), by prefix beam search over `width` prefixes.

    The confidence is the text's total probability over those of its paths that the beam kept: exact when the beam is wide enough.

    Raises:
        ValueError: another shape, a step whose largest logit is not finite, or a width below 1.
    """
    chances = softmax(logits)
    labels, sizes, logs = search(chances, anything(chances.shape[2]), checked_width(width))
    return readings(labels, np.arange(labels.shape[1]) < sizes[:, None], logs)


def attention_greedy(logits: F32) -> list[Reading]:
    """Return the text of each of `logits` (n, t, classes) of the attention head: the best class of each step up to the first 0, the end.

    The confidence is the product of the probabilities of those classes, the end's included; a text may also fill all steps.

    Raises:
        ValueError: another shape, or a step whose largest logit is not finite.
    """
    best, logs = best_path(logits)
    ends = np.cumsum(best == 0, axis=1)  # seen so far
    inside = ends == 0
    return readings(best, inside, np.where(inside | ((ends == 1) & (best == 0)), logs, 0).sum(axis=1))


def best_path(logits: F32) -> tuple[I64, F64]:
    """Return the most probable class of each step of `logits` (n, t, classes), and the logarithm of its probability, both `(n, t)`.

    Raises:
        ValueError: another shape, or a step whose largest logit is not finite.
    """
    shifted = _shifted(logits)
    return shifted.argmax(axis=2), -np.log(np.exp(shifted).sum(axis=2))


def starts(path: I64) -> Bools:
    """Return which classes of paths (n, t) are written: not blank, and not the class of the step before."""
    return np.asarray((path != 0) & (path != np.pad(path, ((0, 0), (1, 0)))[:, :-1]), dtype=np.bool_)


def softmax(logits: F32) -> F64:
    """Return the probabilities of `logits` (n, t, classes), float64 of the same shape.

    Raises:
        ValueError: another shape, or a step whose largest logit is not finite.
    """
    chances = np.exp(_shifted(logits))
    return np.asarray(chances / chances.sum(axis=2, keepdims=True), dtype=np.float64)


def readings(labels: I64 | I32, kept: Bools, logs: F64) -> list[Reading]:
    """Return a reading a row of `labels` (n, t) where `kept`, with the confidence exp(`logs`), (n,)."""
    confidence = np.exp(np.minimum(logs, 0)).tolist()  # a sum of all paths may be above 1 by its last bit
    return [Reading(tuple(row[keep].tolist()), sure) for row, keep, sure in zip(labels, kept, confidence, strict=True)]


def anything(classes: int) -> Automaton:
    """Return the automaton that lets every text over labels 1 to `classes` - 1 pass."""
    label = np.arange(1, classes, dtype=np.int32)
    return Automaton(np.array([0, len(label)], np.int32), label, np.zeros_like(label), np.ones(1, np.bool_))


def checked_width(width: int) -> int:
    """Return `width` if a beam can have it.

    Raises:
        ValueError: below 1.
    """
    if width < 1:
        raise ValueError(f"width: need 1 or more prefixes, got {width}")
    return width


def _shifted(logits: F32) -> F64:
    """Return logits in float64 less the largest of their step, so that no exponential overflows."""
    if logits.ndim != 3 or logits.shape[1] < 1 or logits.shape[2] < 2:
        raise ValueError(f"logits: need (n, t, classes) with t >= 1 and classes >= 2, got shape {logits.shape}")
    peak = logits.max(axis=2, keepdims=True).astype(np.float64)
    if not np.isfinite(peak).all():
        sample, step, _ = np.argwhere(~np.isfinite(peak))[0]
        raise ValueError(f"logits: need a finite largest value in each step, got {peak[sample, step, 0]} in sample {sample}, step {step}")
    return np.asarray(logits - peak, dtype=np.float64)
