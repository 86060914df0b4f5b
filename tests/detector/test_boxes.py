"""Boxes against the authors' way, one picture a component, and against the words whose maps they were found on."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.boxes import find_words
from detector.thresholds import Thresholds
from synthgen import quads as geometry
from synthgen.arrays import F32, F64
from synthgen.errors import SynthgenError
from tests.detector.drawn_words import maps_of, noise, whole, word

AUTHORS = Thresholds(growth=2.0)
SIZE = (128, 192)
seeds = st.integers(0, 2**32)


def overlap(one: F32, other: F32) -> float:
    """Return the IoU of two convex quads."""
    both = cv2.intersectConvexConvex(one, other)[0]
    return float(both / (cv2.contourArea(one) + cv2.contourArea(other) - both))


def as_the_authors(maps: F32, thresholds: Thresholds) -> Iterator[tuple[F64, F32]]:
    """Yield the px of each word `(n, 2)`, dilated, and its rectangle's sides `(2,)`, by the authors' getDetBoxes_core but for a disc.

    Each word has a picture of its own, and the px of its hull a circle of points each.
    """
    circle = np.exp(2j * np.pi * np.arange(128) / 128)
    region, affinity = maps[..., 0], maps[..., 1]
    text, link = region > thresholds.low_text, affinity > thresholds.link
    count, labels, stats, _ = cv2.connectedComponentsWithStats((text | link).astype(np.uint8), connectivity=4)
    for k in range(1, count):
        width, height, size = stats[k, 2:5]
        if size < 10 or region[labels == k].max() < thresholds.text:
            continue
        segment = (labels == k) & ~(link & ~text)
        grown = int(np.sqrt(size * min(width, height) / (width * height)) * thresholds.growth)
        middles = cv2.convexHull(np.argwhere(segment)[:, ::-1].astype(np.float32)).reshape(-1, 1, 2) + 0.5
        points = (middles + grown / 2 * np.stack([circle.real, circle.imag], axis=-1)).reshape(-1, 2).astype(np.float32)
        sides = np.array(cv2.minAreaRect(points)[1], dtype=np.float32)
        if abs(1 - sides.max() / (sides.min() + 1e-5)) <= 0.1:
            sides = np.ptp(points, axis=0)
        yield points.astype(np.float64), sides


@given(seed=seeds, growth=st.sampled_from([1.5, 2.0, 3.0]))
@settings(max_examples=30)
def test_the_rectangles_are_those_of_the_authors_code(seed: int, growth: float) -> None:
    thresholds = Thresholds(growth=growth)
    found = find_words(noise(seed), thresholds, 2.0)
    expected = list(as_the_authors(noise(seed), thresholds))
    assert len(found.quads) == len(expected)
    left = list(found.quads)
    for points, sides in expected:
        fit = [abs(overlap_area - sides.prod()) < 1e-3 * sides.prod() for overlap_area in geometry.areas(np.stack(left))]
        around = [bool(geometry.inside(quad + (quad - quad.mean(axis=0)) * 1e-3, points).all()) for quad in left]
        match = np.flatnonzero(np.array(fit) & np.array(around))
        assert len(match) >= 1
        left.pop(match[0])


@given(seed=seeds)
def test_every_quad_is_convex_clockwise_upright_and_holds_the_px_of_its_word(seed: int) -> None:
    maps = noise(seed)
    found = find_words(maps, Thresholds(), 2.0)
    union = ((maps[..., 0] > 0.4) | (maps[..., 1] > 0.4)).astype(np.uint8)
    labels = cv2.connectedComponents(union, connectivity=4)[1]
    for quad, score in zip(found.quads, found.scores, strict=True):
        sides = np.roll(quad, -1, axis=0) - quad
        crossed = sides[:, 0] * np.roll(sides, -1, axis=0)[:, 1] - sides[:, 1] * np.roll(sides, -1, axis=0)[:, 0]
        assert np.isfinite(quad).all()
        assert (crossed > 0).all()
        assert sides[0, 0] >= abs(sides[0, 1]) - 1e-3
        assert quad.min() > -40
        assert (quad < np.array([56, 40]) + 40).all()
        larger = (quad - quad.mean(axis=0)) * 1.0001 + quad.mean(axis=0)  # for rounding
        holds = []
        for label in range(1, labels.max() + 1):
            mine = labels == label
            px = np.argwhere(mine & (maps[..., 0] > 0.4))[:, ::-1]
            corners = np.concatenate([px + step for step in ((0, 0), (1, 0), (0, 1), (1, 1))])
            holds.append(len(px) > 0 and min(maps[..., 0][mine].max(), 1) == score and bool(geometry.inside(larger, corners).all()))
        assert any(holds)


@given(
    length=st.integers(2, 8),
    high=st.floats(16, 40),
    slim=st.floats(0.45, 0.8),
    tilt_deg=st.floats(-40, 40),
    at=st.tuples(st.floats(150, 170), st.floats(150, 170)),
)
def test_quads_fit_the_words_whose_maps_they_were_found_on(
    length: int, high: float, slim: float, tilt_deg: float, at: tuple[float, float]
) -> None:
    drawn = word(length, at, high=high, wide=slim * high, tilt_deg=tilt_deg if length > 3 else 0)
    found = find_words(maps_of([drawn], (320, 320)), Thresholds(), 1.0)
    assert len(found.quads) == 1
    assert overlap(found.quads[0], whole(drawn)) > 0.7
    assert np.abs(found.quads[0].mean(axis=0) - at).max() < 1.5
    if length > 3:  # else it may be square, and upright
        assert np.abs(found.quads[0] - whole(drawn)).max() < 0.3 * high  # in the same order, from the text's own top left


def test_quads_are_neither_shifted_nor_too_large() -> None:
    drawn = [word(5, (150 + 0.37 * k, 150 + 0.53 * k), high=14 + k, wide=0.6 * (14 + k), tilt_deg=3 * k - 30) for k in range(20)]
    found = [find_words(maps_of([one], (320, 320)), Thresholds(), 1.0).quads[0] for one in drawn]
    true = np.stack([whole(one) for one in drawn])
    assert np.abs(np.mean(np.stack(found).mean(axis=1) - true.mean(axis=1), axis=0)).max() < 0.2
    assert np.median([overlap(one, other) for one, other in zip(found, true, strict=True)]) > 0.85
    assert np.median(geometry.areas(np.stack(found)) / geometry.areas(true)) == pytest.approx(1.1, abs=0.1)


def boxed(maps: F32) -> list[tuple[float, ...]]:
    """Return left, top, right, bottom of the words found with the authors' growth, in px of the map."""
    return [tuple(box) for box in geometry.bounds(find_words(maps, AUTHORS, 2.0).quads).tolist()]


