"""Chance has one door: what comes through it depends on seed, stream and index, and looks like chance."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.arrays import F64, I64, U64
from synthgen.chance import GOLDEN, Stream, mix, uniforms

SEEDS = st.integers(0, 2**64 - 1)
STREAMS = st.sampled_from(Stream)
WORD = 2**64


def indices(first: int, last: int) -> U64:
    return np.arange(first, last, dtype=np.uint64)


def mixed(x: int) -> int:
    """Return what `mix` returns, in whole numbers without bounds."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ x >> 27) * 0x94D049BB133111EB % WORD
    return x ^ x >> 31


@given(seed=SEEDS, stream=STREAMS, index=st.integers(0, 2**63), draws=st.integers(1, 5))
def test_numbers_equal_a_reference_in_whole_numbers(seed: int, stream: Stream, index: int, draws: int) -> None:
    golden = int(GOLDEN)
    row = mixed((mixed((mixed(seed) + golden * stream) % WORD) + golden * (index + 1)) % WORD)
    wanted = [(mixed((row + golden * draw) % WORD) >> 11) / 2**53 for draw in range(1, draws + 1)]
    assert uniforms(seed, stream, np.array([index], dtype=np.uint64), draws).tolist() == [wanted]


def test_the_numbers_of_seed_0_never_change() -> None:
    block = uniforms(0, Stream.TEXT, indices(0, 1000), draws=8)
    assert hashlib.sha256(block.astype("<f8").tobytes()).hexdigest() == "aca1bb1da15eef32a042aa307f29a39be7502027a91da491d8450232a53e1932"


@given(cuts=st.sets(st.integers(1, 39)), seed=SEEDS, stream=STREAMS)
def test_numbers_do_not_depend_on_how_the_index_is_split(cuts: set[int], seed: int, stream: Stream) -> None:
    edges = [0, *sorted(cuts), 40]
    parts = [uniforms(seed, stream, indices(first, last), draws=3) for first, last in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), uniforms(seed, stream, indices(0, 40), draws=3))


@given(order=st.permutations(range(20)), seed=SEEDS)
def test_numbers_do_not_depend_on_the_order_of_the_index(order: list[int], seed: int) -> None:
    index = np.array(order, dtype=np.uint64)
    np.testing.assert_array_equal(uniforms(seed, Stream.LOOK, index, draws=2), uniforms(seed, Stream.LOOK, indices(0, 20), draws=2)[index])


@given(seed=SEEDS, draws=st.integers(1, 6))
def test_asking_for_more_draws_leaves_the_first_as_they_were(seed: int, draws: int) -> None:
    more = uniforms(seed, Stream.FACE, indices(0, 9), draws=draws + 3)
    np.testing.assert_array_equal(more[:, :draws], uniforms(seed, Stream.FACE, indices(0, 9), draws=draws))


@given(seed=SEEDS)
def test_no_number_is_met_twice_over_streams_seeds_indices_and_draws(seed: int) -> None:
    blocks = [uniforms(s % WORD, stream, indices(0, 30), draws=4) for s in (seed, seed + 1) for stream in Stream]
    numbers = np.concatenate([block.ravel() for block in blocks])
    assert len(np.unique(numbers)) == len(numbers)


@given(seed=st.integers(0, 10**6), index=st.integers(0, 10**6))
def test_seed_and_index_cannot_be_swapped(seed: int, index: int) -> None:
    def draw(seed: int, index: int) -> F64:
        return uniforms(seed, Stream.TEXT, np.array([index], dtype=np.uint64), draws=4)

    assert seed == index or (draw(seed, index) != draw(index, seed)).all()


def chi_square(counts: I64) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("stream", Stream)
def test_numbers_are_spread_evenly_in_one_and_two_dimensions(stream: Stream) -> None:
    block = uniforms(7, stream, indices(0, 20_000), draws=4)
    assert block.dtype == np.float64
    assert block.min() >= 0
    assert block.max() < 1
    flat = np.bincount((block.ravel() * 256).astype(np.int64), minlength=256).astype(np.int64)
    assert chi_square(flat) < 350  # 255 degrees of freedom: 350 is met once in 12,000 times
    for left, right in ((block[:, 0], block[:, 1]), (block[:-1, 0], block[1:, 0])):  # neighbouring draws, neighbouring samples
        cells = (left * 16).astype(np.int64) * 16 + (right * 16).astype(np.int64)
        assert chi_square(np.bincount(cells, minlength=256).astype(np.int64)) < 350


def test_streams_and_neighbouring_seeds_are_uncorrelated() -> None:
    columns = [uniforms(seed, stream, indices(0, 20_000), draws=1)[:, 0] for seed in (1, 2) for stream in Stream]
    across = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(across).max() < 0.035  # five standard errors


@given(x=SEEDS, bit=st.integers(0, 63))
def test_one_changed_bit_changes_a_share_of_all_bits(x: int, bit: int) -> None:
    pair = np.array([x, x ^ 1 << bit], dtype=np.uint64)
    with np.errstate(over="ignore"):
        left, right = mix(pair)
    assert 8 <= int(left ^ right).bit_count() <= 56


def test_every_stream_has_its_own_number() -> None:
    assert len({int(stream) for stream in Stream}) == len(Stream.__members__)
