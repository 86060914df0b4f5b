"""Pictures for people as files."""

from pathlib import Path

import cv2
import numpy as np

from synthgen.arrays import Image
from synthgen.shards.storage import atomic_path


def shrunk(picture: Image, longest: int) -> Image:
    """Return a picture made smaller, so that its longer side is at most `longest` px."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = [max(round(side * scale), 1) for side in picture.shape[1::-1]]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def save_picture(picture: Image, final: Path) -> None:
    """Put an RGB picture at `final` as PNG.

    Raises:
        SynthgenError: the file cannot be written.
    """
    with atomic_path(final) as scratch:
        scratch.write_bytes(cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
