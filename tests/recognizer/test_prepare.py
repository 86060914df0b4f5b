"""What the reader sees: 32 px high, grey, all of the picture in it, whatever the picture's size."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.prepare import HEIGHT, WIDTH, Fit, as_input, prepare
from synthgen.arrays import U8
from synthgen.chance import Stream, uniforms

SIDES = st.integers(1, 150)
FITS = st.sampled_from(["stretch", "pad"])


def noise(*shape: int, seed: int = 0) -> U8:
    levels = uniforms(seed, Stream.TEXTURE, np.arange(shape[0], dtype=np.uint64), math.prod(shape[1:]))
    return (256 * levels).astype(np.uint8).reshape(shape)


def bars(height: int, across: int, edge: int) -> U8:
    """Return a picture that is black left of column `edge` and white from there on."""
    picture = np.zeros((height, across), dtype=np.uint8)
    picture[:, edge:] = 255
    return picture


@given(height=SIDES, across=SIDES, width=st.sampled_from([16, 32, 128]), fit=FITS)
def test_a_picture_of_any_size_fills_the_readers_view_and_an_even_one_stays_even(height: int, across: int, width: int, fit: Fit) -> None:
    seen = prepare(np.full((height, across), 77, dtype=np.uint8), width, fit)
    assert seen.shape == (HEIGHT, width) and seen.dtype == np.uint8
    assert (seen == 77).all()


@given(height=SIDES, across=SIDES, fit=FITS, seed=st.integers(0, 9))
def test_no_pixel_is_brighter_or_darker_than_the_pictures_own(height: int, across: int, fit: Fit, seed: int) -> None:
    picture = noise(height, across, seed=seed)
    seen = prepare(picture, fit=fit)
    assert picture.min() <= seen.min() and seen.max() <= picture.max()


@given(times=st.tuples(st.integers(1, 5), st.integers(1, 5)), seed=st.integers(0, 9))
def test_a_picture_that_is_a_whole_number_of_times_too_large_is_averaged(times: tuple[int, int], seed: int) -> None:
    picture = noise(HEIGHT * times[0], 64 * times[1], seed=seed)
    means = picture.reshape(HEIGHT, times[0], 64, times[1]).mean(axis=(1, 3))
    assert np.abs(prepare(picture, 64).astype(float) - means).max() <= 1


@pytest.mark.parametrize("shape", [(HEIGHT * 4, 50), (8, WIDTH * 4)], ids=["tall and narrow", "low and wide"])
def test_no_pixel_is_left_out_where_only_one_side_is_too_long(shape: tuple[int, int]) -> None:
    for side in (0, 1):
        for k in range(4):  # every fourth line or column is white, whichever of the four it is
            picture = np.zeros(shape, dtype=np.uint8)
            picture[(slice(None),) * side + (slice(k, None, 4),)] = 255
            assert prepare(picture).mean() == pytest.approx(255 / 4, abs=8), f"side {side}, line {k}"


def test_stretching_scales_the_width_and_padding_keeps_the_aspect() -> None:
    picture = bars(64, 64, 32)
    assert abs(int((prepare(picture) < 128).sum(axis=1)[0]) - WIDTH // 2) <= 1
    assert abs(int((prepare(picture, fit="pad") < 128).sum(axis=1)[0]) - HEIGHT // 2) <= 1


def test_padding_repeats_the_last_column_of_the_word() -> None:
    picture = noise(HEIGHT, 50)
    seen = prepare(picture, fit="pad")
    assert np.array_equal(seen[:, :50], picture)
    assert (seen[:, 50:] == picture[:, -1:]).all()


@given(height=st.integers(1, 80), longer=st.floats(1, 8))
def test_a_word_as_wide_as_the_view_or_wider_is_not_padded(height: int, longer: float) -> None:
    picture = noise(height, int(np.ceil(height * WIDTH / HEIGHT * longer)))
    assert np.array_equal(prepare(picture, fit="pad"), prepare(picture))


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_colours_become_the_luma_that_a_jpeg_stores(fit: Fit) -> None:
    colours = noise(HEIGHT, 40, 3)
    luma = np.rint(colours @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)  # ITU-R BT.601
    assert np.abs(prepare(colours, fit=fit).astype(int) - prepare(luma, fit=fit)).max() <= 1


def test_the_picture_itself_is_not_changed() -> None:
    picture = noise(40, 70)
    kept = picture.copy()
    prepare(picture)[:] = 0
    prepare(noise(HEIGHT, WIDTH))[:] = 0
    assert np.array_equal(picture, kept)


def test_a_picture_of_the_readers_own_size_is_seen_as_it_is_and_not_shared() -> None:
    picture = noise(HEIGHT, WIDTH)
    seen = prepare(picture)
    assert np.array_equal(seen, picture) and not np.shares_memory(seen, picture)


def test_the_models_input_is_black_0_and_white_1_with_one_channel() -> None:
    prepared = np.stack([np.zeros((HEIGHT, 16), np.uint8), np.full((HEIGHT, 16), 255, np.uint8), np.full((HEIGHT, 16), 51, np.uint8)])
    scaled = as_input(prepared)
    assert scaled.shape == (3, HEIGHT, 16, 1) and scaled.dtype == np.float32
    assert scaled[:, 0, 0, 0] == pytest.approx([0, 1, 0.2], abs=1e-6)
    assert scaled.max() <= 1


def test_a_jpeg_read_as_grey_and_as_colours_looks_the_same() -> None:
    colours = cv2.GaussianBlur(noise(40, 90, 3), (9, 9), 0)
    data = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    grey, rgb = (np.asarray(cv2.imdecode(data, flag), dtype=np.uint8) for flag in (cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR_RGB))
    assert np.abs(prepare(grey).astype(int) - prepare(rgb)).max() <= 3
