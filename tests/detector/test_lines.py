"""Reading order of pages whose lines are known, whatever is done to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.lines import reading_order
from synthgen.arrays import I32, Quads
from tests.detector.drawn_words import turned, whole, word

seeds = st.integers(0, 2**32)


def page(seed: int) -> tuple[Quads, I32]:
    """Return the quads of words in reading order, and their lines: of uneven height and lengths, a little up and down, with gaps."""
    rng = np.random.default_rng(seed)
    quads, lines, top = [], [], 20.0
    for line in range(rng.integers(1, 6)):
        high, left = rng.uniform(10, 40), rng.uniform(0, 60)
        for _ in range(rng.integers(1, 6)):
            length = int(rng.integers(1, 9))
            tall = high * rng.uniform(0.85, 1)
            middle = (left + length * tall / 4, top + high / 2 + high * rng.uniform(-0.05, 0.05))
            quads.append(whole(word(length, middle, high=tall, wide=tall / 2)))
            lines.append(line)
            left += length * tall / 2 + high * rng.uniform(0.2, 4)
        top += high * rng.uniform(1.1, 2)
    return np.stack(quads), np.array(lines, dtype=np.int32)


@given(seed=seeds)
def test_lines_go_down_and_words_within_them_to_the_right(seed: int) -> None:
    quads, lines = page(seed)
    order, found = reading_order(quads)
    assert order.tolist() == list(range(len(quads)))
    assert found.tolist() == lines.tolist()


@given(seed=seeds, tilt_deg=st.floats(-20, 20))
def test_a_tilted_page_is_read_like_a_straight_one(seed: int, tilt_deg: float) -> None:
    quads, lines = page(seed)
    order, found = reading_order(turned(quads, tilt_deg))
    assert order.tolist() == list(range(len(quads)))
    assert found.tolist() == lines.tolist()


@given(seed=seeds, scattered=st.booleans())
def test_the_order_does_not_depend_on_the_order_of_the_input(seed: int, scattered: bool) -> None:
    rng = np.random.default_rng(seed)
    quads = page(seed)[0]
    if scattered:  # over and beside each other, some of them twice
        quads = quads - quads.mean(axis=1, keepdims=True) + rng.integers(0, 8, (len(quads), 1, 2)) * np.float32(16)
        quads = np.concatenate([quads, quads[:2]])
    shuffled = rng.permutation(len(quads))
    order, lines = reading_order(quads)
    again, found = reading_order(quads[shuffled])
    assert quads[order].tolist() == quads[shuffled][again].tolist()
    assert lines.tolist() == found.tolist()


@given(seed=seeds)
def test_lines_are_numbered_from_0_without_gaps_and_every_word_is_read_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quads = np.stack([whole(word(3, (x, y), tilt_deg=t)) for x, y, t in rng.uniform((0, 0, -40), (300, 200, 40), (12, 3))])
    order, lines = reading_order(quads)
    assert sorted(order.tolist()) == list(range(12))
    assert lines[0] == 0
    assert set(np.diff(lines).tolist()) <= {0, 1}


def test_a_tall_word_between_lines_does_not_join_them() -> None:
    rows = [whole(word(4, (x, y), high=20)) for y in (20, 50, 80) for x in (50, 250)]
    order, lines = reading_order(np.stack([*rows, whole(word(1, (150, 50), high=90, wide=30))]))
    assert np.bincount(lines).tolist() in ([3, 2, 2], [2, 3, 2], [2, 2, 3])
    assert [k for k in order.tolist() if k < 6] == [0, 1, 2, 3, 4, 5]


def test_a_line_that_bends_is_followed_from_word_to_word() -> None:
    quads = [whole(word(4, (70 * k, 100 - 1.4 * k * (7 - k) + shift), high=20)) for shift in (0, 30) for k in range(8)]
    assert reading_order(np.stack(quads))[1].tolist() == [0] * 8 + [1] * 8


def test_a_few_crooked_words_do_not_turn_the_page() -> None:
    lines = [whole(word(6, (x, y), high=20)) for y in (20, 60) for x in (60, 200, 340)]
    crooked = [whole(word(2, (500, 20 + 40 * k), high=20, tilt_deg=40)) for k in range(2)]
    assert reading_order(np.stack([*lines[:3], crooked[0], *lines[3:], crooked[1]]))[0].tolist() == list(range(8))


@pytest.mark.parametrize("count", [0, 1])
def test_few_words_have_an_order_too(count: int) -> None:
    order, lines = reading_order(np.stack([whole(word(3, (40, 40)))])[:count])
    assert (order.tolist(), lines.tolist()) == ([0][:count], [0][:count])
    assert (order.dtype, lines.dtype) == (np.dtype(np.int64), np.dtype(np.int32))
