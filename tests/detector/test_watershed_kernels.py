"""Flooding from markers, against paths searched by brute force."""

import heapq

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detector.watershed_kernels import extents, flood
from synthgen.arrays import I32, U8

SHAPE = (7, 9)
few_levels = st.integers(0, 5).map(lambda level: 50 * level)  # so that plains and saddles are common


def lowest_on_best_path(heights: U8, markers: I32, marker: int) -> I32:
    """Return for each pixel the highest lowest point of all paths from one marker to it, -1 where other markers are."""
    best = np.full(heights.shape, -1, dtype=np.int32)
    waiting = [(-int(heights[at]), at) for at in zip(*np.nonzero(markers == marker), strict=True)]
    heapq.heapify(waiting)
    while waiting:
        level, (r, c) = heapq.heappop(waiting)
        if best[r, c] >= 0:
            continue
        best[r, c] = -level
        for y, x in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
            if 0 <= y < heights.shape[0] and 0 <= x < heights.shape[1] and best[y, x] < 0 and markers[y, x] in (0, marker):
                heapq.heappush(waiting, (max(level, -int(heights[y, x])), (y, x)))
    return best


@given(
    heights=arrays(np.uint8, SHAPE, elements=few_levels),
    markers=arrays(np.int32, SHAPE, elements=st.integers(-40, 3).map(lambda label: max(label, 0))),
    floor=st.integers(1, 255),
)
def test_each_pixel_goes_to_the_marker_of_the_path_whose_lowest_point_is_highest(heights: U8, markers: I32, floor: int) -> None:
    labels = markers.copy()
    flood(heights, floor, labels)
    lowest = {k: lowest_on_best_path(heights, markers, k) for k in (1, 2, 3)}
    best = np.max(list(lowest.values()), axis=0)
    for (r, c), label in np.ndenumerate(labels):
        if markers[r, c]:
            assert label == markers[r, c]
        elif label:
            assert lowest[int(label)][r, c] == best[r, c] >= floor
        else:
            assert best[r, c] < floor


def test_a_plain_is_parted_in_the_middle() -> None:
    labels = np.zeros((1, 9), dtype=np.int32)
    labels[0, 0], labels[0, 8] = 1, 2
    flood(np.full((1, 9), 80, dtype=np.uint8), 80, labels)
    assert labels[0].tolist() in ([1] * 5 + [2] * 4, [1] * 4 + [2] * 5)


def test_water_flows_on_from_a_valley_to_a_higher_top() -> None:
    labels = np.array([[1, 0, 0, 0, 0, 2]], dtype=np.int32)
    flood(np.array([[200, 90, 150, 150, 60, 250]], dtype=np.uint8), 50, labels)
    assert labels.tolist() == [[1, 1, 1, 1, 2, 2]] or labels.tolist() == [[1, 1, 1, 1, 1, 2]]


@given(labels=arrays(np.int32, SHAPE, elements=st.integers(-2, 4)))
def test_the_box_of_a_label_holds_its_pixels_edge_to_edge(labels: I32) -> None:
    boxes = np.tile(np.array([SHAPE[1], SHAPE[0], 0, 0], dtype=np.int32), (4, 1))
    extents(labels, boxes)
    for k, box in enumerate(boxes.tolist(), start=1):
        rows, columns = np.nonzero(labels == k)
        if len(rows):
            assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        else:
            assert box == [SHAPE[1], SHAPE[0], 0, 0]
