"""From pictures of words to their texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.decode import Reading
from recognizer.labelled import BLOCK, Prepare
from recognizer.prepare import prepare
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, U8, Image

Scorer = Callable[[U8], F32]  # prepared pictures (n, 32, width) -> logits (n, steps, classes)
Decoder = Callable[[F32], list[Reading]]


@dataclass(frozen=True)
class WordReader:
    """How prepared pictures become texts, whatever the reader was loaded from."""

    scorer: Scorer
    decoder: Decoder
    alphabet: Alphabet

    def read(self, prepared: U8) -> list[tuple[str, float]]:
        """Return text and confidence, 0 to 1, of each of `prepared` (n, 32, width)."""
        return self.texts(self.scorer(prepared))

    def texts(self, logits: F32) -> list[tuple[str, float]]:
        """Return text and confidence of each of `logits` (n, steps, classes)."""
        readings = self.decoder(logits)
        return [(self.alphabet.decode(np.array(reading.labels, dtype=np.uint16)), reading.confidence) for reading in readings]


def read_images(reader: WordReader, images: Sequence[Image], ready: Prepare = prepare) -> list[tuple[str, float]]:
    """Return text and confidence, 0 to 1, of each picture, RGB `(h, w, 3)` or grey `(h, w)`; `ready` makes of it what the scorer takes."""
    found: list[tuple[str, float]] = []
    for first in range(0, len(images), BLOCK):
        found += reader.read(np.stack([ready(image) for image in images[first : first + BLOCK]]))
    return found
