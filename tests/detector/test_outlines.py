"""Outlines against the arcs that words were set on."""

import cv2
import numpy as np
import pytest

from detector.boxes import find_words
from detector.thresholds import Thresholds
from detector.words import FoundWords
from synthgen.arrays import F32, Quads
from tests.detector.drawn_words import maps_of, noise, turned, word

SIZE = (360, 360)
MIDDLE = np.array([180, 180], dtype=np.float32)
arcs = pytest.mark.parametrize("span_deg", [20, 45, 90, 120])
LEAST_OVERLAP = {20: 0.88, 45: 0.88, 90: 0.84, 120: 0.8}  # measured: .05 more or less


def arc(length: int, span_deg: float, *, high: float = 24.0, wide: float = 15.0, sagging: bool = False) -> tuple[Quads, F32]:
    """Return the characters of a word on an arc, highest, or lowest if `sagging`, in its middle, and its outline (80, 2)."""
    radius = length * wide / np.radians(span_deg)
    edges = np.radians(span_deg) * np.linspace(-0.5, 0.5, 40 * length + 1)
    sign = -1 if sagging else 1
    rim = [
        np.stack([(radius + sign * side) * np.sin(edges), -sign * (radius + sign * side) * np.cos(edges)], axis=-1)
        for side in (high / 2, -high / 2)
    ]
    upper, lower = rim
    at = np.arange(length + 1) * 40
    quads = np.stack([upper[at[:-1]], upper[at[1:]], lower[at[1:]], lower[at[:-1]]], axis=1)
    move = MIDDLE - quads.reshape(-1, 2).mean(axis=0)
    return (quads + move).astype(np.float32), (np.concatenate([upper, lower[::-1]]) + move).astype(np.float32)


def found_of(words: list[Quads]) -> FoundWords:
    return find_words(maps_of(words, SIZE), Thresholds(), 1.0)


def overlap(one: F32, other: F32) -> float:
    """Return the IoU of two polygons, to a quarter of a px."""
    masks = []
    for polygon in (one, other):
        mask = np.zeros((4 * SIZE[0], 4 * SIZE[1]), dtype=np.uint8)
        masks.append(cv2.fillPoly(mask, [np.rint(polygon * 64).astype(np.int32)], 1, shift=4) > 0)
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


@arcs
@pytest.mark.parametrize("sagging", [False, True])
def test_the_outline_of_a_word_on_an_arc_fits_it_closer_than_its_quad(span_deg: int, sagging: bool) -> None:
    quads, true = arc(11, span_deg, sagging=sagging)
    found = found_of([quads])
    assert len(found.polygons) == 1
    assert overlap(found.polygons[0], true) > LEAST_OVERLAP[span_deg]
    assert overlap(found.polygons[0], true) > overlap(found.quads[0], true) + 0.1


@pytest.mark.parametrize("tilt_deg", [-30, 12])
def test_an_outline_turns_with_its_word(tilt_deg: float) -> None:
    quads, true = arc(11, 60)
    found = found_of([turned(quads - MIDDLE, tilt_deg) + MIDDLE])
    assert overlap(found.polygons[0], turned(true - MIDDLE, tilt_deg) + MIDDLE) > 0.8


def test_an_outline_goes_along_the_upper_side_first_and_back_along_the_lower_one() -> None:
    quads, true = arc(11, 60)
    polygon = found_of([quads]).polygons[0]
    half = len(polygon) // 2
    assert (np.diff(polygon[:half, 0]) > 0).all()
    assert (np.diff(polygon[half:, 0]) < 0).all()
    assert (polygon[:half, 1] < polygon[half:, 1][::-1]).all()
    assert np.linalg.norm(polygon[0] - true[0]) < 8


@pytest.mark.parametrize("tilt_deg", [0, 7, -25])
def test_the_outline_of_a_straight_word_is_its_quad(tilt_deg: float) -> None:
    found = found_of([word(9, (180, 180), tilt_deg=tilt_deg)])
    assert found.polygons[0].tolist() == found.quads[0].tolist()


def test_tall_and_deep_letters_do_not_bend_a_word() -> None:
    quads = word(8, (180, 180), high=16)
    quads[[0, 3, 4], :2, 1] -= 7
    quads[[2, 6], 2:, 1] += 7
    assert [len(polygon) for polygon in found_of([quads]).polygons] == [4]


def test_each_word_has_its_own_outline() -> None:
    quads, true = arc(11, 60)
    found = found_of([word(5, (60, 30)), quads, word(5, (300, 330))])
    assert [len(polygon) for polygon in found.polygons] == [4, 18, 4]
    assert overlap(found.polygons[1], true) > 0.84


def test_outlines_are_finite_and_stay_near_the_photo_whatever_the_maps() -> None:
    traced = 0
    for seed in range(40):
        maps = maps_of([arc(8, 30 + 4 * seed, high=10 + seed / 2, sagging=seed % 2 > 0)[0]], SIZE)
        maps *= 0.7 + 0.6 * noise(seed, (180, 180))
        for polygon in find_words(maps, Thresholds(), 1.0).polygons:
            traced += len(polygon) > 4
            assert np.isfinite(polygon).all()
            assert polygon.min() > -40
            assert polygon.max() < SIZE[0] + 40
    assert traced > 20
