from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recognizer.attention import AttentionDecoder
from recognizer.labels import previous_of
from synthgen.arrays import F32, F64, I32

STEPS, WIDTH, CLASSES = 5, 6, 7


def sequences(count: int = 3) -> F32:
    drawn: F32 = np.random.default_rng(2).normal(size=(count, STEPS, WIDTH), scale=2.0).astype(np.float32)
    return drawn


def decoder(dtype: str = "float32") -> AttentionDecoder:
    """Return a decoder of drawn weights, biases too: large enough to write different classes, not so large that its states are chaotic."""
    layer = AttentionDecoder(CLASSES, name="logits", dtype=dtype)
    layer.build((1, STEPS, WIDTH))
    rng = np.random.default_rng(6)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape, scale=2.5 / weight.shape[0] ** 0.5))
    return layer


def softmax(x: F64) -> F64:
    grown: F64 = np.exp(x - x.max())
    return np.asarray(grown / grown.sum())


def sigmoid(x: F64) -> F64:
    grown: F64 = np.exp(-x)
    return 1 / (1 + grown)


def written(w: dict[str, F64], h: F64, previous: I32 | None) -> F64:
    """Return the logits `(t + 1, classes)` of one sequence `(t, d)`, by the equations of AttentionDecoder's docstring."""
    k = h @ w["keys/kernel"] + w["keys/bias"]
    s, y, rows = np.zeros(w["query/kernel"].shape[0]), 0, []
    for j in range(len(h) + 1):
        y = y if previous is None else previous[j]
        e = np.tanh(s @ w["query/kernel"] + k) @ w["score/kernel"]
        g = softmax(e[:, 0]) @ h
        p = np.split(np.concatenate([g, np.eye(CLASSES)[y]]) @ w["cell/kernel"] + w["cell/bias"][0], 3)
        q = np.split(s @ w["cell/recurrent_kernel"] + w["cell/bias"][1], 3)
        z, r = sigmoid(p[0] + q[0]), sigmoid(p[1] + q[1])
        s = z * s + (1 - z) * np.tanh(p[2] + r * q[2])
        rows.append(s @ w["classes/kernel"] + w["classes/bias"])
        y = int(rows[-1].argmax())
    return np.array(rows)


@pytest.mark.parametrize("taught", [False, True])
def test_the_logits_are_those_of_the_equations_and_the_weights_have_the_names_given(taught: bool) -> None:
    layer, h = decoder(), sequences()
    weights = {weight.path.removeprefix("logits/"): keras.ops.convert_to_numpy(weight).astype(np.float64) for weight in layer.weights}
    previous = np.random.default_rng(8).integers(0, CLASSES, (3, STEPS + 1)).astype(np.int32) if taught else None
    got = keras.ops.convert_to_numpy(layer(h) if previous is None else layer(h, previous))
    wanted = np.stack([written(weights, row.astype(np.float64), None if previous is None else previous[n]) for n, row in enumerate(h)])
    assert len(np.unique(wanted.argmax(-1))) > 2  # else feeding back the wrong class would not show
    assert_allclose(got, wanted, atol=1e-4)


def test_told_what_it_would_write_it_writes_what_it_would() -> None:
    layer, h = decoder(), sequences()
    own = keras.ops.convert_to_numpy(layer(h))
    told = keras.ops.convert_to_numpy(layer(h, previous_of(own.argmax(-1))))
    assert_allclose(told, own, atol=1e-5)


def test_a_position_is_not_told_its_own_class_nor_a_later_one() -> None:
    layer, h = decoder(), sequences(1)
    told = previous_of(np.array([[1, 2, 3, 4, 5, 6]], dtype=np.int32))
    other = previous_of(np.array([[1, 2, 6, 5, 4, 3]], dtype=np.int32))
    first, second = (keras.ops.convert_to_numpy(layer(h, previous)) for previous in (told, other))
    assert_allclose(first[:, :3], second[:, :3], atol=1e-6)
    assert not np.allclose(first[:, 3], second[:, 3], atol=0.01)


def test_under_mixed_precision_the_logits_are_float32_and_near_those_of_float32() -> None:
    exact, previous = decoder(), np.zeros((3, STEPS + 1), np.int32)
    coarse = decoder("mixed_bfloat16")
    got = coarse(sequences(), previous)
    assert keras.backend.standardize_dtype(got.dtype) == "float32"
    assert {weight.dtype for weight in coarse.weights} == {"float32"}
    assert_allclose(got, exact(sequences(), previous), atol=1.0)
    assert_allclose(np.mean(np.abs(got - exact(sequences(), previous))), 0, atol=0.1)


def test_the_promised_shape_and_dtype_are_those_returned() -> None:
    promised = decoder("mixed_bfloat16")(keras.Input((STEPS, WIDTH)))
    assert (promised.shape, promised.dtype) == ((None, STEPS + 1, CLASSES), "float32")
    assert decoder()(sequences()).shape == (3, STEPS + 1, CLASSES)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    sequence = keras.Input((STEPS, WIDTH))
    model = keras.Model(sequence, decoder("mixed_bfloat16")(sequence))
    model.save(tmp_path / "decoder.keras")
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    assert loaded.get_layer("logits").get_config() == model.get_layer("logits").get_config()
    assert_array_equal(keras.ops.convert_to_numpy(loaded(sequences())), keras.ops.convert_to_numpy(model(sequences())))
