"""One way from any picture of a word to what the reader sees, for training, evaluation and extraction alike."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from synthgen.arrays import F32, I32, U8

HEIGHT, WIDTH = 32, 128  # px, DESIGN.md, table of the reader
Fit = Literal["stretch", "pad"]


def prepare(image: U8, width: int = WIDTH, fit: Fit = "stretch") -> U8:
    """Return a word's picture, RGB `(h, w, 3)` or grey `(h, w)`, as grey uint8 `(32, width)`.

    `stretch` fills it; `pad` keeps the aspect where the word is not wider than `width`, and repeats its last column to the right.
    Stretched unless asked: benchmarks/RESULTS.md has both measured. Grey is the luma of ITU-R BT.601, which a JPEG stores anyway.
    Source: for `pad`, `NormalizePAD` of Baek et al. 2019, "What is wrong with scene text recognition model comparisons?", their code.
    """
    grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    if fit == "stretch":
        return _scaled(grey, width)
    height, across = grey.shape
    scaled = _scaled(grey, int(filled_px(np.array([across]), np.array([height]), width)[0]))
    return np.asarray(cv2.copyMakeBorder(scaled, 0, 0, 0, width - scaled.shape[1], cv2.BORDER_REPLICATE), dtype=np.uint8)


def filled_px(across: I32, heights: I32, width: int) -> I32:
    """Return the columns that pictures of some widths and heights `(n,)` fill when they keep their aspect, the rest is padding."""
    return np.asarray(np.clip(np.rint(across * HEIGHT / heights), 1, width), dtype=np.int32)


def _scaled(grey: U8, width: int) -> U8:
    """Return `grey` as `(32, width)`; first each side that is too long is averaged, then each that is too short is interpolated.

    Not in one step: OpenCV's INTER_AREA averages only where both sides shrink, and else leaves out pixels.
    """
    height, across = grey.shape
    small = grey
    if height > HEIGHT or across > width:
        small = np.asarray(cv2.resize(grey, (min(across, width), min(height, HEIGHT)), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, HEIGHT), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def as_input(prepared: U8) -> F32:
    """Return prepared pictures `(n, 32, w)` as the model's input, float32 `(n, 32, w, 1)` in [0, 1]."""
    scaled: NDArray[np.float32] = np.multiply(prepared, np.float32(1 / 255), dtype=np.float32)
    return scaled[..., None]
