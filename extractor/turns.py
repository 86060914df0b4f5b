"""Which way words stand, by how surely they are read one way or another.

The detector says where a word is, not which way up: its quads run along the horizontal. So tall words are read upright and turned by a
quarter either way, and words on lines that are hardly read as they stand are read upside down too. What most of a page, or of a line,
says decides; a single word goes its own way only if it is much surer of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from extractor.page import letter_confidence
from synthgen.arrays import I32, Image

TALL = 1.5  # heights a width; from here on it may be text that runs up or down: two letters side by side are wider
LOW = 0.5  # mean confidence of a line below which it is read upside down too
FLOOR = 1e-3  # confidence as which nothing read, and less, counts: how improbable garbage is says nothing
MOST_EVIDENCE = 3.0  # of one word, natural logarithm
LEAST_EVIDENCE = 2.3  # of a line or page: ten times as probable
CLEAR = 0.7  # confidence in the letters of a word that says which way a photo lies
OWN_MIND = 3.0  # of a word against its page: 20 times as probable
BENT = -1  # in place of a turn: as it is, within its polygon
FLAT, DOWN, OVER, UP = 0, 1, 2, 3  # quarters by which a strip is turned anticlockwise to be read: as it is, text that runs down, ...

Reading = tuple[str, float]  # text and confidence, 0 to 1
Reader = Callable[[Sequence[Image]], list[Reading]]  # strips (h, w, 3) -> what stands on each
Answers = dict[tuple[int, int], Reading]  # by word and turn


@dataclass(frozen=True)
class Sheet:
    """The words of one photo, to be read."""

    strips: tuple[Image, ...]  # (h, w, 3), as the detector takes them to stand, within their quads
    lines: I32  # (n,) line of each
    bent: Mapping[int, Image] = field(default_factory=dict)  # of words that may be curved, by number: within their polygons

    def is_tall(self, word: int) -> bool:
        """Return whether a word may run up or down."""
        height, width = self.strips[word].shape[:2]
        return bool(height >= TALL * width)

    @property
    def tall(self) -> list[int]:
        """The words that may run up or down."""
        return [word for word in range(len(self.strips)) if self.is_tall(word)]


@dataclass(frozen=True)
class Read:
    """A word as it was read."""

    text: str  # "": nothing
    confidence: float
    turn: int  # quarters by which its strip was turned anticlockwise: its first corner is that many corners further on
    bent: bool = False  # whether it was read within its polygon


def read_sheets(reader: Reader, sheets: Sequence[Sheet]) -> list[list[Read]]:
    """Return what the words of each sheet say; those of all sheets are read together."""
    answers: list[Answers] = [{} for _ in sheets]
    unbent = list(sheets)
    for wanted in (_at_first, _on_doubt, _on_a_turned_page):  # each asks for what the answers so far call for
        asked = [
            (number, key)
            for number, sheet in enumerate(unbent)
            for key in dict.fromkeys(wanted(sheet, answers[number]))
            if key not in answers[number]
        ]
        strips = [_strip(unbent[number], *key) for number, key in asked]
        for (number, key), found in zip(asked, _by_width(reader, strips), strict=True):
            answers[number][key] = found
        if wanted is _at_first:
            unbent = [_unbent(*one) for one in zip(sheets, answers, strict=True)]
    return [_chosen(*one) for one in zip(unbent, answers, strict=True)]


def quarters_of(reads: Sequence[Read]) -> int:
    """Return by how many quarters a photo is to be turned anticlockwise to stand upright: DOWN or UP, FLAT for none and two.

    Detectors break words that run up or down into letters: what is left of them counts against flat words, but not scraps of two letters.
    """
    letters = dict.fromkeys((FLAT, DOWN, OVER, UP), 0)
    for read in reads:
        count = _letters(read.text)
        if count >= (2 if read.turn in (DOWN, UP) else 3) and letter_confidence(read.text, read.confidence) >= CLEAR:
            letters[read.turn] += count
    most = max((DOWN, UP), key=letters.__getitem__)
    return most if letters[most] > letters[FLAT] + letters[OVER] else FLAT


def _letters(text: str) -> int:
    """Return how many letters and digits a text has."""
    return sum(map(str.isalnum, text))


def _strip(sheet: Sheet, word: int, turn: int) -> Image:
    return sheet.bent[word] if turn == BENT else np.rot90(sheet.strips[word], turn)


def _unbent(sheet: Sheet, answers: Answers) -> Sheet:
    """Return a sheet whose strips are, of words that may be curved, those that are read more surely, and `bent` but these.

    A ridge that tall and deep letters bend makes the detector take a straight word for a curved one now and then.
    """
    chosen = {k: strip for k, strip in sheet.bent.items() if _surety(answers, k, BENT) > _surety(answers, k, FLAT)}
    for k in sheet.bent:
        curved = answers.pop((k, BENT))
        if k in chosen:
            answers[k, FLAT] = curved
    return replace(sheet, strips=tuple(chosen.get(k, strip) for k, strip in enumerate(sheet.strips)), bent=chosen)


def _by_width(reader: Reader, strips: Sequence[Image]) -> list[Reading]:
    """Return what is on each strip; they go to the reader by their shapes, so that those of like width meet in a batch."""
    if not strips:
        return []
    order = np.argsort([strip.shape[1] / strip.shape[0] for strip in strips], kind="stable").tolist()
    found = dict(zip(order, reader([strips[k] for k in order]), strict=True))
    return [found[k] for k in range(len(strips))]


def _at_first(sheet: Sheet, _answers: Answers) -> Iterable[tuple[int, int]]:
    for k in range(len(sheet.strips)):
        yield from ((k, FLAT), (k, DOWN), (k, UP)) if sheet.is_tall(k) else ((k, FLAT),)
    yield from ((k, BENT) for k in sheet.bent)


def _on_doubt(sheet: Sheet, answers: Answers) -> Iterable[tuple[int, int]]:
    """Return the short words of a page that is turned by a quarter, or else upside down those of lines that are hardly read."""
    if turn := _quarter(sheet, answers):
        return ((k, turn) for k in range(len(sheet.strips)))
    return ((k, OVER) for line in _lines(sheet) if _mean(answers, line) < LOW for k in line)


def _on_a_turned_page(sheet: Sheet, answers: Answers) -> Iterable[tuple[int, int]]:
    return ((k, OVER) for k in range(len(sheet.strips))) if _is_over(sheet, answers) else ()


def _quarter(sheet: Sheet, answers: Answers) -> int:
    """Return by how many quarters a page is turned whose words are tall for the most part, FLAT if it is not."""
    tall = sheet.tall
    if not tall or 2 * len(tall) < len(sheet.strips):
        return FLAT
    return max((FLAT, DOWN, UP), key=lambda turn: sum(_surety(answers, k, turn) for k in tall))


def _is_over(sheet: Sheet, answers: Answers) -> bool:
    """Return whether a page is upside down: half of its flat words at least were doubted, and they are read better so."""
    doubted = [k for k, turn in answers if turn == OVER]
    flat = len(sheet.strips) - len(sheet.tall)
    return 2 * len(doubted) >= flat and _are_over(answers, doubted)


def _lines(sheet: Sheet) -> list[list[int]]:
    """Return the flat words of each line."""
    found: dict[int, list[int]] = {}
    for word, line in enumerate(sheet.lines.tolist()):
        if not sheet.is_tall(word):
            found.setdefault(line, []).append(word)
    return list(found.values())


def _mean(answers: Answers, words: Sequence[int]) -> float:
    """Return the mean confidence of words as they stand; nothing read is no confidence."""
    return float(np.mean([sure if text else 0.0 for text, sure in (answers[k, FLAT] for k in words)]))


def _surety(answers: Mapping[tuple[int, int], Reading], word: int, turn: int) -> float:
    """Return the logarithm of the confidence in a word so turned; turned, less than two letters say nothing: an I would be a dash."""
    text, sure = answers.get((word, turn), ("", 0.0))
    enough = bool(text) if turn in (FLAT, BENT) else _letters(text) > 1
    return float(np.log(max(sure if enough else 0.0, FLOOR)))


def _are_over(answers: Answers, words: Sequence[int]) -> bool:
    """Return whether words are read better upside down, and one of them surely."""
    surest = max((_surety(answers, k, OVER) for k in words), default=-np.inf)
    return surest >= np.log(LOW) and _evidence(answers, words) >= LEAST_EVIDENCE


def _evidence(answers: Answers, words: Iterable[int]) -> float:
    """Return how much surer words are read upside down, summed up, each held within bounds; those of one letter say nothing."""
    total = 0.0
    for k in words:
        if max(len(answers[k, FLAT][0]), len(answers[k, OVER][0])) > 1:
            total += float(np.clip(_surety(answers, k, OVER) - _surety(answers, k, FLAT), -MOST_EVIDENCE, MOST_EVIDENCE))
    return total


def _chosen(sheet: Sheet, answers: Answers) -> list[Read]:
    """Return each word as it is to be read, from all answers."""
    page = _quarter(sheet, answers) or (OVER if _is_over(sheet, answers) else FLAT)
    usual = dict.fromkeys(range(len(sheet.strips)), page)
    if page == FLAT:
        over = [line for line in _lines(sheet) if (line[0], OVER) in answers and _are_over(answers, line)]
        usual |= dict.fromkeys(chain.from_iterable(over), OVER)
    return [_read(sheet, answers, word, turn) for word, turn in usual.items()]


def _read(sheet: Sheet, answers: Answers, word: int, usual: int) -> Read:
    """Return a word as its page or line stands, unless it is much surer of another way; a tall one on a flat page is as it is surest."""
    asked = [turn for turn in (FLAT, DOWN, OVER, UP) if (word, turn) in answers]
    best = max(asked, key=lambda turn: _surety(answers, word, turn))
    least = 0.0 if usual == FLAT and sheet.is_tall(word) else OWN_MIND
    surer = _surety(answers, word, best) - _surety(answers, word, usual) > least
    own = surer and best != OVER and _letters(answers[word, best][0]) > 1  # no single word is upside down, no single letter turned
    turn = best if own else usual
    return Read(*answers[word, turn], turn, word in sheet.bent)
