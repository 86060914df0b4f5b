"""Sizes, strides and fields of stacks of windows and enlargements are as found by following every output to the pixels it sees."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from training.reach import Reach

Extents = list[tuple[int, int]]  # first and last pixel that each output sees, those beyond the picture's ends among them
WINDOWS = st.tuples(st.integers(1, 5), st.integers(1, 3))


def through(seen: Extents, kernel: int, stride: int, padding: int) -> Extents:
    """Return what outputs see through a window; outputs beyond the ends are as far apart as the others."""
    apart = seen[1][0] - seen[0][0]
    first, field = seen[0][0] - apart * padding, seen[0][1] - seen[0][0]
    starts = [first + apart * k for k in range(0, len(seen) + 2 * padding - kernel + 1, stride)]
    return [(start, start + field + apart * (kernel - 1)) for start in starts]


def doubled(seen: Extents) -> Extents:
    """Return what outputs see of which two are interpolated from each and its neighbour, those at the ends left out."""
    return [(left[0], right[1]) for left, right in pairwise(seen) for _ in (0, 1)]


@given(windows=st.lists(WINDOWS, max_size=3))
def test_any_stack_of_windows_has_the_size_stride_and_field_found_pixel_by_pixel(windows: list[tuple[int, int]]) -> None:
    reach, seen = Reach(90), [(k, k) for k in range(90)]
    for kernel, stride in windows:
        reach, seen = reach.through(kernel, stride, "valid"), through(seen, kernel, stride, 0)
    assert (reach.size, reach.stride, reach.field) == (len(seen), seen[1][0] - seen[0][0], seen[0][1] - seen[0][0] + 1)


@given(kernel=st.sampled_from([1, 3, 5]), size=st.integers(6, 40))
def test_a_padded_odd_window_keeps_the_size(kernel: int, size: int) -> None:
    reach = Reach(size, 4, 7).through(kernel, 1, "same")
    assert reach == Reach(size, 4, 7 + 4 * (kernel - 1)) and reach.size == len(
        through([(k, k) for k in range(size)], kernel, 1, kernel // 2)
    )


@given(run=st.integers(1, 9), pools=st.integers(1, 4))
def test_after_doubling_a_field_is_the_mean_of_what_outputs_see(run: int, pools: int) -> None:
    apart = 2**pools
    seen = doubled([(k * apart, k * apart + apart - 1) for k in range(40)])  # of outputs that see as much as they are apart
    runs = [(seen[k][0], seen[k + run - 1][1]) for k in range(1, 21)]  # as many that begin at the first as at the second of a pair
    reach = Reach(40, apart, apart).doubled().through(run, 1, "valid")
    assert (reach.size, reach.stride) == (80 - run + 1, apart // 2)
    assert reach.field == sum(last - first + 1 for first, last in runs) / len(runs)


def test_what_sees_the_whole_side_still_does() -> None:
    assert Reach(20, 4, None).through(3, 2, "same") == Reach(10, 8, None)
    assert Reach(20, 4, None).doubled() == Reach(40, 2, None)
