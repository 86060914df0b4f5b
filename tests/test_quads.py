"""Geometry of quads against worked examples and plain references."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen import quads
from synthgen.arrays import F32, Quads

WHOLE = st.integers(-500, 500)  # exact in float32, squares too
UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)


@st.composite
def boxes(draw: st.DrawFn) -> F32:
    corners = draw(st.lists(st.tuples(WHOLE, WHOLE, st.integers(1, 300), st.integers(1, 300)), min_size=1, max_size=6))
    return np.array([(x, y, x + w, y + h) for x, y, w, h in corners], dtype=np.float32)


def turned(box: F32, degrees: float) -> Quads:
    """Return the quad of `box` turned clockwise (y down) about its centre."""
    quad = quads.of_boxes(box).astype(np.float64)
    centre = quad.mean(axis=1, keepdims=True)
    angle = math.radians(degrees)
    matrix = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray((quad - centre) @ matrix + centre, dtype=np.float32)


@given(given_boxes=boxes())
def test_the_bounds_of_boxes_are_the_boxes(given_boxes: F32) -> None:
    made = quads.of_boxes(given_boxes)
    assert made.dtype == np.float32
    assert made.shape == (len(given_boxes), 4, 2)
    np.testing.assert_array_equal(quads.bounds(made), given_boxes)


@given(given_boxes=boxes(), degrees=st.floats(0, 360))
def test_bounds_touch_a_turned_quad_on_all_four_sides_and_leave_nothing_out(given_boxes: F32, degrees: float) -> None:
    for quad, box in zip(turned(given_boxes, degrees), quads.bounds(turned(given_boxes, degrees)), strict=True):
        xs, ys = ([corner[axis] for corner in quad.tolist()] for axis in (0, 1))
        assert box.tolist() == [min(xs), min(ys), max(xs), max(ys)]


def test_corners_go_clockwise_from_the_top_left() -> None:
    assert quads.of_boxes(np.array([[10, 20, 13, 25]], dtype=np.float32)).tolist() == [[[10, 20], [13, 20], [13, 25], [10, 25]]]


def test_no_boxes_give_no_quads() -> None:
    none = quads.of_boxes(np.zeros((0, 4), dtype=np.float32))
    assert none.shape == (0, 4, 2)
    assert quads.areas(none).shape == (0,)


@given(given_boxes=boxes())
def test_the_area_of_a_box_is_width_times_height_and_turns_sign_with_the_corner_order(given_boxes: F32) -> None:
    x0, y0, x1, y1 = given_boxes.T
    made = quads.of_boxes(given_boxes)
    np.testing.assert_array_equal(quads.areas(made), (x1 - x0) * (y1 - y0))
    np.testing.assert_array_equal(quads.areas(made[:, ::-1]), -quads.areas(made))


@given(given_boxes=boxes(), degrees=st.floats(0, 360), start=st.integers(0, 3))
def test_turning_a_quad_or_naming_another_corner_first_keeps_its_area(given_boxes: F32, degrees: float, start: int) -> None:
    moved = np.roll(turned(given_boxes, degrees), start, axis=1)
    np.testing.assert_allclose(
        quads.areas(moved), quads.areas(quads.of_boxes(given_boxes)), rtol=1e-3, atol=1
    )  # float32 at 800 px from the origin


@given(points=st.lists(st.tuples(WHOLE, WHOLE), min_size=1), box=st.tuples(WHOLE, WHOLE, WHOLE, WHOLE), backwards=st.booleans())
def test_inside_a_box_is_between_its_edges(points: list[tuple[int, int]], box: tuple[int, int, int, int], *, backwards: bool) -> None:
    x0, x1 = sorted((box[0], box[2] + 1001))
    y0, y1 = sorted((box[1], box[3] + 1001))
    quad = quads.of_boxes(np.array([[x0, y0, x1, y1]], dtype=np.float32))[0]
    found = quads.inside(quad[::-1] if backwards else quad, np.array(points, dtype=np.float64))
    assert found.tolist() == [x0 <= x <= x1 and y0 <= y <= y1 for x, y in points]


@pytest.mark.parametrize("corner", range(4))
@given(spread=st.tuples(st.floats(0.01, 0.9), st.floats(0.01, 0.9)), degrees=st.floats(0, 360))
def test_between_centre_and_corner_is_inside_and_beyond_is_not(corner: int, spread: tuple[float, float], degrees: float) -> None:
    quad = turned(np.array([[3, 5, 43, 25]], dtype=np.float32), degrees)[0]
    centre = quad.mean(axis=0)
    near, far = spread[0], 1.05 + spread[1]
    points = np.array([centre + near * (quad[corner] - centre), centre + far * (quad[corner] - centre)], dtype=np.float64)
    assert quads.inside(quad, points).tolist() == [True, False]


def test_edges_and_corners_are_inside() -> None:
    on = np.array([[0, 0], [0.5, 0], [1, 0.5], [1, 1]], dtype=np.float64)
    assert quads.inside(UNIT, on).all()
    assert not quads.inside(UNIT, on + [2, 0]).any()


def test_quads_folded_over_are_unfolded_to_the_nearest_parallelogram_and_others_stay() -> None:
    folded = np.array([[126.213, 378.514], [126.01, 378.479], [126.436, 380.181], [125.311, 379.993]], dtype=np.float32)
    given_quads = np.stack([UNIT, folded, folded])
    found = quads.unfolded(given_quads, np.array([True, True, False]))
    np.testing.assert_array_equal(found[[0, 2]], given_quads[[0, 2]])
    assert quads.least_turns(*quads.corners(found[1:2]))[0] > 0
    system = np.array([[1, -1, -1], [1, 1, -1], [1, 1, 1], [1, -1, 1]], dtype=np.float64)  # middle, half right, half down
    fitted = system @ np.linalg.lstsq(system, folded.astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(found[1], fitted, atol=1e-4)
