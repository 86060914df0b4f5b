"""Reading with a list of words: a beam that walks only their trie, and what is kept of words that are not listed."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer.decode import Reading, anything, checked_width, readings, softmax
from recognizer.decode_kernels import Automaton, search
from synthgen.alphabet import READER_STEPS, Alphabet, steps_needed
from synthgen.arrays import F32, F64, I32, Bools
from synthgen.errors import SynthgenError

UNKNOWN_FACTOR = 100.0  # not tuned: one letter in which a reader errs seldom leaves the true one less than 1 %


@dataclass(frozen=True)
class Lexicon:
    """A list of words as an automaton: their trie, with a space from the end of each word back to the root."""

    automaton: Automaton
    classes: int  # of the alphabet, with the blank
    words: int  # different ones, without regard to case where that is ignored
    dropped: dict[str, int]  # `foreign_words` that do not fold into the alphabet, `long_words` that do not fit into the steps

    @classmethod
    def build(cls, words: Iterable[str], alphabet: Alphabet, *, ignore_case: bool = False, steps: int = READER_STEPS) -> "Lexicon":
        """Return the lexicon of `words`, folded into the alphabet and cut at spaces; a text of spaces alone is no word.

        Args:
            words: in any order, repeated or not.
            alphabet: of the reader.
            ignore_case: pass each letter of a word in both cases, so that what is read keeps its own; only then may a word be
                folded in another case than its own (an alphabet of capitals).
            steps: time steps of the reader; longer words cannot come out of it.
        """
        dropped: Counter[str] = Counter(foreign_words=0, long_words=0)
        parts = [part for word in words for part in _parts(word, alphabet, dropped, ignore_case=ignore_case)]
        fitting = [part for part in parts if steps_needed(part) <= steps]
        dropped["long_words"] = len(parts) - len(fitting)
        forms = alphabet.lower if ignore_case else np.arange(len(alphabet.characters) + 1)
        rows = sorted({tuple(forms[alphabet.encode(part)].tolist()) for part in fitting})
        automaton = _automaton(_trie(rows), forms.astype(np.int32), alphabet.classes.get(" ", 0))
        return cls(automaton, len(forms), len(rows), dict(dropped))

    @classmethod
    def read(cls, path: Path, alphabet: Alphabet, *, ignore_case: bool = False, steps: int = READER_STEPS) -> "Lexicon":
        """Return the lexicon of a UTF-8 text file, a word or several a line; the rest as `build` has it.

        Raises:
            SynthgenError: the file cannot be read, is not UTF-8, or has no word in this alphabet.
        """
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()  # editors on Windows begin a file with a mark
        except UnicodeDecodeError as error:
            raise SynthgenError(f"lexicon {path}: need UTF-8, got {error}; save the file as UTF-8") from error
        except OSError as error:
            raise SynthgenError(f"lexicon {path}: cannot be read: {error}; give a text file, one word a line") from error
        lexicon = cls.build(lines, alphabet, ignore_case=ignore_case, steps=steps)
        if lexicon.words == 0:
            found = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in lexicon.dropped.items() if count) or "none"
            raise SynthgenError(f"lexicon {path}: need at least one word in the alphabet, got {found}; write one word a line")
        return lexicon


@dataclass(frozen=True)
class Trie:
    """The prefixes of some words, numbered from 1, shorter ones first; 0 is the empty prefix."""

    parent: I32  # (prefixes,) of prefix k + 1
    label: I32  # (prefixes,) its last class
    final: Bools  # (prefixes + 1,) whether it is a word


def lexicon_beam(logits: F32, lexicon: Lexicon, width: int, unknown_factor: float = UNKNOWN_FACTOR) -> list[Reading]:
    """Return the most probable listed word, or words between spaces, of each of `logits` (n, t, classes), or what else stands there.

    Numbers, punctuation and words that are not listed: where the beam without a lexicon finds a text that is more than `unknown_factor`
    times as probable as the best listed one, or a narrow beam has come to no listed one, that text is returned. The confidence is as in
    `beam`.

    Raises:
        ValueError: `logits` as in `beam` or with other classes than the lexicon's alphabet has, a width below 1, a factor below 1.
    """
    if not 1 <= unknown_factor < math.inf:
        raise ValueError(f"unknown_factor: need 1 or more, finite, got {unknown_factor}")
    chances = softmax(logits)
    if chances.shape[2] != lexicon.classes:
        raise ValueError(f"logits: need the {lexicon.classes} classes of the lexicon's alphabet, got {chances.shape[2]}")
    labels, sizes, logs = search(chances, lexicon.automaton, checked_width(width))
    _admit_unknown(chances, width, math.log(unknown_factor), (labels, sizes, logs))
    return readings(labels, np.arange(labels.shape[1]) < sizes[:, None], logs)


def _admit_unknown(chances: F64, width: int, margin: float, found: tuple[I32, I32, F64]) -> None:
    """Put what the beam finds without a lexicon in place of `found` (labels, sizes, logs) where its log is more than `margin` above."""
    rows = np.flatnonzero(found[2] + margin < 0)  # elsewhere no probability is large enough
    freely = search(chances[rows], anything(chances.shape[2]), width)
    better = freely[2] > found[2][rows] + margin
    for k in range(3):
        found[k][rows[better]] = freely[k][better]


def _parts(word: str, alphabet: Alphabet, dropped: Counter[str], *, ignore_case: bool) -> list[str]:
    """Return the words that `word` folds into, one unless it has spaces; counts it as foreign if it cannot be folded."""
    forms = (word, word.lower(), word.upper()) if ignore_case else (word,)
    folded = next((text for form in forms if (text := alphabet.fold(form)) is not None), None)
    dropped["foreign_words"] += folded is None
    return folded.split(" ") if folded else []


def _trie(rows: list[tuple[int, ...]]) -> Trie:
    """Return the trie of words, each its classes; sorted, none twice."""
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    cells = np.zeros((len(rows), sizes.max(initial=1)), dtype=np.int32)
    cells[np.arange(cells.shape[1]) < sizes[:, None]] = [label for row in rows for label in row]
    fresh = cells > 0  # a prefix that no row above has
    fresh[1:] &= np.logical_or.accumulate(cells[1:] != cells[:-1], axis=1)
    number = np.cumsum(fresh.T).reshape(fresh.T.shape).T  # where a prefix is not fresh, it has the last number of its column
    parent = np.pad(number, ((0, 0), (1, 0)))[:, :-1].T[fresh.T]
    final = np.zeros(1 + len(parent), dtype=np.bool_)
    final[number[np.arange(len(rows)), sizes - 1]] = True
    return Trie(parent.astype(np.int32), cells.T[fresh.T], final)


def _automaton(trie: Trie, forms: I32, space: int) -> Automaton:
    """Return the automaton of a trie whose labels stand for all classes k of that `forms[k]`; `space` 0: there is none."""
    order = np.argsort(forms, kind="stable").astype(np.int32)  # classes, those of one form together
    first, last = (np.searchsorted(forms[order], trie.label, side) for side in ("left", "right"))
    edge = np.repeat(np.arange(len(trie.label)), last - first)
    nth = np.arange(len(edge)) - np.searchsorted(edge, edge)
    ends = np.flatnonzero(trie.final) if space else np.zeros(0, dtype=np.int64)
    source = np.concatenate([trie.parent[edge], ends])
    label = np.concatenate([order[first[edge] + nth], np.full(len(ends), space)])
    target = np.concatenate([edge + 1, np.zeros(len(ends), dtype=np.int64)])
    by_source = np.argsort(source, kind="stable")
    starts = np.searchsorted(source[by_source], np.arange(len(trie.final) + 1))
    return Automaton(starts.astype(np.int32), label[by_source].astype(np.int32), target[by_source].astype(np.int32), trie.final)
