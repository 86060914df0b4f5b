"""What a detector is trained on: squared errors of both maps, of the background only where it is hardest."""

import keras
import numpy as np
from keras import ops

TEXT = 0.1  # truth from here on is text, below is background. Source: EasyOCR's trainer, trainer/craft/loss/mseloss.py, Maploss_v3
HARD = 3.0  # background px a text px. Source: Baek et al. 2019, section 4.2, on-line hard negative mining at 1:3
LEAST_SHARE = 1000 / 384**2  # of a map's px, at least so many of the background. Source: EasyOCR's trainer, n_min_neg at 768 px crops


def craft_loss(y: keras.KerasTensor, maps: keras.KerasTensor) -> keras.KerasTensor:
    """Return each picture's loss, float32 `(b,)`: that of the region and of the affinity map added.

    `y` is `(b, h, w, 3)`: region, affinity and confidence, 0 to 1; `maps` `(b, h, w, 2)`. A map's loss is the mean squared error, times the
    confidence, over px of text, and the mean over the HARD times as many px of background that are farthest from the truth. Px of
    confidence 0 are neither. A picture without text has the hardest LEAST_SHARE of its background.
    Source: Baek et al. 2019, formula 5 and section 4.2. Differs: counted by picture, as in EasyOCR's trainer, not over the batch.
    """
    y, maps = ops.cast(y, "float32"), ops.cast(maps, "float32")
    confidence = y[..., 2]
    return _map_loss(y[..., 0], maps[..., 0], confidence) + _map_loss(y[..., 1], maps[..., 1], confidence)


def _map_loss(truth: keras.KerasTensor, found: keras.KerasTensor, confidence: keras.KerasTensor) -> keras.KerasTensor:
    """Return the loss `(b,)` of one map, all three `(b, h, w)`."""
    errors = ops.square(found - truth) * confidence
    known = confidence > 0
    text = ops.cast(ops.logical_and(truth >= TEXT, known), "float32")
    ground = ops.cast(ops.logical_and(truth < TEXT, known), "float32")
    texts, grounds = ops.sum(text, axis=(1, 2)), ops.sum(ground, axis=(1, 2))
    least = LEAST_SHARE * ops.cast(ops.shape(errors)[1] * ops.shape(errors)[2], "float32")
    hardest = _largest(errors * ground, ops.minimum(ops.maximum(ops.round(HARD * texts), ops.ceil(least)), grounds))
    return ops.sum(errors * text, axis=(1, 2)) / ops.maximum(texts, np.float32(1)) + hardest


def _largest(errors: keras.KerasTensor, count: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean of the `count` (b,) largest of `errors` (b, h, w), 0 where that is none.

    The sort only finds the least of them; its gradient would scatter every px.
    """
    flat = ops.reshape(errors, (ops.shape(errors)[0], -1))
    ranked = ops.sort(ops.stop_gradient(flat), axis=1)  # ascending
    place = ops.shape(ranked)[1] - ops.maximum(ops.cast(count, "int32"), 1)
    bound = ops.take_along_axis(ranked, place[:, None], axis=1)
    above = ops.cast(flat > bound, "float32")
    alike = ops.cast(ops.equal(flat, bound), "float32")  # of them, so many count as there is room for: each a like share
    share = (count - ops.sum(above, axis=1)) / ops.sum(alike, axis=1)
    return (ops.sum(flat * above, axis=1) + share * ops.sum(flat * alike, axis=1)) / ops.maximum(count, np.float32(1))
