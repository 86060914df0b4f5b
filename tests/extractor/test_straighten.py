"""Words cut out and laid flat show what was laid on the photo."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.page import Word
from extractor.straighten import BAND_MARGIN, MARGIN, MOST_HIGH, crop_of, grown, grown_band, straightened
from synthgen.arrays import F32, F64, Image, Quads


def smooth(height: int, width: int) -> Image:
    """Return a picture whose every place has its own colour."""
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack([255 * x / width, 255 * y / height, 127 + 60 * np.sin(6 * x / width)], axis=2).astype(np.uint8)


def laid(picture: Image, quad: Quads, size: tuple[int, int]) -> Image:
    """Return a photo of `size` (height, width) on which a picture fills a quad."""
    height, width = picture.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    way = cv2.getPerspectiveTransform(corners - np.float32(0.5), quad - np.float32(0.5))
    return np.asarray(cv2.warpPerspective(picture, way, size[::-1], borderMode=cv2.BORDER_TRANSPARENT), dtype=np.uint8)


def difference(a: Image, b: Image) -> float:
    same = cv2.resize(a, b.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return float(np.abs(same.astype(int) - b)[2:-2, 2:-2].mean())  # edges are mixed with the ground


@given(shift=st.lists(st.floats(-12, 12), min_size=8, max_size=8))
def test_a_strip_shows_what_fills_the_quad_whatever_its_perspective(shift: list[float]) -> None:
    quad = np.array([(40, 40), (160, 40), (160, 80), (40, 80)], dtype=np.float32) + np.array(shift, dtype=np.float32).reshape(4, 2)
    picture = smooth(40, 120)
    assert difference(straightened(laid(picture, quad, (130, 210)), quad, None), picture) < 4


@pytest.mark.parametrize("turn", range(4))
def test_a_strip_begins_at_the_first_corner(turn: int) -> None:
    quad = np.array([(40, 40), (160, 40), (160, 80), (40, 80)], dtype=np.float32)
    picture = smooth(40, 120)
    strip = straightened(laid(picture, quad, (130, 210)), np.roll(quad, -turn, axis=0), None)
    assert strip.shape == np.rot90(picture, turn).shape and difference(strip, np.rot90(picture, turn)) < 4


def test_large_words_are_averaged_not_thinned_out() -> None:
    board = (np.indices((600, 900)) // 4).sum(axis=0) % 2 * 255  # strips are 8 times smaller: each sample is 0 or 255, each mean 127
    photo = np.repeat(board.astype(np.uint8)[..., None], 3, axis=2)
    strip = straightened(photo, np.array([(3, 3), (803, 3), (803, 515), (3, 515)], dtype=np.float32), None)
    assert strip.shape[0] == MOST_HIGH and np.abs(strip.astype(int) - 127).max() < 20


@pytest.mark.parametrize("corner", [(-8, -6), (190, 110)])
def test_what_lies_beyond_the_photo_repeats_its_edge(corner: tuple[int, int]) -> None:
    x, y = corner
    photo = smooth(130, 210)
    strip = straightened(photo, np.array([(x, y), (x + 40, y), (x + 40, y + 30), (x, y + 30)], dtype=np.float32), None)
    rows, columns = (np.clip(np.arange(at, at + n), 0, most - 1) for at, n, most in ((y, 30, 130), (x, 40, 210)))
    assert np.abs(strip.astype(int) - photo[rows][:, columns]).max() <= 2


def arc(radius: float, half_angle: float, high: float) -> tuple[F64, F32]:
    """Return the centre of a ring, and the outline of a word that lies on it from the left to the right, `high` px high."""
    angles = np.linspace(-half_angle, half_angle, 9)
    ways = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    centre = np.array([200.0, 60 + radius])
    upper, lower = (centre + (radius + side * high / 2) * ways for side in (1, -1))
    return centre, np.concatenate([upper, lower[::-1]]).astype(np.float32)


@given(radius=st.floats(120, 400), half_angle=st.floats(0.15, 0.6))
def test_a_curved_word_is_unrolled_along_its_outline(radius: float, half_angle: float) -> None:
    high = 40.0
    centre, outline = arc(radius, half_angle, high)
    y, x = np.mgrid[:260, :400] + 0.5
    angle, distance = np.arctan2(x - centre[0], centre[1] - y), np.hypot(x - centre[0], y - centre[1])
    along, down = angle / half_angle / 2 + 0.5, (radius + high / 2 - distance) / high
    photo = (np.clip(np.stack([along, down, down * 0], axis=2), 0, 1) * 255).astype(np.uint8)
    strip = straightened(photo, outline[[0, 8, 9, 17]], outline)
    want = smooth(*strip.shape[:2])
    want[..., 2] = 0
    assert difference(strip, want) < 5
    assert abs(strip.shape[1] - 2 * half_angle * radius) < 4 and abs(strip.shape[0] - high) <= 1


def test_a_word_of_one_px_is_a_strip_of_one_px() -> None:
    assert straightened(smooth(1, 1), np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float32), None).shape == (1, 1, 3)


@pytest.mark.parametrize("turn", range(4))
def test_a_word_is_cut_out_with_a_margin_on_all_sides(turn: int) -> None:
    quad = np.roll(np.array([(20, 30), (120, 30), (120, 70), (20, 70)], dtype=np.float32), turn, axis=0)
    reach = 40 * MARGIN
    corners = np.array([(20 - reach, 30 - reach), (120 + reach, 30 - reach), (120 + reach, 70 + reach), (20 - reach, 70 + reach)])
    assert grown(quad) == pytest.approx(np.roll(corners, turn, axis=0))
    photo = smooth(100, 140)
    word = Word("KRAFT", quad, None, 1, 1, 0)
    assert np.array_equal(crop_of(photo, word), straightened(photo, grown(quad), None))


def test_a_curved_word_is_cut_out_with_a_margin_along_its_band() -> None:
    centre, outline = arc(200, 0.5, 40)
    wider = np.hypot(*(grown_band(outline) - centre).T)
    assert wider[1:8] == pytest.approx(220 + 40 * BAND_MARGIN, abs=0.01) and wider[10:17] == pytest.approx(180 - 40 * BAND_MARGIN, abs=0.01)
    far = np.linalg.norm(grown_band(outline)[[0, 8]] - outline[[0, 8]], axis=1)
    assert far == pytest.approx(40 * BAND_MARGIN * np.sqrt(2), rel=0.05)  # up, and beyond the end
