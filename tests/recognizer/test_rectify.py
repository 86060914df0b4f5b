from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from recognizer.rectify import IDENTITY, Rectifier, warp
from synthgen.arrays import F32, F64

HEIGHT, WIDTH = 32, 48


def pictures(count: int) -> F32:
    """Return noise without detail finer than a few pixels, so that how a sampler rounds hardly shows."""
    rng = np.random.default_rng(7)
    soft = [cv2.GaussianBlur(rng.random((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 2) for _ in range(count)]
    return np.stack(soft)[..., None].astype(np.float32)


def warped(images: F32, theta: F64 | F32) -> F32:
    result: F32 = keras.ops.convert_to_numpy(warp(keras.ops.convert_to_tensor(images), theta.astype(np.float32)))
    return result


def in_pixels(theta: F64) -> F64:
    """Return what `theta` does to pixel centres counted from 0, `(2, 3)`, as OpenCV wants it."""
    to_units = np.array([[2 / WIDTH, 0, 1 / WIDTH - 1], [0, 2 / HEIGHT, 1 / HEIGHT - 1], [0, 0, 1]])
    matrix: F64 = (np.linalg.inv(to_units) @ np.vstack([theta, [0, 0, 1]]) @ to_units)[:2]
    return matrix


def nudged(dtype: str) -> keras.Model:
    """Return a model of a rectifier that has learned something: its last layer is not 0."""
    image = keras.Input((HEIGHT, WIDTH, 1))
    model = keras.Model(image, Rectifier(name="rectifier", dtype=dtype)(image))
    kernel = model.get_layer("rectifier").localization.get_layer("theta").kernel
    kernel.assign(np.random.default_rng(1).normal(size=kernel.shape, scale=1.0).astype(np.float32))
    return model


@settings(max_examples=25)
@given(
    angle=st.floats(-0.6, 0.6),
    scale=st.floats(0.5, 1.5),
    stretch=st.floats(0.7, 1.3),
    shift=st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)),
)
def test_a_shift_turn_and_stretch_is_that_of_opencv(angle: float, scale: float, stretch: float, shift: tuple[float, float]) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [stretch, 1 / stretch]
    theta = np.column_stack([turn, shift])
    image = pictures(1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    wanted = cv2.warpAffine(image[0, ..., 0], in_pixels(theta), (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    assert_allclose(warped(image, theta[None])[0, ..., 0], wanted, atol=0.004)  # OpenCV rounds places to 1/32 px


def test_each_picture_follows_its_own_transform() -> None:
    images = pictures(2)
    thetas = np.stack([IDENTITY, [[1, 0, 4 / WIDTH], [0, 1, -2 / HEIGHT]]])  # the second reads 2 px to the right and 1 px up
    first, second = warped(images, thetas)
    assert_allclose(first, images[0], atol=1e-6)
    assert_allclose(second[1:, :-2], images[1, :-1, 2:], atol=1e-5)
    assert_allclose(second[1:, -1], images[1, :-1, -1], atol=1e-5)  # the border repeats


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_untrained_it_returns_the_pictures_in_float32(dtype: str) -> None:
    images = np.random.default_rng(3).random((2, 32, 128, 1)).astype(np.float32)
    got = Rectifier(dtype=dtype)(images)
    assert keras.backend.standardize_dtype(got.dtype) == "float32"
    assert_array_equal(keras.ops.convert_to_numpy(got), images)


def test_the_promised_shape_and_dtype_are_those_returned() -> None:
    model = nudged("mixed_bfloat16")
    got = model(pictures(3))
    assert (model.output.shape, model.output.dtype) == ((None, HEIGHT, WIDTH, 1), "float32")
    assert (got.shape, keras.backend.standardize_dtype(got.dtype)) == ((3, HEIGHT, WIDTH, 1), "float32")


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_step_of_training_reaches_every_weight_of_the_localization_net(dtype: str) -> None:
    model, images = nudged(dtype), pictures(2)
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    model.compile(keras.optimizers.SGD(100.0), loss="mse", run_eagerly=True, jit_compile=False)
    model.train_on_batch(images, images[:, :, ::-1])
    assert len(before) == 10  # kernel and bias of five layers
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert (keras.ops.convert_to_numpy(weight) != old).any(), weight.path


def test_the_first_steps_of_training_move_the_transform_but_not_far() -> None:
    image = keras.Input((HEIGHT, 128, 1))
    model = keras.Model(image, Rectifier(name="rectifier")(image))
    model.compile(keras.optimizers.Adam(1e-3), loss="mse", run_eagerly=True, jit_compile=False)
    images = np.random.default_rng(4).random((4, HEIGHT, 128, 1)).astype(np.float32)
    for _ in range(5):
        model.train_on_batch(images, images[::-1])  # nothing to be learned, as before the reader reads anything
    moved = np.abs(keras.ops.convert_to_numpy(model.get_layer("rectifier").theta(images)) - IDENTITY).max()
    assert 0.001 < moved < 0.05


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    model = nudged("mixed_bfloat16")
    model.save(tmp_path / "rectifier.keras")
    loaded = keras.saving.load_model(tmp_path / "rectifier.keras")
    assert loaded.get_layer("rectifier").get_config() == model.get_layer("rectifier").get_config()
    assert_array_equal(keras.ops.convert_to_numpy(loaded(pictures(2))), keras.ops.convert_to_numpy(model(pictures(2))))
    assert not np.allclose(keras.ops.convert_to_numpy(model(pictures(2))), pictures(2), atol=0.01)
