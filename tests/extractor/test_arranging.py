"""Which of the words that were read stand on a page."""

import numpy as np
import pytest

from detector.words import FoundWords
from extractor.arranging import page_of
from extractor.page import Page
from extractor.turns import FLAT, Read
from tests.extractor.pages_fixture import box


def paged(words: list[tuple[str, float, int]], least_confidence: float = 0.7) -> Page:
    """Return the page of words, side by side on their lines: text, confidence in a letter, and line of each."""
    quads = np.stack([box(60 * k, 40 * line, 60 * k + 40, 40 * line + 20) for k, (_, _, line) in enumerate(words)])
    found = FoundWords(quads, tuple(quads), np.ones(len(words), np.float32), np.array([line for _, _, line in words], np.int32))
    reads = [Read(text, sure ** (len(text) + 1), FLAT) for text, sure, _ in words]
    return page_of((400, 800), found, reads, least_confidence)


def test_words_less_sure_than_is_asked_are_left_out_and_counted() -> None:
    page = paged([("Sandwich", 0.71, 0), ("Spread", 0.69, 0), ("", 1.0, 0), (" ", 1.0, 0)])
    assert (page.text, page.left_out) == ("Sandwich", 3)


@pytest.mark.parametrize("text", ["e", "I", "&", "-"])
def test_of_one_letter_or_sign_more_is_asked(text: str) -> None:
    assert paged([("500", 0.9, 0), (text, 0.94, 0)]).text == "500"
    assert paged([("500", 0.9, 0), (text, 0.96, 0)]).text == f"500 {text}"


@pytest.mark.parametrize("unit", ["g", "G", "l", "L"])
def test_of_a_unit_behind_a_number_no_more_is_asked_than_of_words(unit: str) -> None:
    assert paged([("500", 0.9, 0), (unit, 0.71, 0)]).text == f"500 {unit}"
    assert paged([("500", 0.9, 0), (unit, 0.69, 0)]).text == "500"
    assert paged([("500", 0.9, 0), (unit, 0.9, 1)]).text == "500"  # on another line
    assert paged([("Net", 0.9, 0), (unit, 0.9, 0)]).text == "Net"
    assert paged([(unit, 0.9, 0), ("Net", 0.9, 0)]).text == "Net"


def test_a_curved_word_has_no_spaces_around_it() -> None:
    quads = box(0, 0, 40, 20)[None]
    found = FoundWords(quads, tuple(quads), np.ones(1, np.float32), np.zeros(1, np.int32))
    page = page_of((400, 800), found, [Read(" Salsa ", 1.0, FLAT, bent=True)], 0.7)
    assert (page.text, page.words[0].text) == ("Salsa", "Salsa")
