from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.assets.marks import BLOB_SPREAD_PX, MOST_BLOBS, blob_quads, smallest_rectangle
from synthgen.assets.photos import read_photos
from synthgen.assets.scene_photos import read_scene_photos
from synthgen.quads import areas, inside
from tests.assets.test_photos import HEADER, put, ramp_photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_scene_photos_stay_whole_and_keep_the_places_of_their_text(folder: Path, cache: Path) -> None:
    put(folder / "large.png", ramp_photo(1280, 1600))
    put(folder / "masked.png", ramp_photo(700, 640))
    put(folder / "plain.png", ramp_photo(300, 1000))
    put(folder / "small.png", ramp_photo(63, 900))
    mask = np.zeros((700, 640), dtype=np.uint8)
    mask[100:150, 200:300] = 1
    mask[600:640, 20:90] = 1
    put(folder / "masked.mask.png", mask)
    (folder / "regions.csv").write_text(f"{HEADER}\nlarge.png,100,40,300,60,280,120,90,100,SALE\n", encoding="utf-8")
    tiles, marks, counts, messages = read_scene_photos(folder, cache)
    assert tiles.names == ("photos/large.png", "photos/masked.png", "photos/plain.png")
    assert tiles.size.tolist() == [[640, 800], [700, 640], [300, 600]]  # scaled; as it is; cropped to two short sides
    assert marks.offsets.tolist() == [0, 1, 3, 3]
    np.testing.assert_allclose(marks.quads[0], [[50, 20], [150, 30], [140, 60], [45, 50]])
    np.testing.assert_allclose(marks.quads[1], [[200, 100], [300, 100], [300, 150], [200, 150]], atol=1.01)
    np.testing.assert_allclose(marks.quads[2], [[20, 600], [90, 600], [90, 640], [20, 640]], atol=1.01)
    assert (counts["read"], counts["too_small"], counts["masked_regions"]) == (3, 1, 2)
    assert messages == ["small.png: need a short side of at least 64 px, got 63"]
    assert len(read_photos(folder, cache)[0]) >= 4  # in a cache of its own


def test_marks_outside_the_part_that_is_kept_are_left_out(folder: Path, cache: Path) -> None:
    put(folder / "wide.png", ramp_photo(300, 1000))  # columns 200 to 799 are kept
    rows = ("0,0,90,0,90,50,0,50", "150,0,260,0,260,50,150,50")
    (folder / "regions.csv").write_text("\n".join([HEADER, *(f"wide.png,{row}," for row in rows)]), encoding="utf-8")
    marks = read_scene_photos(folder, cache)[1]
    np.testing.assert_allclose(marks.quads, [[[-50, 0], [60, 0], [60, 50], [-50, 50]]])


@given(pixels=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30))
def test_the_smallest_rectangle_holds_all_pixels_and_none_is_smaller(pixels: list[tuple[int, int]]) -> None:
    found = smallest_rectangle(np.array(pixels, dtype=np.int64))
    corners = (np.array(pixels)[:, None] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]])).reshape(-1, 2)
    middle = found.mean(axis=0)
    assert inside(found.astype(np.float32), np.asarray(middle + (corners - middle) * (1 - 1e-4), dtype=np.float64)).all()
    turns = np.deg2rad(np.arange(0, 90))
    for turn in np.stack([np.cos(turns), np.sin(turns)], axis=1):
        reach = corners @ np.array([turn, [-turn[1], turn[0]]]).T
        assert areas(found[None].astype(np.float32))[0] <= np.prod(reach.max(axis=0) - reach.min(axis=0)) * (1 + 1e-5)
    assert areas(found[None].astype(np.float32))[0] > 0  # clockwise
    assert found[1, 0] - found[0, 0] >= abs(found[1, 1] - found[0, 1]) - 1e-9  # begins with a side that runs to the right


@pytest.mark.parametrize("apart", [3, 11, 40])
def test_blobs_of_a_mask_are_few_and_hold_all_of_it(apart: int) -> None:
    marked = np.zeros((600, 600), dtype=np.uint8)
    marked[::apart, ::apart] = 255
    quads = blob_quads(marked)
    rows, columns = np.nonzero(marked)
    points = np.stack([columns, rows], axis=1).astype(np.float64) + 0.5
    assert len(quads) == {3: 1, 11: 1, 40: 225}[apart]
    assert len(quads) <= MOST_BLOBS
    assert np.logical_or.reduce([inside(quad, points) for quad in quads]).all()
    assert 2 * BLOB_SPREAD_PX < 11


def test_a_mask_without_marks_has_no_blobs() -> None:
    assert blob_quads(np.zeros((50, 60), dtype=np.uint8)).shape == (0, 4, 2)
