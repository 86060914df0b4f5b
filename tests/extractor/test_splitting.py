"""Words told apart at spaces: each has its share of the quad, in order, and none of another's."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.words import FoundWords
from extractor.arranging import page_of
from extractor.splitting import split
from extractor.turns import FLAT, Read
from synthgen.quads import areas
from tests.extractor.pages_fixture import box


def test_each_word_takes_its_characters_share_of_the_width() -> None:
    (one, first), (other, second) = split(box(10, 20, 110, 40), "Honey Nut!")
    assert (first, second) == ("Honey", "Nut!")
    assert one == pytest.approx(box(10, 20, 60, 40)) and other == pytest.approx(box(70, 20, 110, 40))


@pytest.mark.parametrize("text", ["Honey", " Honey ", "Honey  "])
def test_one_word_keeps_its_quad(text: str) -> None:
    ((quad, word),) = split(box(10, 20, 110, 40), text)
    assert word == "Honey" and quad == pytest.approx(box(10, 20, 110, 40))


def test_spaces_alone_are_no_word() -> None:
    assert list(split(box(0, 0, 9, 9), "  ")) == []


def test_words_follow_a_text_that_runs_another_way() -> None:
    (one, _), (other, _) = split(np.roll(box(0, 0, 100, 20), 2, axis=0), "ab cd")
    assert one == pytest.approx(np.roll(box(60, 0, 100, 20), 2, axis=0)) and other == pytest.approx(np.roll(box(0, 0, 40, 20), 2, axis=0))


@given(st.lists(st.text("ab-", min_size=1, max_size=6), min_size=1, max_size=5))
def test_parts_are_in_order_beside_each_other_and_within_the_whole(words: list[str]) -> None:
    parts = list(split(box(0, 0, 100, 10), " ".join(words)))
    assert [word for _, word in parts] == words
    edges = np.array([[quad[0, 0], quad[1, 0]] for quad, _ in parts]).reshape(-1)
    assert (np.diff(edges) > 0).all() and edges[0] == 0 and edges[-1] == pytest.approx(100)
    assert float(areas(np.stack([quad for quad, _ in parts])).min()) > 0


def test_a_page_has_a_word_for_each_that_was_read_in_one_box_as_sure_in_its_letters() -> None:
    found = FoundWords(np.stack([box(10, 20, 110, 40), box(10, 60, 60, 80)]), (), np.array([0.9, 0.8], np.float32), np.zeros(2, np.int32))
    found = replace(found, polygons=tuple(found.quads))
    page = page_of((100, 200), found, [Read("Honey Nut", 0.95**10, FLAT), Read("Free", 0.9, FLAT)], 0.5)
    assert page.text == "Honey Nut\nFree" and [line.words for line in page.lines] == [(0, 1), (2,)]
    assert [word.letter_confidence for word in page.words[:2]] == pytest.approx([0.95, 0.95])
    assert [word.score for word in page.words] == pytest.approx([0.9, 0.9, 0.8]) and page.words[1].quad[0, 0] > page.words[0].quad[1, 0]


def test_a_page_without_words_stays_one() -> None:
    none = FoundWords(np.zeros((0, 4, 2), np.float32), (), np.zeros(0, np.float32), np.zeros(0, np.int32))
    assert page_of((10, 10), none, [], 0.5).words == ()
