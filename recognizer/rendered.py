"""Words from the engine as a reader takes them, to measure or calibrate it on."""

import numpy as np

from recognizer.options import ReaderOptions
from synthgen import BlockRenderer, Recipe
from synthgen.arrays import U8


def rendered_words(count: int, seed: int, options: ReaderOptions) -> tuple[U8, tuple[str, ...]]:
    """Return the first `count` words of the built-in recipe, prepared `(count, 32, width)`, and their texts."""
    block = BlockRenderer(Recipe(), seed=seed).block(range(count))
    prepared = np.stack([options.prepared(block.picture(row)) for row in range(count)])
    return prepared, tuple(block.text(row) for row in range(count))
