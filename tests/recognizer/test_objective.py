import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from recognizer.attention import AttentionDecoder
from recognizer.labels import previous_of
from recognizer.loss import ctc_loss
from recognizer.model import ReaderOptions, build_reader
from recognizer.objective import build_trainer, path_or_ctc_loss, reader_loss, text_loss
from synthgen.arrays import F32, I32
from tests.recognizer.gradients import gradient

STEPS, CLASSES = 6, 4
CTC = ReaderOptions(classes=CLASSES, width=32)
ATTENTION = replace(CTC, head="attention")
STRAIGHTENED = replace(ATTENTION, rectify="stn")


def noise(seed: int, shape: tuple[int, ...], scale: float = 1.0) -> F32:
    drawn: F32 = np.random.default_rng(seed).normal(size=shape, scale=scale).astype(np.float32)
    return drawn


def spelled(path: list[int]) -> I32:
    """Return target rows of one sample, `(2, steps)`: what `path` spells, padded, and the path."""
    label = [c for n, c in enumerate(path) if c and (n == 0 or c != path[n - 1])]
    return np.array([label + [0] * (len(path) - len(label)), path], dtype=np.int32)


def crossentropies(logits: F32, classes: I32) -> F32:
    scores: F32 = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    picked: F32 = -np.take_along_axis(scores, classes[..., None], -1)[..., 0]
    return picked


@settings(max_examples=10)  # of 32 paths
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.1, 50))
def test_a_paths_loss_is_its_summed_cross_entropy_and_bounds_the_ctc_loss_from_above(seed: int, scale: float) -> None:
    paths = np.random.default_rng(seed).integers(0, CLASSES, (32, STEPS))
    y, logits = np.stack([spelled(path.tolist()) for path in paths]), noise(seed, (32, STEPS, CLASSES), scale)
    loss = keras.ops.convert_to_numpy(path_or_ctc_loss(y, logits))
    assert_allclose(loss, crossentropies(logits, y[:, 1]).sum(-1), rtol=1e-4, atol=1e-5)
    assert (loss >= keras.ops.convert_to_numpy(ctc_loss(y[:, 0], logits)) - 1e-4 * (1 + loss)).all()


def test_a_sample_without_a_path_has_the_ctc_loss_beside_one_that_has_one() -> None:
    y = np.stack([spelled([0, 1, 1, 0, 2, 2]), spelled([3, 0, 3, 3, 0, 0])])
    y[1, 1] = -1
    logits = noise(1, (2, STEPS, CLASSES))
    loss = keras.ops.convert_to_numpy(path_or_ctc_loss(y.astype(np.float32), logits))  # floats: so Keras hands them over
    assert loss[0] == pytest.approx(crossentropies(logits, np.maximum(y[:, 1], 0))[0].sum(), rel=1e-5)
    assert loss[1:] == pytest.approx(keras.ops.convert_to_numpy(ctc_loss(y[1:, 0], logits[1:])), rel=1e-5)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_gradients_are_finite_with_and_without_a_path(scale: float) -> None:
    y = np.stack([spelled([0, 1, 1, 0, 2, 2]), spelled([3, 0, 3, 0, 3, 0]), spelled([0] * 6)])
    y[1:, 1] = -1
    slope = gradient(lambda logits: path_or_ctc_loss(y, logits), noise(2, (3, STEPS, CLASSES), scale))
    assert np.isfinite(slope).all()
    assert (np.abs(slope).sum((1, 2)) > 0.1).all()


def test_a_text_is_judged_up_to_its_first_end_and_by_the_sum() -> None:
    y = np.array([[1, 2, 0, 3, 0], [0, 0, 0, 0, 0], [3, 3, 2, 1, 0]], dtype=np.int32)
    logits = noise(3, (3, 5, CLASSES))
    each = crossentropies(logits, y)
    wanted = [each[0, :3].sum(), each[1, :1].sum(), each[2].sum()]
    assert_allclose(keras.ops.convert_to_numpy(text_loss(y.astype(np.float32), logits)), wanted, rtol=1e-5)


def test_what_follows_the_end_has_no_gradient() -> None:
    y = np.array([[1, 2, 0, 0, 0]], dtype=np.int32)
    slope = gradient(lambda logits: text_loss(y, logits), noise(4, (1, 5, CLASSES)))
    assert np.abs(slope[0, :3]).min() > 0
    assert not slope[0, 3:].any()


def test_each_head_has_its_own_loss() -> None:
    assert (reader_loss(CTC), reader_loss(ATTENTION)) == (path_or_ctc_loss, text_loss)


def test_a_position_is_told_the_class_before_it() -> None:
    told = previous_of(np.array([[5, 6, 0], [7, 0, 0]], dtype=np.int32))
    assert_array_equal(told, np.array([[0, 5, 6], [0, 7, 0]], dtype=np.int32))
    assert told.dtype == np.int32


