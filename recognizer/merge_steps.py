"""How the CTC head's symbols, one a time step, become a text: what `recognizer read --steps` prints."""

from itertools import groupby

import numpy as np

from recognizer.decode import best_path, starts
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32

BLANKS = "·∅▫"  # signs of the blank, the first that is no character of the alphabet; a hyphen would look like a hyphen
SPACES = "␣⎵▭"  # of a space


def merge_steps(logits: F32, alphabet: Alphabet) -> list[str]:
    """Return lines that show how the best path of one picture's `logits` (t, classes) merges, as `greedy` reads it.

    First a line a step: its number, its most probable symbol, that one's probability, and the text so far or why it does not grow. Then
    the path, `HHH··ee·lll·l·oo`, what is left when repeats are merged, `H·e·l·l·o`, the text, `Hello`, and a legend.

    Raises:
        ValueError: another shape, other classes than the alphabet has, or a step whose largest logit is not finite.
    """
    classes = len(alphabet.characters) + 1
    if logits.ndim != 2 or logits.shape[1] != classes:
        raise ValueError(f"logits: need (t, {classes}), a class a character and the blank, got shape {logits.shape}")
    best, logs = best_path(logits[None])
    signs = _signs(alphabet)
    path, chances = [signs[k] for k in best[0].tolist()], np.exp(logs[0]).tolist()
    notes = _notes(path, starts(best)[0].tolist(), signs[0])
    table = [
        f"{n:>4}  {sign}       {chance:11.4f}  {note}" for n, (sign, chance, note) in enumerate(zip(path, chances, notes, strict=True), 1)
    ]
    merged = [sign for sign, _ in groupby(path)]
    return [
        "step  symbol  probability  text",
        *table,
        f"path    {''.join(path)}",
        f"merged  {''.join(merged)}",
        f"text    {''.join(sign for sign in merged if sign != signs[0])}",
        f"sure    {np.exp(logs.sum()):.4f}, the product of all probabilities",
        f"signs   {_legend(signs, alphabet)}",
    ]


def _notes(path: list[str], kept: list[bool], blank: str) -> list[str]:
    """Return for each step the text so far if the step adds to it, else why not."""
    notes, text = [], ""
    for sign, new in zip(path, kept, strict=True):
        text += sign if new else ""
        notes.append(text if new else "blank, dropped" if sign == blank else "repeat, merged")
    return notes


def _signs(alphabet: Alphabet) -> list[str]:
    """Return how each class is shown."""
    blank, space = (next((sign for sign in signs if sign not in alphabet.classes), signs[-1]) for signs in (BLANKS, SPACES))
    return [blank, *(space if char == " " else char for char in alphabet.characters)]


def _legend(signs: list[str], alphabet: Alphabet) -> str:
    blank = f"{signs[0]} the blank: no character, it keeps equal neighbours apart"
    return f"{blank}; {signs[alphabet.classes[' ']]} a space" if " " in alphabet.classes else blank
