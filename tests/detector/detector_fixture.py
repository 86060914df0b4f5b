"""Detectors with weights that no layer can hide behind: norms that shift and turn signs, biases that are not 0."""

import math
from functools import cache

import keras
import numpy as np

from detector.model import build_detector
from detector.options import DetectorOptions
from detector.prepare import as_input
from detector.weights import Detector
from synthgen.arrays import F32, F64, U8
from synthgen.chance import Stream, uniforms

CARD: dict[str, object] = {"recipe": "product.toml", "samples": 64, "scores": {"scenes_ic03": 0.5}, "by": "Zoë"}
TINY = DetectorOptions(slim=8)


@cache
def shaken_detector(options: DetectorOptions = TINY) -> Detector:
    """Return a detector whose vectors are far from where they start, and whose maps differ from picture to picture and place to place.

    All tests have the same one, to be left as it is.
    """
    keras.utils.set_random_seed(3)
    detector = Detector(build_detector(options), options, CARD)
    for n, value in enumerate(detector.model.weights):
        if len(value.shape) == 1 and "moving" not in value.path:
            start = 0.7 if value.path.endswith("gamma") else -0.2
            value.assign((start + 0.6 * shares(n, *value.shape)).astype(np.float32))
    for norm in (layer for layer in detector.model.layers if isinstance(layer, keras.layers.BatchNormalization)):
        norm.momentum = 0.0  # the next batch's mean and variance are kept
    detector.model(as_input(noise(4, 96, 96)), training=True)
    last = detector.model.get_layer("maps")
    last.kernel.assign(0.5 * np.asarray(last.kernel) / float(np.std(detector.model(as_input(noise(4, 96, 96))))))
    return detector


def noise(count: int, height: int = 64, width: int = 96) -> U8:
    """Return prepared pictures `(count, height, width, 3)`, each with a bar of its own."""
    pictures = (150 * shares(count, count, height, width, 3)).astype(np.uint8)
    for n, picture in enumerate(pictures):
        picture[8 + 5 * n : 24 + 5 * n, 10:40] += 100
    return pictures


def shares(seed: int, *shape: int) -> F64:
    """Return numbers in [0, 1)."""
    return uniforms(seed, Stream.TEXTURE, np.arange(shape[0], dtype=np.uint64), math.prod(shape[1:])).reshape(shape)


def largest_difference(a: F32, b: F32) -> float:
    """Return the largest absolute difference of two arrays of one shape."""
    assert a.shape == b.shape
    return float(np.abs(a - b).max())
