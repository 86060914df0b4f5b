"""Shards by number: what `--shards` reads is what `merge` says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.errors import SynthgenError
from synthgen.spans import parse_spans, spans_of


@given(st.sets(st.integers(0, 80)))
def test_what_is_said_reads_back_as_the_same_numbers(numbers: set[int]) -> None:
    said = spans_of(sorted(numbers))
    assert (parse_spans(said, 81) if numbers else []) == sorted(numbers)


@pytest.mark.parametrize(("text", "numbers"), [("3", [3]), ("0-2", [0, 1, 2]), ("7, 1-2,2-3", [1, 2, 3, 7]), ("9-9", [9])])
def test_spans_name_numbers_in_order(text: str, numbers: list[int]) -> None:
    assert parse_spans(text, 10) == numbers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", r"--shards 'a': need A-B or A, .* got 'a'; say 0-9"),
        ("1-", "need A-B or A"),
        ("", "need A-B or A"),
        ("1,,2", "need A-B or A"),
        ("-3", "need A-B or A"),
        ("5-4", r"--shards '5-4': need A <= B, got 5-4; turn them round"),
        ("3-10", r"--shards '3-10': need numbers up to 9, as the run has 10 shards, got 10; lower it, or give a larger --n"),
    ],
)
def test_spans_that_name_no_shards_are_refused(text: str, message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        parse_spans(text, 10)


def test_of_very_many_spans_the_first_are_said_and_the_rest_counted() -> None:
    said = spans_of(range(0, 200, 2))
    assert said.startswith("0,2,4,") and said.endswith("98 and 50 more spans")
