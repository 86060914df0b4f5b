"""Encoded word images as pixels."""

import cv2
import numpy as np

from synthgen.arrays import U8


def decode_grey(data: bytes) -> U8 | None:
    """Return an encoded picture in grey, `(h, w)`, None where it is none: a JPEG holds the luma that `prepare` makes of colours."""
    grey = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    return None if grey is None else np.asarray(grey, dtype=np.uint8)
