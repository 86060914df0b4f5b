"""Prepared pictures in, maps out, by Keras or by ONNX Runtime; each is imported only where it is used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.header import DETECTOR, Header
from detector.prepare import DOWN, as_input
from detector.sizes import MULTIPLE
from synthgen.arrays import F32, U8
from training.onnx_session import open_session

if TYPE_CHECKING:
    from detector.weights import Detector

COMPILED_MULTIPLE = 128  # px; JAX compiles for each size, seconds each: of photos in a folder there are fewer sizes so


def keras_scorer(detector: "Detector") -> Callable[[U8], F32]:
    """Return a function from prepared pictures (n, h, w, 3), h and w multiples of 32, to maps (n, h / 2, w / 2, 2).

    On TensorFlow nothing is compiled: Keras's bilinear UpSampling2D (3.15) refuses sizes that are not known when it is. On JAX pictures are
    filled up with black to a multiple of 128 px, which changes the maps a little, and only near their lower and right edges.
    """
    import keras

    compiled = keras.backend.backend() == "jax"
    multiple = COMPILED_MULTIPLE if compiled else MULTIPLE
    run = detector.model.predict_on_batch if compiled else partial(detector.model, training=False)

    def score(prepared: U8) -> F32:
        count, height, width, _ = prepared.shape
        if not count:
            return np.zeros((0, height // DOWN, width // DOWN, 2), np.float32)
        filled = np.pad(prepared, ((0, 0), (0, -height % multiple), (0, -width % multiple), (0, 0)))
        maps = np.asarray(run(as_input(filled)), dtype=np.float32)
        return np.ascontiguousarray(maps[:, : height // DOWN, : width // DOWN])

    return score


@dataclass(frozen=True)
class OnnxScorer:
    """A function from prepared pictures (n, h, w, 3), h and w multiples of 32, to maps (n, h / 2, w / 2, 2), and what its file says."""

    header: Header
    run: Callable[[F32], F32]

    def __call__(self, prepared: U8) -> F32:
        """Return the maps, one picture at a time: more take more memory and no less time."""
        height, width = (side // DOWN for side in prepared.shape[1:3])
        found: Sequence[F32] = [self.run(as_input(picture[None])) for picture in prepared]
        return np.concatenate([np.zeros((0, height, width, 2), np.float32), *found])


def onnx_scorer(path: Path, threads: int = 0) -> OnnxScorer:
    """Return the scorer of a file that `export_onnx` or `quantize` wrote, on `threads` threads of the processor, 0: one a core.

    Raises:
        SynthgenError: ONNX Runtime is not installed, or the file holds no detector.
    """
    session = open_session(path, threads, DETECTOR)
    return OnnxScorer(Header.from_notes(session.notes, str(path)), session.run)
