"""Boxes of characters from words alone. The photo shows its own region map, which a fake teacher reads off the crops it is given."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.pseudo import (
    BATCH_PX,
    HEIGHT,
    WIDTHS,
    CharBoxes,
    char_boxes,
    confidence,
    evenly,
    known,
    letters_of,
    rectified,
    region_maps,
    split,
    stands,
    unwarped,
)
from detector.words import TrueWords
from synthgen import heat_maps
from synthgen.arrays import F32, U8, Image, Quads
from synthgen.quads import areas, of_boxes

SIZE = (240, 400)  # height, width
BREADTHS = (30, 22, 10, 36, 30, 26)  # px of letters next to each other
WORD = of_boxes(np.array([[100, 80, 100 + sum(BREADTHS), 120]], dtype=np.float32))
EDGES = np.cumsum([100, *BREADTHS])
CHARS = of_boxes(np.array([[left, 80, right, 120] for left, right in pairwise(EDGES.tolist())], dtype=np.float32))
VIEWS = {
    "upright": np.eye(3),
    "rotated": np.array([[0.8, -0.6, 80], [0.6, 0.8, -90], [0, 0, 1.0]]),
    "upside down": np.array([[-1, 0, 400], [0, -1, 240], [0, 0, 1.0]]),
    "perspective": np.array([[0.9, 0.1, 10], [0.15, 0.8, 5], [1e-3, -5e-4, 1]]),
}


def seen(quads: Quads, view: str) -> Quads:
    return np.asarray(cv2.perspectiveTransform(quads.reshape(1, -1, 2), VIEWS[view]), dtype=np.float32).reshape(-1, 4, 2)


def showing(chars: Quads, size: tuple[int, int] = SIZE) -> Image:
    """Return a photo that is the region map of `chars`, a px of the map a px of the photo."""
    region, _ = heat_maps(chars * 2, np.zeros(len(chars), dtype=np.int32), (2 * size[0], 2 * size[1]))
    return np.repeat(region[:, :, None], 3, axis=2)


def reading_off(crops: U8) -> F32:
    """Return what crops show as maps of half their size; the affinity map is of no use."""
    n, height, width, _ = crops.shape
    region = crops[..., 0].reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4)) / 255
    return np.stack([region, np.ones_like(region)], axis=-1).astype(np.float32)


def words_of(quads: Quads, *texts: str) -> TrueWords:
    return TrueWords(
        quads, tuple("" if text == "###" else text for text in texts), np.array([text == "###" for text in texts], dtype=np.bool_)
    )


def boxes_of(chars: Quads, quads: Quads, *texts: str) -> CharBoxes:
    (found,) = char_boxes([(showing(chars), words_of(quads, *texts))], reading_off)
    return found


def overlaps(found: Quads, truth: Quads) -> list[float]:
    """Return intersection over union of pairs."""
    shared = [cv2.intersectConvexConvex(a, b)[0] for a, b in zip(found, truth, strict=True)]
    return [s / (a + b - s) for s, a, b in zip(shared, areas(found).tolist(), areas(truth).tolist(), strict=True)]


@pytest.mark.parametrize("view", VIEWS)
def test_the_characters_of_a_word_are_found_where_they_are_in_the_order_of_reading(view: str) -> None:
    chars = seen(CHARS, view)
    found = boxes_of(chars, seen(WORD, view), "Poster")
    assert found.words.tolist() == [0] * 6 and found.confidence.tolist() == [1] and not found.even.any()
    assert min(overlaps(found.quads, chars)) > 0.75 and np.mean(overlaps(found.quads, chars)) > 0.85


def test_characters_of_a_curved_word_are_found() -> None:
    rises = np.array([0, -9, -13, -13, -9, 0], dtype=np.float32)
    chars = CHARS + np.stack([np.zeros(6, dtype=np.float32), rises], axis=1)[:, None]
    found = boxes_of(chars, of_boxes(np.array([[100, 67, 254, 120]], dtype=np.float32)), "Poster")
    assert found.confidence.tolist() == [1] and min(overlaps(found.quads, chars)) > 0.7


def test_small_letters_get_small_boxes() -> None:
    chars = CHARS.copy()
    chars[1::2, :2, 1] += 16
    found = boxes_of(chars, WORD, "Poster")
    assert min(overlaps(found.quads, chars)) > 0.7


@pytest.mark.parametrize("turned", [False, True])
def test_letters_one_above_the_other_are_told_apart_along_the_word(turned: bool) -> None:
    edges = np.linspace(20, 220, 7)
    chars = of_boxes(np.array([[180, top, 215, low] for top, low in pairwise(edges)], dtype=np.float32))
    word = of_boxes(np.array([[180, 20, 215, 220]], dtype=np.float32))
    found = boxes_of(chars, np.roll(word, 1, axis=1) if turned else word, "Poster")
    assert found.confidence.tolist() == [1]
    middles = found.quads.mean(axis=1)
    assert np.abs(np.sort(middles[:, 1]) - chars.mean(axis=1)[:, 1]).max() < 3
    assert (np.diff(middles[:, 1]) > 0).all() or (np.diff(middles[:, 1]) < 0).all()


@pytest.mark.parametrize(
    ("wide", "high", "letters", "stood"),
    [
        (10, 21, 2, True),
        (10, 20, 2, False),
        (10, 17, 5, True),
        (10, 17, 4, False),
        (10, 16, 9, False),
        (10, 90, 1, False),
        (90, 10, 5, False),
    ],
)
def test_a_word_stands_if_it_is_high_and_narrow_for_its_letters(wide: float, high: float, letters: int, stood: bool) -> None:
    assert stands(of_boxes(np.array([[3, 5, 3 + wide, 5 + high]], dtype=np.float32))[0], letters) is stood


@pytest.mark.parametrize(
    ("letters", "found", "sure"),
    [(5, 5, 1), (5, 4, 0.8), (5, 6, 0.8), (5, 2, 0.4), (5, 0, 0), (5, 10, 0), (5, 99, 0), (1, 1, 1), (1, 2, 0), (2, 1, 0.5), (4, 7, 0.25)],
)
def test_the_confidence_is_the_share_of_the_length_that_is_right(letters: int, found: int, sure: float) -> None:
    assert confidence(letters, found) == pytest.approx(sure)


@given(letters=st.integers(1, 40), found=st.integers(0, 100))
def test_only_the_right_number_is_fully_trusted(letters: int, found: int) -> None:
    assert 0 <= confidence(letters, found) <= 1
    assert (confidence(letters, found) == 1) == (letters == found)


@pytest.mark.parametrize(("text", "letters"), [("Poster", 6), ("a b  c", 3), ("", 0), (" ", 0), ("e\u0301te\u0301", 3), ("x\u0301", 1)])
def test_spaces_and_accents_are_no_letters(text: str, letters: int) -> None:
    assert letters_of(text) == letters == len(evenly(text or " ", 60, 20))


def test_a_word_of_which_too_few_characters_are_found_is_split_evenly() -> None:
    found = boxes_of(CHARS[:2], WORD, "Poster")
    assert found.even.tolist() == [True] and found.confidence.tolist() == [0.5]
    edges = np.linspace(100, 254, 7).tolist()
    expected = of_boxes(np.array([[left, 80, right, 120] for left, right in pairwise(edges)], dtype=np.float32))
    np.testing.assert_allclose(found.quads, expected, atol=1e-3)


def test_more_than_half_of_the_characters_are_enough() -> None:
    found = boxes_of(CHARS[:4], WORD, "Poster")
    assert not found.even.any() and found.confidence.tolist() == pytest.approx([4 / 6]) and len(found.quads) == 4
    found = boxes_of(CHARS[:3], WORD, "Poster")
    assert found.even.all() and found.confidence.tolist() == [0.5] and len(found.quads) == 6


def test_an_even_split_leaves_out_spaces_but_not_their_width() -> None:
    assert evenly(" ab c ", 80, 20).tolist() == [[0, 0, 20, 20], [20, 0, 40, 20], [60, 0, 80, 20]]


def test_no_word_whose_characters_cannot_be_checked_comes_to_the_teacher() -> None:
    def forbidden(crops: U8) -> F32:
        raise AssertionError(crops.shape)

    flat = np.repeat(WORD[:, :1], 4, axis=1)
    words = words_of(np.concatenate([WORD, WORD, WORD, flat, WORD[:, [0, 2, 1, 3]]]), "###", "", " ", "Poster", "Poster")
    assert not known(words).any()
    (found,) = char_boxes([(showing(CHARS), words)], forbidden)
    assert found.quads.shape == (0, 4, 2) and found.words.shape == (0,) and found.confidence.tolist() == [0] * 5 and not found.even.any()
    assert char_boxes([], forbidden) == []


def test_words_between_those_that_do_not_count_keep_their_numbers() -> None:
    found = boxes_of(CHARS, np.concatenate([WORD, WORD, WORD]), "###", "Poster", "")
    assert found.words.tolist() == [1] * 6 and found.confidence.tolist() == [0, 1, 0]


def test_all_photos_words_are_scored_together_and_come_back_to_their_places() -> None:
    far = CHARS + np.float32(40)
    photos = [
        (showing(CHARS), words_of(WORD, "Poster")),
        (showing(CHARS), words_of(WORD[:0])),
        (showing(far), words_of(WORD + 40, "Poster")),
    ]
    calls: list[int] = []

    def counting(crops: U8) -> F32:
        calls.append(len(crops))
        return reading_off(crops)

    first, none, last = char_boxes(photos, counting)
    assert calls == [2] and len(none.quads) == len(none.confidence) == 0
    assert min(overlaps(first.quads, CHARS)) > 0.75 and min(overlaps(last.quads, far)) > 0.75


def test_the_teacher_is_given_batches_of_bounded_size_and_few_shapes() -> None:
    widths = [*range(2, 700, 7), 1500, 2048, *[130] * 70]
    shapes: list[tuple[int, ...]] = []

    def brightness(crops: U8) -> F32:
        shapes.append(crops.shape)
        return reading_off(crops)

    pictures = [np.full((HEIGHT, width, 3), k % 251, dtype=np.uint8) for k, width in enumerate(widths)]
    maps = region_maps(pictures, brightness)
    assert [found.shape for found in maps] == [(HEIGHT // 2, -(-width // 2)) for width in widths]
    assert [int(found[9, 0]) for found in maps if found.shape[1] > 1] == [k % 251 for k, width in enumerate(widths) if width > 2]
    assert sum(shape[0] for shape in shapes) == len(widths)
    assert all(n == 1 or n * height * width <= BATCH_PX for n, height, width, _ in shapes)
    assert {shape[1:] for shape in shapes} <= {(HEIGHT, width, 3) for width in WIDTHS} and all(width % 32 == 0 for width in WIDTHS)


def test_scores_beyond_0_and_1_are_cut_off() -> None:
    halves = np.full((1, HEIGHT // 2, 32, 2), -0.2, dtype=np.float32)
    halves[:, :, 16:] = 1.3
    (found,) = region_maps([np.zeros((HEIGHT, 64, 3), np.uint8)], lambda crops: halves)
    assert (found[:, :16] == 0).all() and (found[:, 16:] == 255).all()


def test_what_has_no_peak_is_no_character() -> None:
    region = np.zeros((20, 40), dtype=np.uint8)
    region[5:15, 2:8], region[5:15, 20:26] = 255, 180
    assert split(region).tolist() == [[2, 5, 8, 15]]


convex = st.tuples(*[st.floats(-12, 12)] * 8).map(
    lambda moves: of_boxes(np.array([[60, 70, 180, 130]], dtype=np.float32))[0] + np.array(moves, dtype=np.float32).reshape(4, 2)
)


@given(quad=convex, turns=st.integers(0, 3), letters=st.sampled_from([1, 4]))
def test_the_box_of_a_crop_unwarps_to_the_word_and_its_pixels_come_from_where_they_unwarp_to(quad: F32, turns: int, letters: int) -> None:
    quad = np.roll(quad, turns, axis=0)
    photo = np.zeros((256, 256, 3), dtype=np.uint8)
    photo[..., 0], photo[..., 1] = np.arange(256), np.arange(256)[:, None]
    crop = rectified(photo, quad, letters)
    whole = unwarped(np.array([[0, 0, crop.picture.shape[1], HEIGHT]], dtype=np.float32), crop.way)[0]
    np.testing.assert_allclose(whole, np.roll(quad, 1, axis=0) if stands(quad, letters) else quad, atol=1e-2)
    rows, columns = np.mgrid[4 : HEIGHT - 4 : 9, 4 : crop.picture.shape[1] - 4 : 9]
    pixels = np.stack([columns, rows, columns + 1, rows + 1], axis=-1).reshape(-1, 4).astype(np.float32)
    places = unwarped(pixels, crop.way).mean(axis=1) - 0.5
    assert np.abs(crop.picture[rows, columns, :2].reshape(-1, 2) - places).max() < 1.2


def test_a_large_word_is_averaged() -> None:
    photo = np.tile(np.array([0, 255], dtype=np.uint8), (900, 800))[:, :, None].repeat(3, axis=2)
    crop = rectified(photo, of_boxes(np.array([[0, 0, 1600, 900]], dtype=np.float32))[0], 4)
    assert crop.picture.shape == (HEIGHT, 228, 3)
    assert np.abs(crop.picture[8:-8, 8:-8].astype(int) - 128).max() < 40


def test_a_word_longer_than_the_widest_crop_is_squeezed() -> None:
    crop = rectified(np.zeros((100, 3000, 3), np.uint8), of_boxes(np.array([[0, 0, 3000, 100]], dtype=np.float32))[0], 90)
    assert crop.picture.shape == (HEIGHT, WIDTHS[-1], 3)
    np.testing.assert_allclose(unwarped(np.array([[0, 0, 2048, 128]], dtype=np.float32), crop.way)[0, 2], [3000, 100], atol=0.1)
