"""Pages written out in tests, without a photo."""

from collections.abc import Sequence

import numpy as np

from extractor.page import Line, Page, Word
from synthgen.arrays import Quads
from synthgen.quads import of_boxes

LETTER_PX, HIGH_PX, GAP_PX = 8, 16, 8


def page_of(text: str) -> Page:
    """Return a page of the lines of `text`, cut into words at spaces."""
    return page_of_words([line.split() for line in text.splitlines()])


def page_of_words(lines: Sequence[Sequence[str]]) -> Page:
    """Return a page of lines of words, set one below the other."""
    words, found = list[Word](), list[Line]()
    for number, line in enumerate(lines):
        at, own = GAP_PX, list[int]()
        for text in line:
            own.append(len(words))
            words.append(word_of(text, (at, 2 * HIGH_PX * number + GAP_PX), number))
            at += LETTER_PX * max(len(text), 1) + GAP_PX
        found.append(Line(" ".join(line), tuple(own)))
    return Page(2 * HIGH_PX * len(lines) + GAP_PX, 640, tuple(words), tuple(found))


def word_of(text: str, corner: tuple[float, float], line: int = 0, confidence: float = 0.99, score: float = 0.95) -> Word:
    x, y = corner
    return Word(text, box(x, y, x + LETTER_PX * max(len(text), 1), y + HIGH_PX), None, score, confidence, line)


def box(x0: float, y0: float, x1: float, y1: float) -> Quads:
    return np.asarray(of_boxes(np.array([[x0, y0, x1, y1]], dtype=np.float32))[0], dtype=np.float32)
