"""Readers with weights that no layer can hide behind: norms that shift and turn signs, biases that are not 0."""

import math
from functools import cache

import keras
import numpy as np

from recognizer.model import build_reader
from recognizer.options import ReaderOptions
from recognizer.prepare import as_input
from recognizer.weights import Reader
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, F64, U8
from synthgen.chance import Stream, uniforms

CARD: dict[str, object] = {"recipe": "words.toml", "samples": 64, "scores": {"words_svt": 0.5}, "by": "Zoë"}


@cache
def shaken_reader(options: ReaderOptions) -> Reader:
    """Return a reader whose vectors are far from where they start, and whose logits differ from picture to picture and step to step.

    All tests have the same one, to be left as it is: it takes half a second to make.
    """
    keras.utils.set_random_seed(3)
    reader = Reader(build_reader(options), options, Alphabet(), CARD)
    for n, value in enumerate(reader.model.weights):
        if value.path.endswith("theta/kernel"):  # zero untrained
            value.assign(shares(n, *value.shape) - 0.5)
        elif len(value.shape) > 1 and "bias" not in value.path:
            value.assign(value.numpy() * (1 if "conv" in value.path else 4 if "logits" in value.path else 2))
        elif "moving" not in value.path:
            value.assign((2.0 if "norm" in value.path else 0.2) * (shares(n, *value.shape) - 0.5))
    for norm in (layer for layer in reader.model.layers if isinstance(layer, keras.layers.BatchNormalization)):
        norm.momentum = 0.0  # the next batch's mean and variance are kept
    reader.model(as_input(noise(8, options.width)), training=True)
    return reader


def noise(count: int, width: int = 32) -> U8:
    """Return prepared pictures `(count, 32, width)`, each with an edge of its own."""
    pictures = (100 * shares(count, count, 32, width)).astype(np.uint8)
    for n, picture in enumerate(pictures):
        picture[:, : 4 + 7 * n % width] += 150
    return pictures


def shares(seed: int, *shape: int) -> F64:
    """Return numbers in [0, 1)."""
    return uniforms(seed, Stream.TEXTURE, np.arange(shape[0], dtype=np.uint64), math.prod(shape[1:])).reshape(shape)


def largest_difference(a: F32, b: F32) -> float:
    """Return the largest absolute difference of two arrays of one shape."""
    assert a.shape == b.shape
    return float(np.abs(a - b).max())