def blank() -> F32:
    return np.zeros((64, 96, 2), dtype=np.float32)


def test_a_link_joins_but_does_not_widen() -> None:
    maps = blank()
    maps[20:30, 20:30, 0] = maps[20:30, 50:60, 0] = 0.9
    maps[15:35, 30:50, 1] = 0.9  # between both, and higher than they are
    ((left, top, right, bottom),) = boxed(maps)
    grown = int(np.sqrt(600 / 40) * 2) / 2
    assert (left, top, right, bottom) == (20.5 - grown, 20.5 - grown, 59.5 + grown, 29.5 + grown)
    maps[..., 1] = 0
    assert len(boxed(maps)) == 2


def test_px_that_touch_at_a_corner_are_two_words() -> None:
    maps = blank()
    maps[20:25, 20:30, 0] = maps[25:30, 30:40, 0] = 0.9
    assert len(boxed(maps)) == 2
    maps[24, 30, 0] = 0.5
    assert len(boxed(maps)) == 1


def test_what_is_small_or_faint_is_no_word() -> None:
    maps = blank()
    maps[10, 10:19, 0] = 0.9  # 9 px
    maps[30:40, 10:40, 0] = 0.69
    assert boxed(maps) == []
    maps[10, 19, 0] = 0.9
    maps[30, 10, 0] = 0.7
    assert len(boxed(maps)) == 2


def test_a_link_without_text_is_no_word() -> None:
    maps = blank()
    maps[20:40, 20:40, 1] = 1
    assert len(find_words(maps, Thresholds(text=0, low_text=0), 2.0).quads) == 0


