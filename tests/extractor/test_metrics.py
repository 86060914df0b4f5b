"""Words judged: right where box and text are, one to one; what is to be ignored counts neither way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.metrics import Counts
from detector.words import TrueWords
from extractor.metrics import Judged, ReadWords, bare_text, judge, plain_text, words_of
from synthgen.arrays import Quads
from synthgen.quads import of_boxes

Placed = tuple[str, float]  # a text, and where it stands from the left


def quads_at(*places: float) -> Quads:
    """Return boxes of 40 x 10 px."""
    return of_boxes(np.array([[x, 0, x + 40, 10] for x in places], dtype=np.float32).reshape(-1, 4))


def judged(true: list[Placed], read: list[Placed]) -> Judged:
    """Return a judgement; a true text "###" is to be ignored."""
    texts = tuple("" if text == "###" else text for text, _ in true)
    words = TrueWords(quads_at(*(x for _, x in true)), texts, np.array([text == "###" for text, _ in true], dtype=np.bool_))
    return judge(words, ReadWords(quads_at(*(x for _, x in read)), tuple(text for text, _ in read)))


def test_box_and_text_must_be_right_whatever_the_case() -> None:
    found = judged(
        [("Kraft", 0), ("Spread", 100), ("Real", 200), ("Food", 300)], [("KRAFT", 2), ("Spred", 100), ("Real", 230), ("new", 400)]
    )
    assert (found.counts, found.boxes) == (Counts(1, 4, 4), Counts(2, 4, 4))
    assert found.right == (True, False, False, False)
    assert (found.misread, found.missed, found.wrong) == ([("Spread", "Spred")], ["Real", "Food"], ["Real", "new"])


def test_an_overlap_of_a_half_is_not_enough_and_a_little_more_is() -> None:
    half = 40 / 3  # boxes of 40 px that share 80 / 3 of 160 / 3
    assert judged([("a", 0)], [("a", half + 0.01)]).counts.matched == 0
    assert judged([("a", 0)], [("a", half - 0.01)]).counts.matched == 1


def test_words_are_matched_one_to_one() -> None:
    found = judged([("a", 0)], [("a", 0), ("a", 1)])
    assert found.counts == Counts(1, 2, 1) and found.wrong == ["a"]
    assert judged([("a", 0), ("a", 1)], [("a", 0)]).counts == Counts(1, 1, 2)


def test_of_boxes_over_each_other_the_one_with_the_right_text_comes_first() -> None:
    found = judged([("a", 0)], [("b", 0), ("a", 2)])
    assert found.counts == Counts(1, 2, 1) and found.right == (False, True) and found.wrong == ["b"]


def test_what_is_to_be_ignored_counts_neither_way() -> None:
    found = judged([("###", 0), ("", 100), ("a", 200)], [("x", 0), ("y", 100), ("a", 200)])
    assert found.counts == found.alnum == found.boxes == Counts(1, 1, 1)
    assert found.left_out == (True, True, False) and (found.missed, found.wrong, found.misread) == ([], [], [])


def test_letters_and_digits_alone_are_a_second_figure() -> None:
    found = judged([("Kraft,", 0), ("&", 100), ("(443", 200)], [("kraft", 0), ("8", 100), ("443)", 200), ("--", 300)])
    assert (found.counts, found.alnum) == (Counts(0, 4, 3), Counts(2, 2, 2))


def test_curly_quotes_are_as_plain_ones() -> None:
    assert plain_text("America\u2019s") == plain_text("AMERICA'S") and bare_text("Am\u00e9rica\u2019s 2") == "americas2"
    assert plain_text("\u4e2d") == "\u4e2d"


def test_words_of_texts_are_different_ones() -> None:
    assert words_of(["Kraft kraft", " Real  Food "]) == {"kraft", "real", "food"}
    assert words_of(["a-b &"], bare_text) == {"ab"}


def test_nothing_read_and_nothing_there_is_nothing_counted() -> None:
    assert judged([], []).counts == Counts(0, 0, 0)
    assert judged([("a", 0)], []).counts == Counts(0, 0, 1)
    assert judged([], [("a", 0)]).counts == Counts(0, 1, 0)


WORDS = st.lists(st.tuples(st.sampled_from(("a", "b", "A", "-", "###")), st.integers(0, 12).map(lambda place: 15.0 * place)), max_size=6)


@settings(max_examples=40)
@given(WORDS, WORDS)
def test_counts_agree_with_the_lists_of_errors_and_never_exceed_what_boxes_allow(true: list[Placed], read: list[Placed]) -> None:
    found = judged(true, read)
    assert found.counts.matched <= min(found.counts.found, found.counts.true)
    assert len(found.misread) + found.counts.matched + len(found.missed) == found.counts.true
    assert len(found.misread) + found.counts.matched + len(found.wrong) == found.counts.found
    kept = found.match[found.match >= 0].tolist()
    assert len(kept) == len(set(kept))


@given(st.lists(st.sampled_from("abc"), max_size=8))
def test_a_photo_read_as_it_is_labelled_is_all_right(texts: list[str]) -> None:
    placed = [(text, 50.0 * k) for k, text in enumerate(texts)]
    found = judged(placed, placed[::-1])
    assert found.counts == found.alnum == Counts(len(texts), len(texts), len(texts))


@pytest.mark.parametrize("shift", [1e4, 9e4])
def test_far_from_the_corner_words_are_judged_alike(shift: float) -> None:
    assert judged([("a", shift)], [("a", shift + 4)]).counts == Counts(1, 1, 1)
