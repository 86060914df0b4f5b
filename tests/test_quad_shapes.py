"""Corners in order, and the share of a quad that lies in the picture."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.arrays import Quads
from synthgen.quad_shapes import inside_shares, leave
from synthgen.quads import corners, least_turns

UPRIGHT = np.array([[[1, 2], [9, 2], [9, 6], [1, 6]]], dtype=np.float32)
WIDTH, HEIGHT = np.array([10], dtype=np.int32), np.array([8], dtype=np.int32)
coordinates = st.lists(st.floats(-20, 30, width=16), min_size=8, max_size=8)


def turn(quads: Quads) -> float:
    return float(least_turns(*corners(quads))[0])


def test_a_quad_is_in_order_whatever_corner_comes_first_but_not_mirrored_crossed_or_dented() -> None:
    assert turn(UPRIGHT) == 32
    for shift in range(4):
        turned = np.roll(UPRIGHT, shift, axis=1)
        assert turn(turned) > 0
        assert turn(turned[:, ::-1]) < 0
        assert turn(turned[:, [1, 0, 2, 3]]) < 0
    assert turn(np.array([[[1, 2], [9, 2], [3, 3], [1, 6]]], dtype=np.float32)) < 0
    assert turn(np.repeat(UPRIGHT[:, :1], 4, axis=1)) == 0


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_a_corner_that_is_not_finite_is_never_in_order(strange: float) -> None:
    for corner in range(4):
        quads = UPRIGHT.copy()
        quads[0, corner, 0] = strange
        assert not turn(quads) > 0


@given(coordinates)
def test_the_share_inside_is_that_of_the_clipped_polygon(numbers: list[float]) -> None:
    hull = cv2.convexHull(np.array(numbers, dtype=np.float32).reshape(-1, 1, 2), clockwise=False).reshape(-1, 2)  # y down: clockwise to see
    quads = hull[None, [0, 1, 2, len(hull) - 1]].astype(np.float32) if len(hull) >= 3 else UPRIGHT
    if not turn(quads) > 1:
        quads = quads[:, ::-1] if turn(quads[:, ::-1]) > 1 else UPRIGHT
    picture = np.array([[0, 0], [WIDTH[0], 0], [WIDTH[0], HEIGHT[0]], [0, HEIGHT[0]]], dtype=np.float32)
    both, _ = cv2.intersectConvexConvex(quads[0], picture)
    share = inside_shares(*corners(quads), WIDTH, HEIGHT)[0]
    assert share == pytest.approx(both / cv2.contourArea(quads[0]), abs=2e-3)
    if leave(*corners(quads), WIDTH, HEIGHT)[0] <= 0:
        assert share == pytest.approx(1)
