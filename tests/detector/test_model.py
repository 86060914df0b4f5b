"""The network is the paper's, layer by layer; it takes any size of 32s, is kept and comes back, and learns."""

from pathlib import Path

import keras
import numpy as np
import pytest

from detector.model import build_detector
from detector.options import DetectorOptions
from detector.prepare import as_input
from synthgen.errors import SynthgenError
from tests.detector.detector_fixture import TINY, shaken_detector

PAPER = {  # channels and stride of what each stage of the paper's figure 2 gives, VGG16's convolutions one by one
    **{f"conv1_{n}": (64, 1) for n in (1, 2)},
    **{f"conv2_{n}": (128, 2) for n in (1, 2)},
    **{f"conv3_{n}": (256, 4) for n in (1, 2, 3)},
    **{f"conv4_{n}": (512, 8) for n in (1, 2, 3)},
    **{f"conv5_{n}": (512, 16) for n in (1, 2)},
    "conv6": (1024, 16),
    "conv7": (1024, 16),
    "join1": (1024 + 512, 16),
    "conv_up1_1": (512, 16),
    "conv_up1_2": (256, 16),
    "join2": (256 + 512, 8),
    "conv_up2_1": (256, 8),
    "conv_up2_2": (128, 8),
    "join3": (128 + 256, 4),
    "conv_up3_1": (128, 4),
    "conv_up3_2": (64, 4),
    "join4": (64 + 128, 2),
    "conv_up4_1": (64, 2),
    "conv_up4_2": (32, 2),
    "conv_head1": (32, 2),
    "conv_head2": (32, 2),
    "conv_head3": (16, 2),
    "conv_head4": (16, 2),
    "maps": (2, 2),
}
JOINED = {"join1": ("conv7", "norm5_2"), "join2": ("up2", "relu4_2"), "join3": ("up3", "relu3_2"), "join4": ("up4", "relu2_2")}


@pytest.fixture(scope="module")
def tiny() -> keras.Model:
    return shaken_detector(TINY).model


def noise(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return as_input(np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8))


def counts(model: keras.Model) -> tuple[int, int]:
    """Return how many parameters are trained and how many are not."""
    trained, not_trained = (sum(int(np.prod(x.shape)) for x in these) for these in (model.trainable_weights, model.non_trainable_weights))
    return trained, not_trained


def test_the_network_has_the_papers_layers_strides_and_parameters() -> None:
    model = build_detector(DetectorOptions())
    outputs = keras.Model(model.input, [model.get_layer(name).output for name in PAPER]).compute_output_shape((1, 64, 96, 3))
    for (name, (channels, stride)), shape in zip(PAPER.items(), outputs, strict=True):
        assert shape == (1, 64 // stride, 96 // stride, channels), name
    assert [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        name for name in PAPER if "join" not in name
    ]
    assert counts(model) == (20_770_466, 10_304)  # the paper's 20.77 million; means and variances of the norms
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 20 and {(norm.epsilon, norm.momentum) for norm in norms} == {(1e-5, 0.9)}  # PyTorch's, in Keras's terms


def test_the_decoder_joins_the_layers_that_the_authors_code_joins(tiny: keras.Model) -> None:
    for name, joined in JOINED.items():
        assert tuple(tensor._keras_history.operation.name for tensor in tiny.get_layer(name).input) == joined


@pytest.mark.parametrize("size", [(32, 32), (32, 96), (64, 32)])
def test_maps_are_two_at_half_the_size_of_any_picture_of_32s(tiny: keras.Model, size: tuple[int, int]) -> None:
    maps = tiny(noise(2, *size, 3))
    assert maps.shape == (2, size[0] // 2, size[1] // 2, 2) and maps.dtype in ("float32", np.float32)


def test_a_picture_is_scored_alike_alone_and_in_a_batch(tiny: keras.Model) -> None:
    pictures = noise(3, 32, 64, 3)
    alone = np.concatenate([tiny(pictures[n : n + 1]) for n in range(3)])
    assert np.allclose(alone, tiny(pictures), atol=1e-5) and np.ptp(alone, axis=0).max() > 1e-3


def test_maps_are_float32_where_products_are_not() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_detector(TINY)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.output.dtype == "float32" and model.get_layer("conv_head4").output.dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} == {"float32"}


@pytest.mark.parametrize("slim", [pytest.param(2, marks=pytest.mark.slow), 4, 8])
def test_a_slim_network_has_that_part_of_all_channels_but_of_what_must_not_be_few(slim: int) -> None:
    model = build_detector(DetectorOptions(slim=slim))
    for name, (channels, _) in PAPER.items():
        found = model.get_layer(name).output.shape[-1]
        assert found == (2 if name == "maps" else max(channels // slim, 8) if "head" in name else channels // slim)
    assert 0.8 / slim**2 < counts(model)[0] / 20_770_466 < 1.2 / slim**2


def test_a_slimness_that_is_none_is_refused() -> None:
    with pytest.raises(SynthgenError, match="--slim: need one of 1, 2, 4, 8, got 3; leave it out for the paper's network"):
        DetectorOptions(slim=3)


def test_weights_come_back_as_they_were_saved(tiny: keras.Model, tmp_path: Path) -> None:
    pictures = noise(1, 32, 32, 3)
    tiny.save_weights(tmp_path / "a.weights.h5")
    again = build_detector(TINY)
    assert not np.allclose(tiny(pictures), again(pictures), atol=1e-3)
    again.load_weights(tmp_path / "a.weights.h5")
    assert np.array_equal(tiny(pictures), again(pictures))


@pytest.mark.slow
def test_the_loss_falls_on_one_batch() -> None:
    keras.utils.set_random_seed(5)
    model = build_detector(TINY)
    pictures = np.zeros((2, 32, 32, 3), dtype=np.uint8)
    truth = np.zeros((2, 16, 16, 2), dtype=np.float32)
    pictures[0, 8:24, 8:16], truth[0, 4:12, 4:8] = 255, (1, 0.5)
    on_jax = keras.backend.backend() == "jax"  # there nothing is as slow as not to compile, on TensorFlow compiling is
    model.compile(keras.optimizers.Adam(3e-3), "mse", run_eagerly=not on_jax)
    losses = [float(model.train_on_batch(as_input(pictures), truth)) for _ in range(5)]
    assert losses[-1] < 0.5 * losses[0]
