"""Photos as the detector takes them: in one scale, whatever their sides are rounded to."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detector.prepare import fitted
from synthgen.arrays import Image

sides = st.integers(40, 400)


def middle(picture: Image) -> tuple[float, float]:
    """Return the centre of mass, x and y, px from the picture's corner."""
    ink = picture[..., 0].astype(np.float64)
    return tuple(((np.arange(ink.shape[1 - axis]) + 0.5) * ink.sum(axis=axis)).sum() / ink.sum() for axis in (0, 1))


@given(height=sides, width=sides, longest=st.integers(60, 600))
@example(height=43, width=1283, longest=640)
@example(height=750, width=999, longest=320)
def test_a_place_of_the_photo_is_seen_at_its_scale_along_both_axes(height: int, width: int, longest: int) -> None:
    """To a tenth of a px seen, which interpolation takes; a scale of each axis, of its rounded side, would move it by up to 0.4 px."""
    photo = np.zeros((height, width, 3), dtype=np.uint8)
    photo[int(0.7 * height) : int(0.9 * height), int(0.7 * width) : int(0.9 * width)] = 240
    ready = fitted(photo, longest)
    assert ready.scale == min(1.5, longest / max(height, width))
    assert ready.size == (max(round(height * ready.scale), 1), max(round(width * ready.scale), 1))
    for seen, true in zip(middle(ready.picture), middle(photo), strict=True):
        assert seen == pytest.approx(true * ready.scale, abs=0.1)


@given(height=sides, width=sides, longest=st.integers(60, 600))
def test_the_photo_fills_its_size_to_the_edge_and_what_is_beyond_is_black(height: int, width: int, longest: int) -> None:
    ready = fitted(np.full((height, width, 3), 200, dtype=np.uint8), longest)
    high, wide = ready.size
    assert (ready.picture[:high, :wide] == 200).all()
    assert all(side % 32 == 0 and 0 <= side - own < 32 for side, own in zip(ready.picture.shape, ready.size, strict=False))
    assert not ready.picture[high:].any() and not ready.picture[:, wide:].any()


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (2, 8000)])
def test_a_side_is_seen_as_a_px_at_least(size: tuple[int, int]) -> None:
    ready = fitted(np.full((*size, 3), 200, dtype=np.uint8))
    assert ready.size == tuple(max(round(side * ready.scale), 1) for side in size)
    assert (ready.picture[: ready.size[0], : ready.size[1]] == 200).all()
