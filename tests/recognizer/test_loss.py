import itertools
import math
from collections.abc import Sequence

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from recognizer.loss import ctc_loss, logits_of
from synthgen.arrays import F32, F64, I32
from tests.recognizer.gradients import gradient

TALK = np.array([[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])  # steps by blank, A, B
AB, LENGTH = (1, 2), 4
EVERY_LABEL = [label for n in range(LENGTH + 1) for label in itertools.product((1, 2), repeat=n)]


def padded(labels: Sequence[tuple[int, ...]], length: int) -> I32:
    return np.array([label + (0,) * (length - len(label)) for label in labels], dtype=np.int32)


def losses(labels: Sequence[tuple[int, ...]], logits: F32, length: int = LENGTH) -> F32:
    loss: F32 = keras.ops.convert_to_numpy(ctc_loss(padded(labels, length), logits))
    return loss


def slopes(labels: I32, logits: F32) -> F32:
    return gradient(lambda x: ctc_loss(labels, x), logits)


def read(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(key for key, _ in itertools.groupby(path) if key)


def all_losses(logits: F32) -> dict[tuple[int, ...], float]:
    """Return -ln p of every label of one sample `(t, classes)`, summed over all its paths."""
    exact = logits.astype(np.float64)
    scores: F64 = exact - np.logaddexp.reduce(exact, axis=-1, keepdims=True)
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        score = sum(scores[t, c] for t, c in enumerate(path))
        found[read(path)] = np.logaddexp(found.get(read(path), -math.inf), score)
    return {label: -score for label, score in found.items()}


def noise(seed: int, shape: tuple[int, ...], scale: float = 1.0) -> F32:
    drawn: F32 = np.random.default_rng(seed).normal(size=shape, scale=scale).astype(np.float32)
    return drawn


@settings(max_examples=20)  # each tries every label
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.3, 3.0, 30.0, 3000.0]))
def test_the_loss_is_minus_ln_of_the_sum_over_all_paths_however_unlikely_they_are(seed: int, scale: float) -> None:
    logits = noise(seed, (LENGTH, 3), scale)
    wanted = all_losses(logits)
    got = losses(EVERY_LABEL, np.stack([logits] * len(EVERY_LABEL)))
    assert_allclose(got, [wanted.get(label, math.inf) for label in EVERY_LABEL], rtol=1e-5, atol=1e-5)


def test_the_talks_example_has_probability_0_704() -> None:
    paths = [path for path in itertools.product(range(3), repeat=3) if read(path) == AB]
    assert sum(math.prod(TALK[t, c] for t, c in enumerate(path)) for path in paths) == pytest.approx(0.704)
    assert losses([AB], logits_of(TALK)[None]) == pytest.approx(-math.log(0.704), rel=1e-6)


def test_a_perfect_match_has_loss_0() -> None:
    assert losses([AB], logits_of(np.eye(3)[[1, 0, 2]])[None]) == pytest.approx(0, abs=1e-6)


def test_a_perfect_mismatch_has_a_very_large_but_finite_loss() -> None:
    loss = losses([AB], logits_of(np.eye(4)[[3, 3, 3]])[None])
    assert loss == pytest.approx(-math.log(5 * 1e-30**3), rel=1e-6)  # five paths, three steps each


def test_a_longer_padding_changes_neither_loss_nor_gradient() -> None:
    logits, labels = noise(1, (3, 6, 4)), [AB, (1, 1), ()]
    assert_allclose(losses(labels, logits, length=11), losses(labels, logits, length=2), rtol=1e-6)  # longer than the six steps, too
    assert_allclose(slopes(padded(labels, 11), logits), slopes(padded(labels, 2), logits), atol=1e-6)


def test_no_sample_sees_its_neighbours() -> None:
    logits, labels = noise(2, (3, 5, 3)), [AB, (2,), (1, 1)]
    alone = [losses([label], row[None]) for label, row in zip(labels, logits, strict=True)]
    assert_allclose(losses(labels, logits), np.concatenate(alone), rtol=1e-6)


def test_loss_and_gradient_are_those_of_keras() -> None:
    logits, labels = noise(3, (4, 31, 93), 2.0), np.zeros((4, 31), np.int32)
    for n, row in zip((0, 1, 9, 16), labels, strict=True):
        row[:n] = np.arange(n) // 2 * 7 + 1  # every character twice
    assert_allclose(
        keras.ops.convert_to_numpy(ctc_loss(labels, logits)), keras.ops.convert_to_numpy(keras.losses.ctc(labels, logits)), rtol=1e-5
    )
    assert_allclose(slopes(labels, logits), gradient(lambda x: keras.losses.ctc(labels, x), logits), atol=5e-5)


@pytest.mark.parametrize("scale", [1.0, 100.0, 10000.0])
def test_every_label_that_fits_has_a_finite_gradient_that_sums_to_0_over_the_classes(scale: float) -> None:
    labels = padded([label for label in EVERY_LABEL if label in all_losses(np.zeros((LENGTH, 3), np.float32))], LENGTH)
    slope = slopes(labels, noise(4, (len(labels), LENGTH, 3), scale))
    assert_allclose(slope.sum(-1), np.zeros(slope.shape[:2]), atol=1e-5)
    assert np.abs(slope).max() > 0.1


def test_a_label_that_does_not_fit_has_an_infinite_loss_no_gradient_and_leaves_its_neighbours_alone() -> None:
    logits, labels = noise(5, (2, LENGTH, 3)), [(1, 1, 1), (1, 2, 1)]
    loss = losses(labels, logits)
    assert loss[0] == math.inf
    assert loss[1:] == pytest.approx(losses(labels[1:], logits[1:]))
    slope = slopes(padded(labels, LENGTH), logits)
    assert not slope[0].any()
    assert np.isfinite(slope[1]).all()
    assert slope[1].any()


def test_low_precision_logits_and_float_labels_give_a_float32_loss() -> None:
    logits = keras.ops.cast(noise(6, (1, LENGTH, 3)), "bfloat16")
    loss = ctc_loss(padded([AB], LENGTH).astype(np.float32), logits)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert_allclose(loss, losses([AB], keras.ops.convert_to_numpy(keras.ops.cast(logits, "float32"))), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX compiles with XLA always")
def test_xla_compiles_loss_and_gradient_and_changes_neither() -> None:
    import tensorflow as tf

    labels, logits = padded([AB, (1, 1)], LENGTH), noise(7, (2, LENGTH, 3))

    @tf.function(jit_compile=True)
    def compiled(at: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        with tf.GradientTape() as tape:
            tape.watch(at)
            loss = ctc_loss(labels, at)
        return loss, tape.gradient(loss, at)

    loss, slope = compiled(tf.constant(logits))
    assert_allclose(loss, losses([AB, (1, 1)], logits), rtol=1e-6)
    assert_allclose(slope, slopes(labels, logits), atol=1e-6)
