"""Scenes made by hand: light rectangles, a character each, on dark ground; and sources of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from detector.scenes import Scene
from synthgen.arrays import F32, Image, Quads
from synthgen.quads import bounds, of_boxes
from training.sources import Refused

SIZE = (240, 320)  # height, width
WORDS = ((20, 30, 16, 4), (150, 40, 24, 3), (40, 120, 40, 5), (30, 200, 8, 6), (180, 205, 6, 2))  # x, y, height, characters


def made_scene(words: Sequence[tuple[int, int, int, int]] = WORDS, confidence: Sequence[float] | None = None, shade: int = 230) -> Scene:
    """Return a scene whose characters are as wide as half their height, and fill their quads."""
    boxes = [(x + k * 0.6 * high, y, x + k * 0.6 * high + 0.5 * high, y + high) for x, y, high, count in words for k in range(count)]
    char_quads = of_boxes(np.array(boxes, dtype=np.float32).reshape(-1, 4))
    word = np.repeat(np.arange(len(words)), [count for *_, count in words]).astype(np.int32)
    known = np.ones(len(words)) if confidence is None else np.array(confidence)
    around = [(x, y, x + (0.6 * count - 0.1) * high, y + high) for x, y, high, count in words]
    word_quads = of_boxes(np.array(around, dtype=np.float32).reshape(-1, 4))
    return Scene(inked(char_quads, shade), char_quads, word, word_quads, known.astype(np.float32))


def inked(quads: Quads, shade: int = 230) -> Image:
    """Return a picture of SIZE in which upright quads are filled, a px by the share of it that they cover."""
    height, width = SIZE
    cover = np.zeros(SIZE)
    for left, top, right, bottom in bounds(quads).tolist():
        across, down = (
            np.clip(np.minimum(np.arange(side) + 1, end) - np.maximum(np.arange(side), begin), 0, 1)
            for side, begin, end in ((width, left, right), (height, top, bottom))
        )
        cover = np.maximum(cover, np.outer(down, across))
    return np.repeat(np.rint(10 + (shade - 10) * cover).astype(np.uint8)[..., None], 3, axis=2)


@dataclass(frozen=True)
class MadeScenes:
    """Groups of three scenes, each with its own shade of ink."""

    first: int = 0
    sizes: tuple[int, ...] = (3, 3, 3, 3)
    pool_groups: int = 2
    refused: Refused = field(default_factory=dict)
    digest: str = "made"

    def load(self, number: int) -> list[Scene]:
        return [made_scene(shade=100 + self.first + 10 * (3 * number + k)) for k in range(3)]


def heights(quads: Quads) -> F32:
    """Return the mean length of the left and the right sides."""
    return np.asarray(np.linalg.norm(quads[:, [3, 2]] - quads[:, [0, 1]], axis=2).mean(axis=1))
