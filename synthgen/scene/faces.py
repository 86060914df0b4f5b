"""Which face draws each text: by weight, among those that have every character."""

from dataclasses import dataclass

import numpy as np

from synthgen.alphabet import READER_STEPS
from synthgen.arrays import F64, I32, I64, U16, U64, Bools
from synthgen.chance import Stream, uniforms
from synthgen.compiled import kernel

CANDIDATES = 6  # faces drawn for a text before the next one that covers it is taken


@dataclass(frozen=True)
class FaceTable:
    """What the choice of a face needs to know of all faces."""

    covers: Bools  # (faces, classes + 1) the face draws the class
    caps_only: Bools  # (faces,) small letters are drawn as capitals
    joined: Bools  # (faces,) letters touch, so that spacing would tear them
    weights: F64  # (faces,)
    upper: U16  # (classes + 1,) class of each class's capital


def choose_faces(table: FaceTable, codes: U16, offsets: I64, seed: int, index: U64) -> tuple[I32, U16]:
    """Return the face of each text, `(n,)`, -1 where none covers it, and the labels' classes.

    A label is the text's own `codes`, in capitals where the face has no small letters.
    """
    draws = uniforms(seed, Stream.FACE, index, CANDIDATES)
    edges = np.cumsum(table.weights)
    drawn = np.minimum(np.searchsorted(edges, draws * edges[-1], side="right"), len(edges) - 1).astype(np.int32)
    face, labels = np.empty(len(index), dtype=np.int32), codes.copy()
    first_covering(drawn, table.covers, table.caps_only, table.upper, offsets, face, labels)
    return face, labels


@kernel
def first_covering(drawn: I32, covers: Bools, caps_only: Bools, upper: U16, offsets: I64, face: I32, labels: U16) -> None:
    """Write the first drawn face that covers each text, or the next after the last drawn; upper-case `labels` in place."""
    faces = len(caps_only)
    for i in range(len(face)):
        text = labels[offsets[i] : offsets[i + 1]]
        face[i] = -1
        for k in range(drawn.shape[1] + faces):
            candidate = drawn[i, k] if k < drawn.shape[1] else (drawn[i, -1] + k) % faces
            if draws_all(covers[candidate], text) and (not caps_only[candidate] or capitals_fit(text, upper)):
                face[i] = candidate
                break
        if face[i] >= 0 and caps_only[face[i]]:
            for k in range(len(text)):
                text[k] = upper[text[k]]


@kernel
def draws_all(covers: Bools, text: U16) -> bool:
    """Return whether every class of `text` is covered."""
    for code in text:  # noqa: SIM110 - Numba has no generators inside all()
        if not covers[code]:
            return False
    return True


@kernel
def capitals_fit(text: U16, upper: U16) -> bool:
    """Return whether `text` in capitals still fits the reader: "Oo" becomes a repeat, which needs a blank between."""
    steps = len(text)
    for k in range(1, len(text)):
        if upper[text[k]] == upper[text[k - 1]]:
            steps += 1
    return steps <= READER_STEPS


@kernel
def covered(covers: Bools, face: I32, codes: U16, offsets: I64) -> Bools:
    """Return for each text whether its face has every character of it, `(n,)`."""
    whole = np.empty(len(face), dtype=np.bool_)
    for i in range(len(face)):
        whole[i] = draws_all(covers[face[i]], codes[offsets[i] : offsets[i + 1]])
    return whole
