"""ICDAR 2015's protocol: overlaps are true areas, words are matched one to one, what is to be ignored counts nowhere."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.metrics import Counts, areas_of, compare, shared_areas
from synthgen.arrays import F32, F64, Bools, Quads
from tests.detector.photos_fixture import quads_of, truth_of

FINE = 8  # squares a px, to count areas by
WIDE = 64  # px
NONE = np.empty((0, 4, 2), dtype=np.float32)
POINT = st.tuples(st.floats(4, WIDE - 4, width=32), st.floats(4, WIDE - 4, width=32))
SIDES = st.tuples(st.floats(2, 40), st.floats(2, 40))


@st.composite
def rotated(draw: st.DrawFn) -> Quads:
    """Draw a rectangle of any tilt within the picture, clockwise, (1, 4, 2)."""
    return tilted(*draw(POINT), *draw(SIDES), draw(st.floats(0, 2 * np.pi)))


def tilted(x: float, y: float, w: float, h: float, turn: float) -> Quads:
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    way = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray((corners @ way + (x, y))[None], dtype=np.float32)


def many(most: int) -> st.SearchStrategy[Quads]:
    return st.lists(rotated(), max_size=most).map(lambda quads: np.concatenate([NONE, *quads]))


def filled(quad: F32) -> Bools:
    """Return which fine squares of the picture have their middle in a quad (4, 2)."""
    middle = (np.arange(-8 * FINE, (WIDE + 8) * FINE) + 0.5) / FINE
    x, y = np.meshgrid(middle, middle)
    inside = np.zeros(x.shape, dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(quad.tolist(), np.roll(quad, -1, axis=0).tolist(), strict=True):  # even-odd rule
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def test_a_shared_area_is_what_counting_small_squares_gives() -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        a, b = (tilted(*rng.uniform([20, 20, 2, 2, 0], [44, 44, 40, 40, 7]).tolist()) for _ in range(2))
        counted = (filled(a[0]) & filled(b[0])).sum() / FINE**2
        assert shared_areas(a, b)[0, 0] == pytest.approx(counted, abs=0.5)  # squares on the rim are in or out
        assert areas_of(a)[0] == pytest.approx(filled(a[0]).sum() / FINE**2, abs=0.5)


def test_quads_that_run_along_each_other_share_what_they_do() -> None:
    inner = np.array([[[5.1311126, 4.8488727], [3.1511276, 5.1311126], [2.8688874, 3.1511276], [4.8488727, 2.8688874]]], dtype=np.float32)
    outer = np.array([[[5.2016726, 5.3438687], [3.2216876, 5.6261086], [2.7983274, 2.6561313], [4.7783127, 2.3738914]]], dtype=np.float32)
    assert shared_areas(inner, outer)[0, 0] == shared_areas(outer, inner)[0, 0] == pytest.approx(4)  # OpenCV 5 says 2.5


@settings(max_examples=30)
@given(a=many(6), b=many(6))
def test_shared_areas_do_not_depend_on_sides_and_are_no_larger_than_either(a: Quads, b: Quads) -> None:
    shared = shared_areas(a, b)
    assert shared.shape == (len(a), len(b))
    assert shared == pytest.approx(shared_areas(b, a).T, abs=1e-3)
    assert (shared >= 0).all() and (shared <= np.minimum(areas_of(a)[:, None], areas_of(b)) + 1e-3).all()
    assert np.diag(shared_areas(a, a)) == pytest.approx(areas_of(a), rel=1e-5)
    assert shared == pytest.approx(shared_areas(a[:, ::-1], np.roll(b, 1, axis=1)[:, ::-1]), abs=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "area"),
    [
        ((0, 0, 4, 4), (2, 2, 6, 6), 4),
        ((0, 0, 4, 4), (1, 1, 2, 3), 2),  # within
        ((0, 0, 4, 4), (4, 0, 8, 4), 0),  # a side in common
        ((0, 0, 4, 4), (4, 4, 8, 8), 0),  # a corner in common
        ((0, 0, 4, 4), (0, 0, 4, 2), 8),  # sides on each other
        ((0, 0, 4, 4), (2, -9, 3, 9), 4),  # right through
        ((0, 0, 4, 4), (1, 1, 1, 3), 0),  # no area
    ],
)
def test_shared_areas_of_boxes(a: tuple[float, ...], b: tuple[float, ...], area: float) -> None:
    pair = quads_of(a), quads_of(b)  # type: ignore[arg-type] # four numbers
    assert shared_areas(*pair)[0, 0] == shared_areas(*pair[::-1])[0, 0] == area


def test_a_concave_true_word_shares_what_it_has() -> None:
    arrow = np.array([[[0, 0], [8, 8], [0, 4], [-8, 8]]], dtype=np.float32)
    assert shared_areas(arrow, quads_of((-9, -9, 9, 9)))[0, 0] == pytest.approx(32)
    assert shared_areas(arrow, quads_of((-9, 6, 9, 9)))[0, 0] == pytest.approx(4)  # two tips, joined by an edge without area


def test_areas_far_from_the_corner_are_as_exact() -> None:
    far = quads_of((3, 2, 23, 12), (13, 2, 33, 12)) + np.float32(60_000)
    assert areas_of(far).tolist() == [200, 200]
    assert shared_areas(far, far).tolist() == [[200, 100], [100, 200]]


def scored(true: Quads, found: Quads, ignored: tuple[int, ...] = ()) -> tuple[int, int, int]:
    counts = compare(truth_of(true, ignored), found).counts()
    return counts.matched, counts.found, counts.true


A, B, C = (0, 0, 40, 10), (50, 0, 90, 10), (0, 20, 40, 30)


@pytest.mark.parametrize(
    ("true", "found", "ignored", "counts"),
    [
        ([A, B], [A, B], (), (2, 2, 2)),
        ([A, B], [B, A], (), (2, 2, 2)),
        ([A, B], [A], (), (1, 1, 2)),
        ([A], [A, B], (), (1, 2, 1)),
        ([], [A], (), (0, 1, 0)),
        ([A], [], (), (0, 0, 1)),
        ([], [], (), (0, 0, 0)),
        ([A], [(0, 0, 20, 10)], (), (0, 1, 1)),  # overlaps by exactly 0.5, and more is needed
        ([A], [(0, 0, 20.1, 10)], (), (1, 1, 1)),
        ([A], [(0, 0, 80, 10)], (), (0, 1, 1)),
        ([A], [(0, 0, 79.9, 10)], (), (1, 1, 1)),
        ([A], [(0, 0, 40, 9), (0, 1, 40, 10)], (), (1, 2, 1)),  # the second is one too many
        ([(0, 0, 19, 10), (21, 0, 40, 10)], [A], (), (0, 1, 2)),  # a line where words were asked for
        ([A, B], [A, B], (1,), (1, 1, 1)),  # what is found in an ignored region does not count
        ([A, B], [A], (1,), (1, 1, 1)),  # nor is it missed
        ([A, B], [A, (45, 0, 56, 10)], (1,), (1, 1, 1)),  # 6 of its 11 px lie in the region
        ([A, B], [A, (44, 0, 56, 10)], (1,), (1, 2, 1)),  # 6 of 12: not more than half
        ([B, A, (0, 0, 20, 10), (20, 0, 40, 10)], [(2, 0, 38, 10)], (2, 3), (1, 1, 2)),  # half in each of two regions, not in one
        ([A, (0, 0, 200, 100)], [A, B], (1,), (0, 0, 1)),  # a region over all: left out before it could be matched
        ([A], [A], (0,), (0, 0, 0)),
    ],
)  # fmt: skip
def test_reference_cases(true: list[tuple[float, ...]], found: list[tuple[float, ...]], ignored: tuple[int, ...], counts: object) -> None:
    assert scored(quads_of(*true), quads_of(*found), ignored) == counts  # type: ignore[arg-type] # four numbers each


def test_true_words_in_their_order_take_the_first_found_that_is_free() -> None:
    upper, lower = (0, 0, 40, 10), (0, 3, 40, 13)  # each is found by the other's box too
    found = quads_of(lower, upper)
    compared = compare(truth_of(quads_of(upper, lower)), found)
    assert compared.pairs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert compared.match().tolist() == [0, 1]
    assert compared.match(np.array([False, True])).tolist() == [-1, 0]
    assert compared.match(np.array([True, False])).tolist() == [0, -1]


def test_a_choice_of_found_words_is_counted_as_if_the_others_were_not_there() -> None:
    true, found = truth_of(quads_of(A, B, C), (2,)), quads_of(A, B, C, (0, 1, 40, 11), (200, 0, 240, 10))
    compared = compare(true, found)
    for number in range(2 ** len(found)):
        chosen = np.array([bool(number >> k & 1) for k in range(len(found))])
        assert compared.counts(chosen) == compare(true, found[chosen]).counts()


@given(words=many(6))
def test_truth_found_as_it_is_scores_1(words: Quads) -> None:
    counts = compare(truth_of(words), words).counts()
    assert counts == Counts(len(words), len(words), len(words)) or overlapping(words)
    if len(words) and not overlapping(words):
        assert counts.to_json() == {"precision": 1.0, "recall": 1.0, "h_mean": 1.0}


def overlapping(words: Quads) -> bool:
    """Return whether two of the words could be taken for each other."""
    shared: F64 = shared_areas(words, words)
    own = areas_of(words)
    return bool((shared / (own + own[:, None] - shared) > 0.5).sum() > len(words))


@settings(max_examples=30)
@given(true=many(3), found=many(3), ignored=st.sets(st.integers(0, 2)), data=st.data())
def test_the_order_of_words_that_do_not_overlap_does_not_matter(true: Quads, found: Quads, ignored: set[int], data: st.DataObject) -> None:
    step = np.arange(3, dtype=np.float32)[:, None, None] * 2 * WIDE  # each word, and what is found of it, in a field of its own
    counts = compare(truth_of(true + step[: len(true)], tuple(ignored)), found + step[: len(found)]).counts()
    for order in permutations(range(len(found))):
        assert compare(truth_of(true + step[: len(true)], tuple(ignored)), (found + step[: len(found)])[list(order)]).counts() == counts
    for order in permutations(range(len(true))):
        marks = tuple(k for k, place in enumerate(order) if place in ignored)
        assert compare(truth_of((true + step[: len(true)])[list(order)], marks), found + step[: len(found)]).counts() == counts


@settings(max_examples=30)
@given(true=many(5), found=many(5), ignored=st.sets(st.integers(0, 4)), power=st.integers(-3, 5), x=st.integers(-64, 64))
def test_scores_do_not_change_with_size_and_place(true: Quads, found: Quads, ignored: set[int], power: int, x: int) -> None:
    true, found = (np.asarray(np.rint(quads * 16) / 16, dtype=np.float32) for quads in (true, found))  # so that moving them rounds nothing
    counts = scored(true, found, tuple(ignored))
    assert scored(true * np.float32(2.0**power) + x, found * np.float32(2.0**power) + x, tuple(ignored)) == counts


@settings(max_examples=30)
@given(true=many(5), found=many(5), ignored=st.sets(st.integers(0, 4)))
def test_counts_stay_within_their_bounds_and_each_word_is_matched_once(true: Quads, found: Quads, ignored: set[int]) -> None:
    words = truth_of(true, tuple(ignored))
    compared = compare(words, found)
    match, counts = compared.match(), compared.counts()
    used = match[match >= 0]
    assert match.shape == (len(found),) and len(set(used.tolist())) == len(used) == counts.matched
    assert counts.matched <= min(counts.found, counts.true) and counts.true == (~words.ignored).sum()
    assert not words.ignored[used].any() and not compared.left_out[match >= 0].any()
    for k, place in enumerate(match):
        if place >= 0:
            shared = shared_areas(true[place : place + 1], found[k : k + 1])[0, 0]
            assert shared / (areas_of(true)[place] + areas_of(found)[k] - shared) > 0.5
    assert all(0 <= share <= 1 for share in counts.to_json().values())


def test_shares_of_counts() -> None:
    total = Counts(1, 2, 4) + Counts(2, 2, 4)
    assert total == Counts(3, 4, 8)
    assert total.to_json() == {"precision": 0.75, "recall": 0.375, "h_mean": pytest.approx(0.5)}
    assert (
        Counts().to_json()
        == Counts(0, 1, 0).to_json()
        == Counts(0, 0, 1).to_json()
        == dict.fromkeys(("precision", "recall", "h_mean"), 0.0)
    )
