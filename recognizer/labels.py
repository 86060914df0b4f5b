"""Texts as the numbers that a reader is trained on: labels, and the path through the time steps where we know each character's place."""

from collections.abc import Sequence

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, I32, I64, Bools
from synthgen.compiled import kernel

OUTSIDE = -1  # class of a character that the alphabet has not


def flat_classes(texts: Sequence[str], alphabet: Alphabet) -> tuple[I32, I64]:
    """Return the class of every character of all texts, -1 where the alphabet has none, and where each text begins, `(n + 1,)`."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    known = np.frombuffer(alphabet.characters.encode("utf-32-le"), dtype="<u4")
    order = np.argsort(known)
    at = order[np.searchsorted(known, points, sorter=order).clip(max=len(known) - 1)]
    classes = np.where(known[at] == points, at + 1, OUTSIDE).astype(np.int32)
    return classes, np.concatenate([[0], np.cumsum([len(text) for text in texts], dtype=np.int64)])


@kernel
def fitting(classes: I32, offsets: I64, steps: int) -> Bools:
    """Return which labels a reader of `steps` time steps can learn, `(n,)`.

    At least a character, all in the alphabet, and a step for each and one more between equal neighbours, as CTC needs.
    """
    fits = np.zeros(len(offsets) - 1, dtype=np.bool_)
    for row in range(len(fits)):
        first, last = offsets[row], offsets[row + 1]
        needed, inside = last - first, last > first
        for k in range(first, last):
            inside &= classes[k] > 0
            needed += k > first and classes[k] == classes[k - 1]
        fits[row] = inside and needed <= steps
    return fits


@kernel
def padded(classes: I32, offsets: I64, steps: int) -> I32:
    """Return the labels as rows, `(n, steps)`, 0 behind each; those longer than `steps` are cut, and are not to be used."""
    labels = np.zeros((len(offsets) - 1, steps), dtype=np.int32)
    for row in range(len(labels)):
        for k in range(min(offsets[row + 1] - offsets[row], steps)):
            labels[row, k] = classes[offsets[row] + k]
    return labels


@kernel
def aligned(labels: I32, offsets: I64, centres: F32, steps: int) -> I32:
    """Return a path for each label, `(n, steps)`: the class at the time step under its character's centre, 0 at all others.

    `centres` are those of all characters as shares of the picture's width, 0 to 1. Step t sees columns t and t + 1 of the last
    pooled map, its centre is at t + 1 of the `steps + 1` columns. Characters that crowd are moved to steps of their own, in order,
    with a blank between equal neighbours: every label that `fitting` lets through has room.
    """
    paths = np.zeros((len(offsets) - 1, steps), dtype=np.int32)
    place = np.zeros(steps, dtype=np.int64)
    for row in range(len(paths)):
        count = min(offsets[row + 1] - offsets[row], steps)
        for k in range(count):
            wanted = round(centres[offsets[row] + k] * (steps + 1)) - 1
            least = place[k - 1] + 1 + (labels[row, k] == labels[row, k - 1]) if k else 0
            place[k] = max(wanted, least)
        most = steps - 1
        for k in range(count - 1, -1, -1):
            place[k] = min(place[k], most)
            most = place[k] - 1 - (k > 0 and labels[row, k] == labels[row, k - 1])
        for k in range(count):
            paths[row, place[k]] = labels[row, k]
    return paths


def previous_of(labels: I32) -> I32:
    """Return the class before each position, int32 `(n, steps + 1)`: labels `(n, steps + 1)` moved on by one, a 0 before the first."""
    moved: I32 = np.pad(labels, ((0, 0), (1, 0)))[:, :-1].astype(np.int32)
    return moved
