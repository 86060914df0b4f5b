"""Overlays: an outline in the right colour where a word is, and the photo as it was everywhere else; and what is found in files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.found_files import FoundFile, find_in_files
from detector.overlays import Truth, overlay
from synthgen.arrays import Bools, Image
from synthgen.draw import OUTLINES, heated
from tests.detector.photos_fixture import finder_of, found_of, painted, quads_of, truth_of

FOUND_RGB, FALSE_RGB, MISSED_RGB, IGNORED_RGB = (OUTLINES[kind].rgb for kind in ("words", "wrong", "missed", "ignored"))
GREY = np.full((128, 256, 3), 90, dtype=np.uint8)
BOXES = ((20, 30, 60, 50), (90, 30, 130, 50), (160, 30, 200, 50), (20, 80, 60, 100), (90, 80, 130, 100))
QUADS = quads_of(*BOXES)


def is_colour(drawn: Image, rgb: tuple[int, int, int]) -> Bools:
    return np.asarray((np.abs(drawn.astype(int) - rgb) < 40).all(axis=-1))


def colour_of(drawn: Image, box: tuple[float, float, float, float]) -> tuple[int, int, int] | None:
    """Return the colour of the lower edge of a box: captions are above."""
    x0, _, x1, y1 = map(int, box)
    edge = drawn[y1 - 1 : y1 + 1, x0 + 2 : x1 - 2]
    return next((rgb for rgb in (FOUND_RGB, FALSE_RGB, MISSED_RGB, IGNORED_RGB) if is_colour(edge, rgb).any(axis=0).all()), None)


def test_without_a_truth_what_is_found_is_green_and_the_rest_of_the_photo_is_as_it_was() -> None:
    drawn = overlay(GREY, None, found_of(QUADS[:1]))
    assert colour_of(drawn, BOXES[0]) == FOUND_RGB and drawn.dtype == np.uint8 and drawn.shape == GREY.shape
    assert (drawn[:15] == 90).all() and (drawn[60:] == 90).all() and (drawn[:, 100:] == 90).all() and (drawn[33:47, 23:57] == 90).all()
    assert (GREY == 90).all()


def test_with_a_truth_each_word_has_the_colour_of_what_became_of_it() -> None:
    true, found = truth_of(QUADS[[1, 0, 2]], (2,)), found_of(QUADS[[0, 3, 4]])
    drawn = overlay(GREY, Truth(true, np.array([1, -1, -1], dtype=np.int32), np.array([False, False, True])), found)
    assert [colour_of(drawn, box) for box in BOXES] == [FOUND_RGB, MISSED_RGB, IGNORED_RGB, FALSE_RGB, IGNORED_RGB]


@pytest.mark.parametrize("truth", [None, Truth(truth_of(quads_of()), np.array([-1], dtype=np.int32), np.array([False]))])
def test_captions_lie_above_their_word_or_within_the_photo(truth: Truth | None) -> None:
    for top, rows in ((60, slice(45, 58)), (1, slice(2, 20))):
        quad = quads_of((20, top, 60, top + 30))
        drawn = overlay(GREY, truth, found_of(quad))
        assert is_colour(drawn[rows, 18:60], FOUND_RGB if truth is None else FALSE_RGB).sum() > 3
        assert (drawn[rows, 18:60] < 30).all(axis=2).any()  # dark round the letters


def test_lines_are_wider_on_larger_photos() -> None:
    large = overlay(np.full((1400, 2800, 3), 90, dtype=np.uint8), None, found_of(quads_of((200, 300, 600, 500))))
    assert is_colour(large[490:510, 400], FOUND_RGB).sum() >= 3


def test_a_curved_word_is_drawn_by_its_polygon() -> None:
    found = found_of(QUADS[:1])
    polygon = np.array([[20, 30], [40, 20], [60, 30], [60, 50], [40, 60], [20, 50]], dtype=np.float32)
    drawn = overlay(GREY, None, type(found)(found.quads, (polygon,), found.scores, found.lines))
    assert colour_of(drawn, BOXES[0]) is None and is_colour(drawn[57:62, 40], FOUND_RGB).any()


def test_maps_lie_under_the_outlines_as_heat() -> None:
    maps = np.zeros((64, 128, 2), dtype=np.float32)
    maps[10:20, 10:30, 0], maps[40:50, 10:30, 1] = 1.0, 2.0
    drawn = overlay(GREY, None, found_of(quads_of()), maps)
    for row, kind in ((30, "region"), (90, "affinity")):  # above 1 is as 1
        assert np.array_equal(drawn[row, 40], heated(GREY, np.full((2, 2), 255, np.uint8), kind)[row, 40]) and (drawn[row, 40] != 90).all()
    assert (drawn[100:, 200:] == 90).all()


def write(path: Path, photo: Image) -> Path:
    cv2.imwrite(str(path), photo[:, :, ::-1])
    return path


def test_words_found_in_files_come_as_plain_values_and_a_bad_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    photo = painted((BOXES[0], 0.9), (BOXES[1], 0.8), (BOXES[3], 0.75))
    paths = [write(tmp_path / "a.png", photo), tmp_path / "none.png", write(tmp_path / "b.png", painted())]
    first, fault, last = find_in_files(finder_of(), paths)
    assert isinstance(fault, str) and "none.png: need a picture, found no such file" in fault
    assert isinstance(first, FoundFile) and isinstance(last, FoundFile)
    assert json.loads(json.dumps(last.to_json())) == {"file": str(paths[2]), "words": []}
    words = json.loads(json.dumps(first.to_json()))["words"]
    assert [(word["score"], word["line"]) for word in words] == [(0.902, 0), (0.8, 0), (pytest.approx(0.75, abs=0.002), 1)]
    quads = finder_of().look(photo).words.quads
    assert np.array([word["quad"] for word in words]) == pytest.approx(quads, abs=0.005)
    assert all(len(word["polygon"]) >= 4 and all(len(point) == 2 for point in word["polygon"]) for word in words)


def test_a_file_s_overlay_has_its_words_and_its_heat_if_asked_for(tmp_path: Path) -> None:
    (found,) = find_in_files(finder_of(), [write(tmp_path / "a.png", painted((BOXES[0], 0.9)))])
    assert isinstance(found, FoundFile)
    assert np.array_equal(found.overlay(), overlay(found.photo, None, found.words))
    assert np.array_equal(found.overlay(heat=True), overlay(found.photo, None, found.words, found.maps))
    assert is_colour(found.overlay(), FOUND_RGB).any()
