"""How much of a character is seen, and how far the pixels on and beside it differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.arrays import F32, U8
from synthgen.scene.scene_kernels import BESIDE, GRID, Canvas, look_beside, seen_of

HEIGHT, WIDTH = 30, 40
FACING = np.zeros(4)


def canvas_hiding(columns: int) -> Canvas:
    """Return a canvas whose first columns a body hides from pieces before number 5."""
    owner = np.full((HEIGHT, WIDTH), -1, dtype=np.int32)
    owner[:, :columns] = 5
    return Canvas(np.zeros((3, HEIGHT * WIDTH), dtype=np.float32), owner.reshape(-1), HEIGHT, WIDTH)


def box(x: float, y: float, w: float, h: float) -> F32:
    return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], dtype=np.float32)


def unseen() -> F32:
    return np.array([[255.0] * 3, [0.0] * 3], dtype=np.float32)


def slope() -> U8:
    """Return a picture whose red is the column, green the row, blue the sum."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([columns, rows, rows + columns], axis=-1).astype(np.uint8).reshape(-1, 3)


@given(x=st.integers(-20, 45), y=st.integers(-20, 35), w=st.integers(1, 30), h=st.integers(1, 30), hidden=st.integers(0, WIDTH))
def test_what_is_seen_are_points_in_the_picture_that_no_later_body_hides(x: int, y: int, w: int, h: int, hidden: int) -> None:
    share = (np.arange(GRID) + 0.5) / GRID
    points = [(np.floor(x + w * a), np.floor(y + h * b)) for a in share for b in share]
    shown = [(int(p), int(q)) for p, q in points if hidden <= p < WIDTH and 0 <= q < HEIGHT]
    spread = unseen()
    assert seen_of(box(x, y, w, h), FACING, 4, canvas_hiding(hidden), slope(), spread) == pytest.approx(len(shown) / GRID**2)
    if shown:
        columns, rows = zip(*shown, strict=True)
        assert spread[:, :2].tolist() == [[min(columns), min(rows)], [max(columns), max(rows)]]
        assert spread[:, 2].tolist() == [min(map(sum, shown)), max(map(sum, shown))]


def test_a_body_hides_nothing_of_a_later_piece() -> None:
    assert seen_of(box(2, 2, 9, 9), FACING, 5, canvas_hiding(WIDTH), slope(), unseen()) == 1


def test_points_behind_a_cylinders_silhouette_are_not_seen() -> None:
    away = np.array([0.5, 1.5, 1.5, 0.5])  # the right half is round the corner
    share = (np.arange(GRID) + 0.5) / GRID
    assert seen_of(box(2, 2, 9, 9), away, 0, canvas_hiding(0), slope(), unseen()) == pytest.approx((share <= 0.5).mean())


@pytest.mark.parametrize("hidden", [0, 10, WIDTH])
def test_the_ground_beside_is_looked_at_on_all_sides_that_show(hidden: int) -> None:
    spread = unseen()
    look_beside(box(10, 8, 6, 4), 4, canvas_hiding(hidden), slope(), spread)
    far = int(BESIDE)
    points = [(13, 8 - far), (16 + far, 10), (13, 12 + far), (10 - far, 10)]
    seen = [(x, y) for x, y in points if x >= hidden]
    expected = [[min(c), max(c)] for c in zip(*seen, strict=True)] if seen else [[255, 0], [255, 0]]
    assert spread[:, :2].T.tolist() == expected
