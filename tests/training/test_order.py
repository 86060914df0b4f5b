from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.order import Order

SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


def listed(order: Order, first: int, last: int) -> list[tuple[int, int]]:
    groups, rows = order.places(first, last)
    return list(zip(groups.tolist(), rows.tolist(), strict=True))


@given(sizes=SIZES, seed=st.integers(0, 2**64 - 1), pool=st.integers(1, 5), epoch=st.integers(0, 3))
def test_every_epoch_has_every_row_once(sizes: list[int], seed: int, pool: int, epoch: int) -> None:
    order = Order(tuple(sizes), seed, pool)
    found = listed(order, epoch * order.rows, (epoch + 1) * order.rows)
    assert sorted(found) == [(group, row) for group, size in enumerate(sizes) for row in range(size)]


@given(sizes=SIZES, seed=st.integers(0, 2**64 - 1), cuts=st.sets(st.integers(1, 99)))
def test_places_do_not_depend_on_the_batches_they_are_asked_for_in(sizes: list[int], seed: int, cuts: set[int]) -> None:
    order = Order(tuple(sizes), seed, 3)
    edges = [0, *sorted(cuts), 100]
    pieces = [place for first, last in pairwise(edges) for place in listed(order, first, last)]
    assert pieces == listed(order, 0, 100)


def test_epochs_and_seeds_have_orders_of_their_own_and_rows_are_mixed() -> None:
    order = Order((100,) * 50, 3)
    first, second = listed(order, 0, 5000), listed(order, 5000, 10_000)
    assert first != second
    assert first != listed(Order((100,) * 50, 4), 0, 5000)
    neighbours = sum(a == b and c == d + 1 for (a, d), (b, c) in pairwise(first))
    assert neighbours < 10  # of 5,000 in a shuffled order about 1 or 2


def test_only_the_groups_of_a_pool_are_needed_at_a_time() -> None:
    order = Order((100,) * 50, 0, pool_groups=8)
    groups, _ = order.places(0, 5000)
    assert max(len(np.unique(groups[k * 800 : (k + 1) * 800])) for k in range(7)) == 8


def test_an_order_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="order: need rows to put in order, got none"):
        Order((0, 0), 0)