def test_what_is_nearly_square_stands_upright() -> None:
    drawn = word(2, (100, 100), high=40, wide=20, tilt_deg=30)
    quad = find_words(maps_of([drawn], (200, 200)), Thresholds(), 1.0).quads[0]
    assert quad.tolist() == geometry.of_boxes(geometry.bounds(quad[None]))[0].tolist()


@pytest.mark.parametrize("tilt_deg", [90, -90, 80])
def test_a_tall_word_is_read_from_left_to_right(tilt_deg: float) -> None:
    quad = find_words(maps_of([word(6, (100, 100), tilt_deg=tilt_deg)], (200, 200)), Thresholds(), 1.0).quads[0]
    wide, high = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
    assert wide < high / 2
    assert quad[1, 0] > quad[0, 0]
    assert quad[3, 1] > quad[0, 1]


def test_words_are_in_px_of_the_photo() -> None:
    maps = maps_of([word(5, (60, 40)), word(4, (120, 90))], SIZE)
    plain, enlarged = find_words(maps, Thresholds(), 1.0), find_words(maps, Thresholds(), 1.5)
    np.testing.assert_allclose(plain.quads, enlarged.quads * 1.5, rtol=1e-6)
    np.testing.assert_allclose(plain.polygons[0], enlarged.polygons[0] * 1.5, rtol=1e-6)


def test_words_are_in_reading_order_with_their_scores_at_most_1() -> None:
    maps = maps_of([word(4, (130, 90)), word(4, (50, 88)), word(5, (90, 30))], SIZE) * np.float32(1.1)
    found = find_words(maps, Thresholds(), 1.0)
    assert found.lines.tolist() == [0, 1, 1]
    assert np.diff(found.quads.mean(axis=1)[1:, 0]) > 0
    assert found.scores.max() == 1
    assert [quad.tolist() for quad in found.quads] == [polygon.tolist() for polygon in found.polygons]


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (32, 32)])
def test_maps_without_words_give_none(size: tuple[int, int]) -> None:
    found = find_words(np.zeros((*size, 2), dtype=np.float32), Thresholds(), 1.0)
    assert found.quads.shape == (0, 4, 2)
    assert found.polygons == ()
    assert (found.scores.shape, found.lines.shape) == ((0,), (0,))
    assert (found.quads.dtype, found.scores.dtype, found.lines.dtype) == tuple(map(np.dtype, ("float32", "float32", "int32")))


def test_a_word_grows_by_the_same_however_it_is_tilted() -> None:
    drawn = [word(6, (160, 160), tilt_deg=tilt_deg) for tilt_deg in (0, 45, -30)]
    found = np.stack([find_words(maps_of([one], (320, 320)), AUTHORS, 1.0).quads[0] for one in drawn])
    high = np.linalg.norm(found[:, 3] - found[:, 0], axis=1)
    assert np.ptp(high) < 3


def test_a_map_full_of_text_is_one_word() -> None:
    assert boxed(np.ones((16, 40, 2), dtype=np.float32)) == [(-3.5, -3.5, 43.5, 19.5)]


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (1, 8, 8, 2), (0, 8, 2)])
def test_maps_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"find words: need maps of \(height, width, 2\), 1 px at least, got \(.*8.*\)"):
        find_words(np.zeros(shape, dtype=np.float32), Thresholds(), 1.0)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": 1.2}, r"--text: need a score from 0 to 1, got 1\.2; leave it out"),
        ({"link": -0.1}, r"--link: need a score from 0 to 1, got -0\.1; leave it out"),
        ({"low_text": float("nan")}, "--low-text: need a score from 0 to 1, got nan; leave it out"),
        ({"low_text": 0.8}, r"--low-text: need at most --text, 0\.7, got 0\.8; lower it, or raise --text"),
        ({"growth": 11.0}, r"--growth: need a number from 0 to 10, got 11\.0; the authors' is 2"),
    ],
)
def test_thresholds_that_cannot_be_are_told(fields: dict[str, float], told: str) -> None:
    with pytest.raises(SynthgenError, match=told):
        Thresholds(**fields)
