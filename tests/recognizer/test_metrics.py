"""Scores of readings: distances against their definition, each published convention by hand, nothing lost on the way."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.metrics import Tally, aligned, alnum, edits
from synthgen.alphabet import Alphabet

SHORT = st.text("abA 1", max_size=7)
READABLE = st.text(Alphabet().characters, max_size=12)


@cache
def distance(a: str, b: str) -> int:
    """Return the edit distance by its definition, trying everything."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b[1:]) + (a[0] != b[0]), distance(a[1:], b) + 1, distance(a, b[1:]) + 1)


def tally(*words: tuple[str, str]) -> Tally:
    """Return the tally of (truth, reading) pairs."""
    counted = Tally(Alphabet())
    for truth, reading in words:
        counted.add(truth, reading)
    return counted


@given(truth=SHORT, reading=SHORT)
def test_an_alignment_has_the_fewest_edits_and_holds_both_texts_whole(truth: str, reading: str) -> None:
    pairs = aligned(truth, reading)
    assert edits(pairs) == distance(truth, reading)
    assert ("".join(a for a, _ in pairs), "".join(b for _, b in pairs)) == (truth, reading)
    assert ("", "") not in pairs


@given(a=READABLE, b=READABLE, c=READABLE)
def test_edits_are_a_distance(a: str, b: str, c: str) -> None:
    between = {pair: edits(aligned(*pair)) for pair in ((a, b), (b, a), (b, c), (a, c), (a, a))}
    assert between[a, a] == 0
    assert (between[a, b] == 0) == (a == b)
    assert between[a, b] == between[b, a]
    assert between[a, c] <= between[a, b] + between[b, c]


@pytest.mark.parametrize(
    ("truth", "reading", "pairs"),
    [
        ("kitten", "sitting", [("k", "s"), ("i", "i"), ("t", "t"), ("t", "t"), ("e", "i"), ("n", "n"), ("", "g")]),
        ("milk", "mlk", [("m", "m"), ("i", ""), ("l", "l"), ("k", "k")]),
        ("", "ab", [("", "a"), ("", "b")]),
        ("aa", "a", [("a", "a"), ("a", "")]),
    ],
)
def test_an_alignment_is_as_by_hand(truth: str, reading: str, pairs: list[tuple[str, str]]) -> None:
    assert aligned(truth, reading) == pairs


@given(words=st.lists(st.tuples(READABLE, READABLE), max_size=6))
def test_shares_are_between_0_and_1_and_every_word_is_counted(words: list[tuple[str, str]]) -> None:
    scores = tally(*words).scores()
    assert 0 <= scores.accuracy_exact <= 1 and 0 <= scores.accuracy_alnum <= 1 and 0 <= scores.one_minus_ned <= 1 and scores.cer >= 0
    assert (scores.count, scores.count_alnum) == (len(words), sum(any(c.isalnum() for c in truth) for truth, _ in words))


@given(words=st.lists(READABLE.map(lambda text: " ".join(text.split())).filter(alnum), min_size=1, max_size=6))
def test_words_read_as_they_are_have_perfect_scores(words: list[str]) -> None:
    scores = tally(*((word, word) for word in words)).scores()
    assert (scores.accuracy_exact, scores.accuracy_alnum, scores.cer, scores.one_minus_ned) == (1, 1, 0, 1)


@given(words=st.lists(st.tuples(READABLE, READABLE), min_size=1, max_size=6))
def test_a_word_that_is_read_exactly_is_also_read_alphanumerically(words: list[tuple[str, str]]) -> None:
    for truth, reading in words:
        judged = tally().add(truth, reading)
        assert judged.alnum or judged.alnum is None or not judged.exact


@given(words=st.lists(st.tuples(READABLE, READABLE), max_size=6))
def test_the_confusion_table_holds_every_character_of_truths_and_readings(words: list[tuple[str, str]]) -> None:
    pairs = tally(*words).pairs
    truths = sum(count for (a, _), count in pairs.items() if a)
    readings = sum(count for (_, b), count in pairs.items() if b)
    assert (truths, readings) == (sum(len(" ".join(truth.split())) for truth, _ in words), sum(len(reading) for _, reading in words))