def little_reader(options: ReaderOptions) -> keras.Model:
    """Return a model with a reader's head, and little else."""
    image = keras.Input((options.steps, 3), name="image")
    sequence = keras.layers.LSTM(5, return_sequences=True)(image)
    return keras.Model(image, AttentionDecoder(options.classes, name="logits")(sequence))


def test_the_ctc_reader_is_its_own_trainer() -> None:
    reader = little_reader(CTC)
    assert build_trainer(reader, CTC) is reader


def test_the_attention_trainer_has_the_readers_own_weights_and_can_be_built_again() -> None:
    reader, images = little_reader(ATTENTION), noise(5, (2, ATTENTION.steps, 3))
    trainers = [build_trainer(reader, ATTENTION) for _ in range(2)]
    for trainer in trainers:
        assert [id(weight) for weight in trainer.weights] == [id(weight) for weight in reader.weights]
    own = keras.ops.convert_to_numpy(reader(images))
    told, misled = (
        keras.ops.convert_to_numpy(trainers[1]({"image": images, "previous": previous_of((own.argmax(-1) + wrong) % CLASSES)}))
        for wrong in (0, 1)
    )
    assert_allclose(told, own, atol=1e-5)
    assert_allclose(misled[:, 0], own[:, 0], atol=1e-5)  # before the first character there is nothing to be misled by
    assert np.abs(misled[:, 1:] - own[:, 1:]).max() > 0.001


def test_a_reader_is_saved_and_loaded_as_it_was_after_a_trainer_was_built(tmp_path: Path) -> None:
    reader, images = little_reader(ATTENTION), noise(6, (2, ATTENTION.steps, 3))
    build_trainer(reader, ATTENTION)
    reader.save(tmp_path / "reader.keras")
    loaded = keras.saving.load_model(tmp_path / "reader.keras")
    assert build_trainer(loaded, ATTENTION).count_params() == reader.count_params()
    assert_array_equal(keras.ops.convert_to_numpy(loaded(images)), keras.ops.convert_to_numpy(reader(images)))


@pytest.fixture
def policy(request: pytest.FixtureRequest) -> Iterator[str]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def batch(options: ReaderOptions) -> tuple[dict[str, F32 | I32], I32]:
    """Return inputs and targets of two samples of noise; of the ctc samples one has a path."""
    image = np.abs(noise(7, (2, 32, options.width, 1)))
    if options.head == "attention":
        labels = np.array([[1, 2, 3, 0], [3, 0, 0, 0]], dtype=np.int32)
        labels = np.pad(labels, ((0, 0), (0, options.steps - 3)))
        return {"image": image, "previous": previous_of(labels)}, labels
    y = np.stack([spelled([0, 1, 2] + [0] * (options.steps - 3)), spelled([3, 0, 3] + [0] * (options.steps - 3))])
    y[1, 1] = -1
    return {"image": image}, y


def fitted(options: ReaderOptions, steps: int, *, compiled: bool) -> tuple[keras.Model, list[float]]:
    """Return a reader trained on one batch, and the loss of each step."""
    on_jax = keras.backend.backend() == "jax"  # there nothing is as slow as not to compile
    keras.utils.set_random_seed(1)
    reader = build_reader(options)
    trainer = build_trainer(reader, options)
    trainer.compile(keras.optimizers.Adam(3e-4), loss=reader_loss(options), run_eagerly=not compiled and not on_jax, jit_compile=on_jax)
    inputs, y = batch(options)
    x = inputs if options.head == "attention" else inputs["image"]
    return reader, [float(trainer.train_on_batch(x, y)) for _ in range(steps)]


@pytest.mark.parametrize("policy", ["mixed_bfloat16"], indirect=True)
@pytest.mark.parametrize("options", [CTC, STRAIGHTENED], ids=["ctc", "stn-attention"])
def test_the_loss_falls_step_by_step_on_one_batch_and_logits_are_float32_in_mixed_precision(options: ReaderOptions, policy: str) -> None:
    reader, losses = fitted(replace(options, width=16), 3, compiled=False)  # compiling takes longer than these
    assert losses == sorted(set(losses), reverse=True)
    assert losses[-1] < 0.95 * losses[0]
    assert reader.output.dtype == "float32"
    assert keras.backend.standardize_dtype(reader(batch(replace(options, width=16))[0]["image"]).dtype) == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"], indirect=True)
@pytest.mark.parametrize(
    "options", [CTC, replace(CTC, rectify="stn"), ATTENTION, STRAIGHTENED], ids=["ctc", "stn-ctc", "attention", "stn-attention"]
)
def test_one_batch_is_learned_by_heart(options: ReaderOptions, policy: str) -> None:
    _, losses = fitted(options, 60, compiled=True)
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.05 * losses[0], losses


@pytest.mark.slow
@pytest.mark.parametrize("tests", ["loss", "rectify", "attention", "objective"])
def test_all_of_it_holds_on_jax_too(tests: str) -> None:
    path = Path(__file__).with_name(f"test_{tests}.py")
    command = ["env", "KERAS_BACKEND=jax", sys.executable, "-m", "pytest", "-q", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
