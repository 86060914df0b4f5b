"""Words from the size at which they are seen best."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detector.finder import WordFinder
from detector.thresholds import Thresholds
from detector.words import FoundWords
from extractor.levels import Levels, looks, merged
from synthgen.arrays import F32, U8
from synthgen.quads import of_boxes
from tests.extractor.painted import blank, paint, scorer

FINDER = WordFinder(scorer, Thresholds(growth=1.0), longest=256, enlarged=1.0)
WHOLE, LARGE, TILED, ALL = (Levels(*flags) for flags in ((False, False), (True, False), (False, True), (True, True)))


def short_sighted(prepared: U8) -> F32:
    """Return the maps that are painted on pictures, but of words of 60 px and more the upper left quarter alone."""
    maps = scorer(prepared)
    for one in maps:
        _, _, boxes, _ = cv2.connectedComponentsWithStats((one[..., 0] > 0.5).astype(np.uint8))
        for x, y, wide, high, _ in boxes[1:]:
            if high > 30:
                one[y : y + high, x + wide // 2 : x + wide] = one[y + high // 2 : y + high, x : x + wide] = 0
    return maps


@settings(max_examples=15)
@given(
    x=st.integers(0, 880),
    y=st.integers(0, 560),
    width=st.integers(20, 200),
    height=st.integers(6, 60),
    levels=st.sampled_from([TILED, ALL]),
)
@example(x=0, y=517, width=80, height=9, levels=TILED)  # of two px as the whole photo is seen, and those at another place
def test_a_word_is_found_once_and_whole_wherever_seams_run(x: int, y: int, width: int, height: int, levels: Levels) -> None:
    photo = blank(660, 1100)
    paint(photo, (x, y), (height, width), "KRAFT")
    (quad,) = looks(FINDER, photo, levels, (FINDER.thresholds,))[0].words.quads
    near = max(12.0, 0.4 * height)  # large words come from a smaller size, whose map px are up to 16 of these
    assert np.abs(quad.min(axis=0) - (x, y)).max() < near and np.abs(quad.max(axis=0) - (x + width, y + height)).max() < near


def test_large_letters_are_found_whole_at_the_smaller_size() -> None:
    finder = WordFinder(short_sighted, Thresholds(growth=1.0), longest=640, enlarged=1.0)
    photo = blank(480, 640)
    paint(photo, (100, 100), (100, 300), "KRAFT")
    paint(photo, (100, 300), (20, 80), "Sandwich")
    (piece, small), (large, same) = (looks(finder, photo, levels, (finder.thresholds,))[0].words.quads for levels in (WHOLE, LARGE))
    assert piece[2, 0] - piece[0, 0] < 200 and abs(large[2, 0] - large[0, 0] - 300) < 16
    assert np.array_equal(small, same)  # from the whole size


def test_small_print_is_found_by_tiles_alone() -> None:
    photo = blank(600, 1600)
    for k in range(4):
        paint(photo, (100 + 350 * k, 300), (5, 40), "KRAFT")
    assert [len(looks(FINDER, photo, levels, (FINDER.thresholds,))[0].words.quads) for levels in (TILED, LARGE)] == [4, 0]


@pytest.mark.parametrize(("levels", "small", "wide"), [(WHOLE, 1, 1), (LARGE, 2, 2), (TILED, 1, 13)])
def test_photos_are_looked_at_as_often_as_they_need(levels: Levels, small: int, wide: int) -> None:
    shapes: list[tuple[int, ...]] = []

    def counting(prepared: U8) -> F32:
        shapes.append(prepared.shape)
        return scorer(prepared)

    finder = WordFinder(counting, Thresholds(), 256, 1.0)
    noise = np.random.default_rng(2).integers(0, 255, (400, 514, 3), dtype=np.uint8)
    looks(finder, noise[:, :512], levels, (finder.thresholds,))[0]
    assert len(shapes) == small
    looks(finder, noise, levels, (finder.thresholds,))[0]
    assert len(shapes) == small + wide


def test_the_maps_of_a_look_are_of_the_whole_and_show_what_tiles_saw() -> None:
    photo = blank(600, 1600)
    paint(photo, (100, 300), (5, 40), "KRAFT")
    seen = looks(FINDER, photo, ALL, (FINDER.thresholds,))[0]
    assert seen.scale == 256 / 1600 and seen.maps.shape == (48, 128, 2)
    assert seen.maps[23:26, 10, 0].max() > 0.15


def found(*boxes: tuple[float, float, float, float]) -> FoundWords:
    quads = of_boxes(np.array(boxes, dtype=np.float32).reshape(-1, 4))
    return FoundWords(quads, tuple(quads), np.linspace(0.5, 1, len(boxes), dtype=np.float32), np.arange(len(boxes), dtype=np.int32))


def boxes_of(words: FoundWords) -> list[tuple[float, ...]]:
    return [(*quad[0].tolist(), *quad[2].tolist()) for quad in words.quads]


BIG, SMALL, INSIDE, ELSEWHERE = (0, 0, 300, 100), (0, 200, 60, 212), (100, 20, 160, 90), (0, 400, 60, 412)


def test_large_words_of_the_smaller_size_stay_and_their_pieces_go() -> None:
    assert boxes_of(merged(found(BIG), found(INSIDE), 50)) == [BIG]


def test_traces_that_only_the_smaller_size_has_are_left_out() -> None:
    assert boxes_of(merged(found(BIG, (0, 400, 60, 409)), found(), 40)) == [BIG]


def test_small_words_of_the_larger_size_take_the_place_of_those_of_the_smaller_which_stay_where_it_saw_none() -> None:
    pieces = ((0, 201, 28, 211), (32, 201, 60, 211))
    kept = merged(found(BIG, SMALL, ELSEWHERE), found(*pieces), 40)
    assert boxes_of(kept) == [BIG, *pieces, ELSEWHERE]
    assert kept.lines.tolist() == [0, 1, 1, 2]


def test_nothing_found_twice_is_nothing() -> None:
    assert boxes_of(merged(found(), found(), 50)) == [] and boxes_of(merged(found(), found(SMALL), 50)) == [SMALL]
