"""The text of a page as one string in which patterns are sought, and the way back to its words."""

import re
from dataclasses import dataclass
from fractions import Fraction

from extractor.page import Page

NO_WORD = -1
MISREAD = str.maketrans("OoIl|S", "001115")  # what a reader takes for a digit; trusted only where a pattern wants a number, see `digits`
DIGIT = r"[0-9OoIl|S]"
SPACE = r"[ \n]?"  # between the parts of a field: nothing, the next word, or the next line


@dataclass(frozen=True)
class Written:
    """A page's words joined by spaces, its lines by line ends."""

    text: str
    owner: tuple[int, ...]  # for each character its word, NO_WORD between words

    def words(self, first: int, last: int) -> tuple[int, ...]:
        """Return the words that have characters in `text[first:last]`, in reading order."""
        return tuple(dict.fromkeys(word for word in self.owner[first:last] if word != NO_WORD))


@dataclass(frozen=True)
class Found:
    """Something that a pattern found in a text, from character `first` to before `last`."""

    first: int
    last: int
    kind: str
    value: float | str
    unit: str
    note: str = ""  # what else is to be known of the value


def written(page: Page) -> Written:
    """Return the text of a page, lines in reading order."""
    parts, owner = list[str](), list[int]()
    for line in page.lines:
        for place, word in enumerate(line.words):
            joint = (" " if place else "\n") if parts else ""
            text = re.sub(r"\s", " ", page.words[word].text)  # a line end within a word would end its line
            parts += [joint, text]
            owner += [NO_WORD] * len(joint) + [word] * len(text)
    return Written("".join(parts), tuple(owner))


def digits(text: str) -> str | None:
    """Return a number's characters with misread ones mended; None where none of them is a true digit, as in "SO" or "lo"."""
    return text.translate(MISREAD) if any("0" <= c <= "9" for c in text) else None


def plain(number: Fraction) -> float:
    """Return a number as JSON shows it best: whole where it is."""
    return int(number) if number.denominator == 1 else float(number)
