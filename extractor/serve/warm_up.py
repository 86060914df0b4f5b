"""The first photo, which is slow: kernels are compiled and memory is claimed; so the server reads one of its own."""

from concurrent.futures import Future

import cv2
import numpy as np

from extractor.serve.answers import Looks
from extractor.serve.desk import Desk
from synthgen.arrays import Image


class WarmUp:
    """Whether an extractor has read a first picture."""

    def __init__(self, extractor: Looks) -> None:
        self._extractor = extractor
        self._job: Future[object] | None = None

    def begin(self, desk: Desk) -> None:
        """Have a picture with a word read; photos that come meanwhile wait behind it."""
        self._job = desk.submit(self._read)

    def reason(self) -> str | None:
        """Return why photos are not read yet, or None if they are."""
        if self._job is None or not self._job.done():
            return "warming up"
        fault = self._job.exception()
        return f"the first picture could not be read: {type(fault).__name__}: {fault}" if fault else None

    def _read(self) -> object:
        return self._extractor.look(_picture())


def _picture() -> Image:
    """Return white paper with a word."""
    paper = np.full((160, 480, 3), 255, dtype=np.uint8)
    cv2.putText(paper, "Ready", (40, 110), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (0, 0, 0), 5)
    return paper
