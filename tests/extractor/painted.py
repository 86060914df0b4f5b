"""Photos that say themselves what a detector and a reader would: red is the region map, green the affinity map, blue a text."""

from collections.abc import Sequence

import numpy as np

from detector.thresholds import Thresholds
from extractor.options import Options
from extractor.reading import Extractor
from extractor.turns import Reading
from synthgen.arrays import F32, U8, Image

TEXTS = ("", "KRAFT", "Sandwich", "Spread", "15", "FL", "OZ", "(443", "mL)", "Net", "wt")
STEP = 20  # of blue, from one text to the next
GARBAGE: Reading = ("%w", 0.02)


def blank(height: int, width: int) -> Image:
    return np.zeros((height, width, 3), dtype=np.uint8)


def paint(photo: Image, corner: tuple[int, int], size: tuple[int, int], text: str) -> None:
    """Put a word of `size` (height, width) at `corner` (x, y): its first half is as blue as its text says."""
    (x, y), (height, width) = corner, size
    photo[y : y + height, x : x + width, 0] = 255
    photo[y : y + height, x : x + width // 2, 2] = STEP * TEXTS.index(text)


def scorer(prepared: U8) -> F32:
    """Return the maps that are painted on pictures `(n, h, w, 3)`."""
    return np.asarray(prepared[:, ::2, ::2, :2] / 255, dtype=np.float32)


def reader(strips: Sequence[Image]) -> list[Reading]:
    """Return what is painted on each strip: garbage where it does not begin at the left."""
    return [_read(strip) for strip in strips]


def _read(strip: Image) -> Reading:
    height, width = strip.shape[:2]
    inner = strip[height // 4 : -(-3 * height // 4), :, 2].astype(float)
    left, right = (np.median(inner[:, a * width // 8 : -(-b * width // 8)]) for a, b in ((1, 3), (5, 7)))
    tilted = np.abs(np.median(inner[0]) - np.median(inner[-1])) > STEP / 2
    number = round(left / STEP)
    return (TEXTS[number], 0.9) if number and right < STEP / 2 and not tilted else GARBAGE


def extractor(**options: object) -> Extractor:
    return Extractor(scorer, reader, Options(**({"enlarged": 1.0, "thresholds": Thresholds(growth=1.0)} | options)))  # type: ignore[arg-type]
