"""One way from a photo of any size to what the detector sees, for training, evaluation and extraction alike."""

from dataclasses import dataclass

import cv2
import numpy as np

from detector.sizes import ENLARGED, LONGEST, MULTIPLE
from synthgen.arrays import F32, U8, Image

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of RGB in ImageNet, on which VGG's public weights were trained
DOWN = 2  # photo px a map px


@dataclass(frozen=True)
class Fitted:
    """A photo as the detector takes it."""

    picture: U8  # (h, w, 3), RGB, h and w multiples of 32, black below and to the right of the photo
    scale: float  # its px for one of the photo's, along both axes alike
    size: tuple[int, int]  # (height, width) that the photo itself fills


def fitted(photo: Image, longest: int = LONGEST, enlarged: float = ENLARGED) -> Fitted:
    """Return a photo `(h, w, 3)` enlarged `enlarged` times, but not beyond `longest` px on its longer side, and padded to multiples of 32.

    Sides are rounded to whole px, which adds or cuts off up to half a px at the far edges and moves nothing; less than half a px becomes 1.

    Source: the authors' `resize_aspect_ratio`. Differs: what shrinks is averaged, not interpolated.
    """
    height, width = photo.shape[:2]
    scale = min(enlarged, longest / max(height, width))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    wide, high = round(width * scale), round(height * scale)
    asked = None if wide and high else (max(wide, 1), max(high, 1))  # a size would stretch each axis to it; of 0 px OpenCV makes none
    scaled = cv2.resize(photo, asked, fx=scale, fy=scale, interpolation=way)
    height, width = scaled.shape[:2]
    padded = np.zeros((*(-(-side // MULTIPLE) * MULTIPLE for side in (height, width)), 3), dtype=np.uint8)
    padded[:height, :width] = scaled
    return Fitted(padded, scale, (height, width))


def as_input(pictures: U8) -> F32:
    """Return RGB pictures `(n, h, w, 3)` as the model's input: float32, each channel less its mean, over its spread."""
    mean, spread = (np.array(x, dtype=np.float32) * 255 for x in (MEAN, SPREAD))
    found = pictures.astype(np.float32)
    found -= mean
    found /= spread
    return found
