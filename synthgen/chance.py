"""Chance has one door, and it opens for a whole block of samples at once."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, the step of SplitMix64


class Stream(IntEnum):
    """What a number is drawn for; streams of one sample are independent."""

    TEXT = 1
    FACE = 2
    LOOK = 3
    GRAMMAR = 5
    TEXTURE = 6
    SCENE = 8
    PACK = 9
    COPY = 10
    REGION = 11
    SCENE_KIND = 12
    SCENE_WORD = 13
    GROUP_ORDER = 14  # of a trainer's data
    ROW_ORDER = 15
    ALIGNED = 16
    VIEW = 17  # of a scene, as a detector sees it
    SPLIT = 18  # training or validation
    SHOWN = 19  # of a report's samples


def mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return x with every input bit spread over all output bits. Source: Steele, Lea & Flood, "Fast splittable PRNGs", OOPSLA 2014."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def uniforms(seed: int, stream: Stream, index: NDArray[np.uint64], draws: int) -> NDArray[np.float64]:
    """Return `(len(index), draws)` numbers in [0, 1); row i depends on (seed, stream, index[i]) alone, not on its neighbours."""
    with np.errstate(over="ignore"):  # wrapping is what the generator is made of
        key = mix(
            mix(np.array([seed], dtype=np.uint64)) + GOLDEN * np.uint64(stream)
        )  # seed and index are mixed unlike: swapping them changes all
        rows = mix(key + GOLDEN * (index + np.uint64(1)))
        cells = mix(rows[:, None] + GOLDEN * np.arange(1, draws + 1, dtype=np.uint64))
    return np.asarray((cells >> np.uint64(11)) * 2.0**-53, dtype=np.float64)
