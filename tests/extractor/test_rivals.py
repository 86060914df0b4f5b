"""Places taken from one set of words or another by what is read there."""

import numpy as np

from detector.words import FoundWords
from extractor.rivals import Rival, best_of
from extractor.turns import FLAT, Read
from synthgen.quads import of_boxes

LEAST = 0.7
SURE, UNSURE = 0.99, 0.001


def rival(*words: tuple[int, int, str, float]) -> Rival:
    """Return words of one line, 20 px high: left, right, text, confidence."""
    quads = of_boxes(np.array([(left, 0, right, 20) for left, right, _, _ in words], dtype=np.float32).reshape(-1, 4))
    found = FoundWords(quads, tuple(quads), np.full(len(words), 0.9, dtype=np.float32), np.zeros(len(words), dtype=np.int32))
    return Rival(found, [Read(text, sure, FLAT) for _, _, text, sure in words])


def texts(first: Rival, second: Rival) -> list[str]:
    best = best_of(first, second, LEAST)
    assert len(best.words.quads) == len(best.words.polygons) == len(best.words.scores) == len(best.words.lines) == len(best.reads)
    assert (np.diff(best.words.quads[:, 0, 0]) >= 0).all()  # in reading order, each with its own reading
    return [read.text for read in best.reads]


def test_a_word_that_fell_to_pieces_is_taken_whole() -> None:
    whole, pieces = rival((0, 100, "Colchester", SURE)), rival((0, 60, "Colche", SURE), (62, 100, "Ster", SURE))
    assert texts(whole, pieces) == texts(pieces, whole) == ["Colchester"]


def test_words_that_ran_together_are_taken_apart_where_so_they_are_read() -> None:
    joined = rival((0, 200, "NFWTaoz", UNSURE), (220, 260, "FREE", SURE))
    apart = rival((0, 50, "NET", SURE), (60, 100, "WT", SURE), (110, 200, "9 OZ", SURE), (220, 260, "FRFE", UNSURE))
    assert texts(joined, apart) == ["NET", "WT", "9 OZ", "FREE"]


def test_what_only_one_of_them_found_stays_unsure_or_not_for_the_page_to_count() -> None:
    assert texts(rival((0, 40, "Oats", SURE)), rival((100, 140, "Free", SURE), (200, 240, "lIl", UNSURE))) == ["Oats", "Free", "lIl"]
    assert texts(rival(), rival((0, 40, "Oats", SURE))) == ["Oats"]
    assert texts(rival((0, 40, "Oats", SURE)), rival()) == ["Oats"]
    assert texts(rival(), rival()) == []


def test_of_what_is_read_alike_the_first_stays() -> None:
    first, second = rival((0, 40, "Oats", SURE)), rival((2, 42, "Oats", SURE))
    np.testing.assert_array_equal(best_of(first, second, LEAST).words.quads, first.words.quads)


def test_places_that_are_linked_through_others_are_judged_together() -> None:
    long = rival((0, 100, "abcdefgh", SURE), (110, 200, "ijklmnop", UNSURE))
    short = rival((0, 60, "abcde", SURE), (65, 200, "fghijk", SURE))
    assert texts(long, short) == ["abcde", "fghijk"]


def test_a_lone_sign_that_is_surely_read_is_taken_before_one_that_is_not() -> None:
    sure, unsure = rival((0, 20, "&", SURE)), rival((0, 20, "&", UNSURE))
    for one, other in ((sure, unsure), (unsure, sure)):
        assert [read.confidence for read in best_of(one, other, LEAST).reads] == [SURE]


def test_lone_signs_are_taken_apart_where_together_they_are_not_read() -> None:
    assert texts(rival((0, 100, "A8B", UNSURE)), rival((0, 30, "A", SURE), (35, 65, "&", SURE), (70, 100, "B", SURE))) == ["A", "&", "B"]


def test_a_unit_behind_its_number_is_as_sure_as_on_a_page() -> None:
    first, second = (rival((0, 40, "500", SURE), (50, 65, "g", sure)) for sure in (0.6**2, 0.9**2))  # .9: of no other lone letter enough
    assert [read.confidence for read in best_of(first, second, LEAST).reads] == [SURE, 0.9**2]
