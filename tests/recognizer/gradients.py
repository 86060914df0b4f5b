"""Gradients on whichever backend Keras runs."""

from collections.abc import Callable

import keras
import numpy as np

from synthgen.arrays import F32


def gradient(function: Callable[[keras.KerasTensor], keras.KerasTensor], at: F32) -> F32:
    """Return d sum(function) / d at."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(lambda x: keras.ops.sum(function(x)))(jax.numpy.asarray(at)))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        x = tf.constant(at)
        tape.watch(x)
        total = keras.ops.sum(function(x))
    return np.asarray(tape.gradient(total, x))
