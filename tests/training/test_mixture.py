from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.errors import SynthgenError
from training.mixture import Mixture

WEIGHTS = st.lists(st.floats(0.001, 1000), min_size=1, max_size=5).map(tuple)


@given(weights=WEIGHTS, batch=st.integers(25, 300), step=st.integers(0, 10**6))
def test_batches_are_full_and_each_source_goes_on_where_the_batch_before_ended(weights: tuple[float, ...], batch: int, step: int) -> None:
    mixture = Mixture(weights, batch)
    spans = [mixture.spans(n) for n in range(step, step + 4)]
    for now, then in pairwise(spans):
        assert [last for _, last in now] == [first for first, _ in then]
    for span in spans:
        assert sum(last - first for first, last in span) == batch
        assert all(first <= last for first, last in span)


@given(weights=WEIGHTS, batch=st.integers(25, 300))
def test_shares_are_those_of_the_weights(weights: tuple[float, ...], batch: int) -> None:
    taken = [last for _, last in Mixture(weights, batch).spans(999)]
    for share, rows in zip((weight / sum(weights) for weight in weights), taken, strict=True):
        assert abs(rows - share * 1000 * batch) <= len(weights)


def test_each_source_begins_with_its_first_row() -> None:
    assert [first for first, _ in Mixture((1.0, 2.0), 30).spans(0)] == [0, 0]


def test_a_weight_of_nothing_is_refused() -> None:
    with pytest.raises(SynthgenError, match=r"--data: need a weight above 0 for each source, got \(1.0, 0.0\)"):
        Mixture((1.0, 0.0), 64)


def test_a_batch_too_small_for_its_sources_is_refused() -> None:
    with pytest.raises(SynthgenError, match="--batch: need 9 or more for 3 sources, got 8"):
        Mixture((1.0, 1.0, 1.0), 8)