@given(words=st.lists(st.tuples(READABLE, READABLE), min_size=1, max_size=8))
def test_scores_by_length_add_up_to_the_whole(words: list[tuple[str, str]]) -> None:
    counted = tally(*words)
    parts, whole = counted.by_length(), counted.scores()
    assert list(parts) == sorted({len(" ".join(truth.split())) for truth, _ in words})
    assert sum(part.count for part in parts.values()) == whole.count
    assert sum(part.accuracy_exact * part.count for part in parts.values()) == pytest.approx(whole.accuracy_exact * whole.count)
    assert sum(part.one_minus_ned * part.count for part in parts.values()) == pytest.approx(whole.one_minus_ned * whole.count)
    assert sum(part.accuracy_alnum * part.count_alnum for part in parts.values()) == pytest.approx(whole.accuracy_alnum * whole.count_alnum)


@pytest.mark.parametrize(
    ("truth", "reading", "exact", "bare"),
    [
        ("Milk", "Milk", True, True),
        ("Milk", "MILK", False, True),
        ("don't", "Dont", False, True),
        ("1.5 L", "15l", False, True),
        ("Milk", "Mi1k", False, False),
        ("&", "&", True, None),  # neither letter nor digit: says nothing about reading those
        ("&", "A", False, None),
        ("Milk", "", False, False),
    ],
)
def test_accuracy_is_exact_over_the_alphabet_and_alphanumeric_as_published(
    truth: str, reading: str, exact: bool, bare: bool | None
) -> None:
    judged = tally().add(truth, reading)
    assert (judged.exact, judged.alnum) == (exact, bare)


def test_truths_without_letter_or_digit_are_left_out_of_the_alphanumeric_accuracy_only() -> None:
    scores = tally(("&", "%"), ("a", "a"), ("b", "c")).scores()
    assert (scores.count, scores.count_alnum) == (3, 2)
    assert (scores.accuracy_exact, scores.accuracy_alnum) == pytest.approx((1 / 3, 1 / 2))


def test_the_character_error_rate_is_over_all_characters_together() -> None:
    assert tally(("abcdefgh", "abcdefgh"), ("ab", "xy")).scores().cer == 2 / 10  # the mean over words would be 1/2
    assert tally(("ab", "abcdef")).scores().cer == 2  # what is added may be more than there was


def test_one_minus_ned_is_a_mean_over_words_by_the_longer_of_truth_and_reading() -> None:
    assert tally(("abcd", "abcx"), ("ab", "abcdefgh")).scores().one_minus_ned == pytest.approx(((1 - 1 / 4) + (1 - 6 / 8)) / 2)
    assert tally(("ab", "")).scores().one_minus_ned == 0
    assert tally(("Ab", "ab")).scores().one_minus_ned == 1 / 2  # case counts


def test_nothing_scores_nothing() -> None:
    scores = tally().scores()
    assert scores.to_json() == {
        "accuracy_exact": 0, "accuracy_alnum": 0, "cer": 0, "one_minus_ned": 0, "count": 0, "count_alnum": 0,
    }  # fmt: skip
    assert tally(("", "")).scores().one_minus_ned == 1


def test_a_truth_is_folded_before_it_is_compared() -> None:
    judged = tally().add("Zürich\u2019s", "Zurich's")
    assert (judged.truth, judged.exact, judged.alnum) == ("Zurich's", True, True)


def test_a_truth_that_cannot_be_folded_counts_as_read_wrongly_and_is_counted() -> None:
    counted = tally(("5€", "5"), ("мука", ""), ("5", "5"))
    assert counted.outside == 2
    assert (counted.scores().count, counted.scores().accuracy_exact) == pytest.approx((3, 1 / 3))
    assert counted.pairs["€", ""] == 1


def test_letters_that_the_reader_cannot_name_are_not_right_without_them_but_other_signs_are_left_out() -> None:
    assert tally().add("5€", "5").alnum
    assert not tally().add("5ж", "5").alnum


def test_the_confusion_table_tells_what_was_taken_for_what() -> None:
    pairs = tally(("milk", "mi1k"), ("oil", "oi1"), ("oats", "oat"), ("tea", "teas")).pairs
    assert (pairs["l", "1"], pairs["s", ""], pairs["", "s"], pairs["l", "l"], pairs["o", "o"]) == (2, 1, 1, 0, 2)


def test_the_error_rate_of_one_word_is_its_edits_a_character() -> None:
    assert tally().add("milk", "mjlkk").cer == 2 / 4
    assert tally().add("", "ab").cer == 2
