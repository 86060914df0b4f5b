import numpy as np
import pytest
from keras import ops

from detector.loss import HARD, LEAST_SHARE, TEXT, craft_loss
from synthgen.arrays import F32


def by_hand(y: F32, maps: F32) -> list[float]:
    """The formulas of `craft_loss` with a loop and NumPy's own sort."""
    losses = []
    for row, found in zip(y, maps, strict=True):
        confidence, loss = row[..., 2], 0.0
        for channel in (0, 1):
            truth = row[..., channel]
            errors = (found[..., channel] - truth) ** 2 * confidence
            text, ground = errors[(truth >= TEXT) & (confidence > 0)], errors[(truth < TEXT) & (confidence > 0)]
            count = int(min(max(round(HARD * len(text)), np.ceil(LEAST_SHARE * truth.size)), len(ground)))
            hardest = np.sort(ground)[len(ground) - count :]
            loss += (text.mean() if len(text) else 0.0) + (hardest.mean() if count else 0.0)
        losses.append(loss)
    return losses


def some(seed: int, text_share: float) -> tuple[F32, F32]:
    draws = np.random.default_rng(seed)
    truth = draws.uniform(0, 1, (3, 12, 16, 2)) * (draws.uniform(0, 1, (3, 12, 16, 2)) < text_share)
    confidence = draws.choice([0.0, 0.5, 1.0], (3, 12, 16, 1), p=[0.1, 0.2, 0.7])
    return np.concatenate([truth, confidence], axis=-1).astype(np.float32), draws.normal(0.3, 0.5, (3, 12, 16, 2)).astype(np.float32)


@pytest.mark.parametrize("text_share", [0.0, 0.02, 0.2, 0.6, 1.0])
def test_the_loss_is_that_of_its_formulas(text_share: float) -> None:
    y, maps = some(int(100 * text_share), text_share)
    np.testing.assert_allclose(ops.convert_to_numpy(craft_loss(y, maps)), by_hand(y, maps), rtol=1e-5)


def test_equal_errors_count_no_more_than_their_number() -> None:
    y, maps = some(7, 0.1)
    y[..., 2], maps[...] = 1, 0.25  # all background errs alike
    np.testing.assert_allclose(ops.convert_to_numpy(craft_loss(y, maps)), by_hand(y, maps), rtol=1e-5)


def test_true_maps_have_no_loss() -> None:
    y, _ = some(1, 0.3)
    np.testing.assert_array_equal(ops.convert_to_numpy(craft_loss(y, y[..., :2])), 0)


def test_what_is_not_to_be_judged_has_no_part_in_the_loss() -> None:
    y, maps = some(2, 0.3)
    spoiled = np.where(y[..., 2:] == 0, np.float32(1e3), maps)
    np.testing.assert_array_equal(ops.convert_to_numpy(craft_loss(y, spoiled)), ops.convert_to_numpy(craft_loss(y, maps)))
    y[..., 2] = 0
    np.testing.assert_array_equal(ops.convert_to_numpy(craft_loss(y, maps)), 0)


def test_a_picture_without_text_learns_to_be_empty() -> None:
    y, maps = np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 2), np.float32)
    y[..., 2], maps[0, 3, 4] = 1, 0.9
    assert float(craft_loss(y, maps)[0]) == pytest.approx(2 * 0.81, rel=1e-5)  # the one px that is wrong is the hardest


def test_the_gradient_reaches_text_and_the_hardest_background_only() -> None:
    y, maps = np.zeros((1, 64, 64, 3), np.float32), np.full((1, 64, 64, 2), 0.1, np.float32)
    y[..., 2], y[0, 0, :10, :2] = 1, 0.8
    maps[0, 1, :30] = 0.5  # three px of background a px of text
    slopes = gradient(y, maps)
    assert (slopes[0, 0, :10] < 0).all()
    assert (slopes[0, 1, :30] > 0).all()
    assert np.count_nonzero(slopes) == 2 * 40


def gradient(y: F32, maps: F32) -> F32:
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(lambda found: ops.sum(craft_loss(y, found)))(maps))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        found = tf.Variable(maps)
        loss = tf.reduce_sum(craft_loss(y, found))
    return np.asarray(tape.gradient(loss, found))
