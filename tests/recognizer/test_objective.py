import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from recognizer.loss import ctc_loss
from recognizer.model import ReaderOptions, build_reader
from recognizer.objective import build_trainer, path_or_ctc_loss, previous_of, reader_loss, text_loss
from synthgen.arrays import F32, I32
from tests.recognizer.gradients import gradient

STEPS, CLASSES = 6, 4
CTC, ATTENTION = (ReaderOptions(classes=CLASSES, width=32, head=head) for head in ("ctc", "attention"))
STRAIGHTENED = ReaderOptions(classes=CLASSES, width=32, head="attention", rectify="stn")


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


@given(path=st.lists(st.integers(0, CLASSES - 1), min_size=STEPS, max_size=STEPS), seed=st.integers(0, 999), scale=st.floats(0.1, 50))
def test_a_paths_loss_is_its_summed_cross_entropy_and_bounds_the_ctc_loss_from_above(path: list[int], seed: int, scale: float) -> None:
    y, logits = spelled(path)[None], noise(seed, (1, STEPS, CLASSES), scale)
    loss = keras.ops.convert_to_numpy(path_or_ctc_loss(y, logits))
    assert_allclose(loss, crossentropies(logits, y[:, 1]).sum(-1), rtol=1e-4, atol=1e-5)
    assert loss >= keras.ops.convert_to_numpy(ctc_loss(y[:, 0], logits)) - 1e-4 * (1 + loss)


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


def test_the_ctc_reader_is_its_own_trainer() -> None:
    reader = build_reader(CTC)
    assert build_trainer(reader, CTC) is reader


def test_the_attention_trainer_has_the_readers_own_weights_and_can_be_built_again() -> None:
    reader, images = build_reader(ATTENTION), np.abs(noise(5, (2, 32, 32, 1)))
    trainers = [build_trainer(reader, ATTENTION) for _ in range(2)]
    for trainer in trainers:
        assert [id(weight) for weight in trainer.weights] == [id(weight) for weight in reader.weights]
    own = keras.ops.convert_to_numpy(reader(images))
    told = trainers[1]({"image": images, "previous": previous_of(own.argmax(-1))})
    assert_allclose(keras.ops.convert_to_numpy(told), own, atol=1e-5)


def test_a_reader_is_saved_and_loaded_as_it_was_after_a_trainer_was_built(tmp_path: Path) -> None:
    reader, images = build_reader(STRAIGHTENED), np.abs(noise(6, (2, 32, 32, 1)))
    build_trainer(reader, STRAIGHTENED)
    reader.save(tmp_path / "reader.keras")
    loaded = keras.saving.load_model(tmp_path / "reader.keras")
    assert_array_equal(keras.ops.convert_to_numpy(loaded(images)), keras.ops.convert_to_numpy(reader(images)))


@pytest.fixture
def mixed() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("options", [CTC, STRAIGHTENED], ids=["ctc", "stn-attention"])
def test_the_loss_falls_on_one_batch_in_mixed_precision_and_logits_are_float32(options: ReaderOptions, mixed: None) -> None:
    keras.utils.set_random_seed(1)
    reader = build_reader(options)
    trainer = build_trainer(reader, options)
    trainer.compile(keras.optimizers.Adam(1e-3), loss=reader_loss(options), jit_compile=False)
    x, y = batch(options)
    losses = [trainer.train_on_batch(x, y) for _ in range(8)]
    assert losses[-1] < 0.7 * losses[0], losses
    assert reader.output.dtype == "float32"
    assert keras.backend.standardize_dtype(reader(batch(options)[0]["image"]).dtype) == "float32"


def batch(options: ReaderOptions) -> tuple[dict[str, F32 | I32], I32]:
    """Return inputs and targets of two samples of noise; of the ctc samples one has a path."""
    image = np.abs(noise(7, (2, 32, 32, 1)))
    if options.head == "attention":
        labels = np.array([[1, 2, 3] + [0] * 5, [3] + [0] * 7], dtype=np.int32)
        return {"image": image, "previous": previous_of(labels)}, labels
    y = np.stack([spelled([0, 1, 1, 0, 2, 2, 0]), spelled([3, 0, 3, 3, 0, 0, 1])])
    y[1, 1] = -1
    return {"image": image}, y


@pytest.mark.slow
@pytest.mark.parametrize("tests", ["loss", "rectify", "attention", "objective"])
def test_all_of_it_holds_on_jax_too(tests: str) -> None:
    path = Path(__file__).with_name(f"test_{tests}.py")
    done = subprocess.run(["env", "KERAS_BACKEND=jax", sys.executable, "-m", "pytest", "-q", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
