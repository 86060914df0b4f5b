"""How well words were found and read together: a word is right where box and text are, one to one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.metrics import Compared, Counts, compare
from detector.words import TrueWords
from recognizer.metrics import alnum
from synthgen.alphabet import Alphabet
from synthgen.arrays import I32, Quads

ALPHABET = Alphabet()
Key = Callable[[str], str]  # texts of equal keys are equal


@dataclass(frozen=True)
class ReadWords:
    """What was found and read on a photo, n words, whoever did it."""

    quads: Quads  # (n, 4, 2) px of the photo, convex
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """The words of one photo, found ones matched with true ones."""

    words: TrueWords  # as labelled, those of unknown text ignored
    read: ReadWords
    match: I32  # (n,) true word of each found one by box, first by box and text; -1 for none
    right: tuple[bool, ...]  # (n,) whether the text is right too
    left_out: tuple[bool, ...]  # (n,) neither right nor wrong: within a region that is to be ignored
    counts: Counts  # right box and text, case-insensitive
    alnum: Counts  # the same by letters and digits alone; words without any count neither way
    boxes: Counts  # right box, whatever the text

    @property
    def misread(self) -> list[tuple[str, str]]:
        """Truth and reading of each word that was found, but not read right."""
        pairs = zip(self.match.tolist(), self.right, self.read.texts, strict=True)
        return [(self.words.texts[true], text) for true, right, text in pairs if true >= 0 and not right]

    @property
    def missed(self) -> list[str]:
        """Texts of the true words that were not found."""
        found = set(self.match.tolist())
        return [text for k, text in enumerate(self.words.texts) if k not in found and not self.words.ignored[k]]

    @property
    def wrong(self) -> list[str]:
        """Texts read where no true word is."""
        return [text for text, true, out in zip(self.read.texts, self.match, self.left_out, strict=True) if true < 0 and not out]


def plain_text(text: str) -> str:
    """Return a text as it is compared: without regard to case, with plain quotes and dashes for curly ones, as labels are folded."""
    return (ALPHABET.fold(text) or text).casefold()


def bare_text(text: str) -> str:
    """Return the letters and digits of a text without regard to case."""
    return alnum(ALPHABET.fold(text) or text)


def judge(words: TrueWords, read: ReadWords) -> Judged:
    """Return how the words read on a photo compare with the true ones.

    Boxes are matched as `detector.metrics` has it, at an IoU of more than 0.5; what lies for more than half in a region to be ignored is
    left out. Words whose text is not known are ignored too. Where boxes lie over each other, one with the right text comes first.
    Source: ICDAR 2015's end-to-end script, which compares case-insensitively. Differs: there the first box that overlaps enough is taken,
    whatever it says.
    """
    known = replace(words, ignored=words.ignored | np.array([not text for text in words.texts], dtype=np.bool_))
    boxes = compare(known, read.quads)
    first = _equal_first(boxes, known.texts, read.texts, plain_text)
    match = first.match()
    right = tuple(
        true >= 0 and plain_text(known.texts[true]) == plain_text(text) for true, text in zip(match.tolist(), read.texts, strict=True)
    )
    return Judged(
        words=known,
        read=read,
        match=match,
        right=right,
        left_out=tuple(boxes.left_out.tolist()),
        counts=replace(boxes.counts(), matched=sum(right)),
        alnum=_alnum_counts(known, read),
        boxes=boxes.counts(),
    )


def _equal_first(compared: Compared, true: Sequence[str], read: Sequence[str], key: Key) -> Compared:
    """Return a comparison whose pairs of equal text are matched before the others."""
    equal = np.array([key(true[a]) == key(read[b]) for a, b in compared.pairs.tolist()], dtype=np.bool_)
    return replace(compared, pairs=np.concatenate([compared.pairs[equal], compared.pairs[~equal]]))


def _alnum_counts(words: TrueWords, read: ReadWords) -> Counts:
    """Return the counts by letters and digits; where a truth has none, its region is ignored, and so is a reading that has none."""
    bare = [bare_text(text) for text in words.texts]
    known = replace(words, ignored=words.ignored | np.array([not text for text in bare], dtype=np.bool_))
    kept = [k for k, text in enumerate(read.texts) if bare_text(text)]
    texts = [bare_text(read.texts[k]) for k in kept]
    compared = compare(known, read.quads[kept])
    match = _equal_first(compared, bare, texts, str).match()
    right = sum(true >= 0 and bare[true] == text for true, text in zip(match.tolist(), texts, strict=True))
    return replace(compared.counts(), matched=right)


def words_of(texts: Sequence[str], key: Key = plain_text) -> set[str]:
    """Return the different words in texts, cut at spaces, as they are compared."""
    return {word for text in texts for part in text.split() if (word := key(part))}
