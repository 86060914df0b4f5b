"""What a reader is trained on: the model that `fit` sees, and the loss, of each head."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from recognizer.loss import ctc_loss
from recognizer.model import ReaderOptions

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def build_trainer(reader: keras.Model, options: ReaderOptions) -> keras.Model:
    """Return the model to fit, which has the reader's own layers: what it learns, the reader knows.

    Head ctc: the reader itself. Head attention: inputs `image` and `previous`, int32 `(b, steps + 1)` (`labels.previous_of`), so that each
    position is trained on the true character before it and not on what the head would have written there.
    """
    if options.head == "ctc":
        return reader
    previous = keras.Input((options.steps + 1,), dtype="int32", name="previous")
    head = reader.get_layer("logits")
    logits = head(head.input, previous)  # Keras keeps the input of a layer's first call, which is the reader's
    return keras.Model({"image": reader.inputs[0], "previous": previous}, logits, name="trainer")


def reader_loss(options: ReaderOptions) -> Loss:
    """Return the loss of a batch, a function of `y` and logits float32 for `compile`; it gives each sample's loss, float32 `(b,)`.

    Head ctc: `path_or_ctc_loss`. Head attention: `text_loss`.
    """
    return path_or_ctc_loss if options.head == "ctc" else text_loss


def path_or_ctc_loss(y: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Return the loss of the path where one is given, else the CTC loss, float32 `(b,)`; y `(b, 2, steps)`, logits `(b, steps, classes)`.

    Row 0 of y is the label padded with 0, row 1 the class of each step on one path that spells it (0 the blank), or all -1.

    CTC alone begins with a long plateau, on which the net writes blanks only: any of the many paths might be the one. What we render we
    know the place of, so that for a share of the first samples a path can be named, and its loss is the cross-entropy summed over the
    steps. It is -ln of one of the non-negative terms that p(label) is the sum of, so the CTC loss is never above it, and falls below any
    bound with it. The peaks it asks for are those CTC would find, give or take a step; from then on CTC is the better judge.
    """
    y = ops.cast(y, "int32")  # Keras hands targets over as floats
    label, path = y[:, 0], y[:, 1]
    along = keras.losses.sparse_categorical_crossentropy(ops.maximum(path, 0), ops.cast(logits, "float32"), from_logits=True)
    return ops.where(path[:, 0] >= 0, ops.sum(along, axis=-1), ctc_loss(label, logits))


def text_loss(y: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Return -ln p(text and its end) of each sample, float32 `(b,)`; y int `(b, n)` padded with 0, logits `(b, n, classes)`.

    The cross-entropy summed, not averaged, over the characters and the first 0, the end; positions after it do not count. So it is the
    same quantity as the CTC loss, and learning rates and clipping that suit one head suit the other. Source: Shi et al. 2016, section 3.3.
    """
    y = ops.cast(y, "int32")  # Keras hands targets over as floats
    ends = ops.cast(y == 0, "int32")
    counts = ops.cumsum(ends, axis=1) - ends == 0  # no end before
    each = keras.losses.sparse_categorical_crossentropy(y, ops.cast(logits, "float32"), from_logits=True)
    return ops.sum(ops.where(counts, each, np.float32(0)), axis=1)
