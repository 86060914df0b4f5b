"""Prepared pictures in, logits out, by Keras or by ONNX Runtime; Keras is imported only where it is used."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognizer.header import READER, Header
from recognizer.options import ReaderOptions
from recognizer.prepare import as_input
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, U8
from training.onnx_session import open_session

if TYPE_CHECKING:
    from recognizer.weights import Reader

KERAS_BATCH = 128  # pictures; TensorFlow and JAX share out the work of one
ONNX_BATCH = 32  # pictures; more take more memory and no less time


def keras_scorer(reader: "Reader", batch: int = KERAS_BATCH) -> Callable[[U8], F32]:
    """Return a function from prepared pictures (n, 32, width) to logits (n, steps, classes), `batch` at a time.

    The last batch is filled up with black, so that nothing is compiled anew for its size.
    """

    def score(prepared: U8) -> F32:
        found = [_no_logits(reader.options)]
        for part in _batches(prepared, batch):
            filled = np.zeros((batch, *part.shape[1:]), np.uint8)
            filled[: len(part)] = part
            found.append(np.asarray(reader.model.predict_on_batch(as_input(filled)), dtype=np.float32)[: len(part)])
        return np.concatenate(found)

    return score


@dataclass(frozen=True)
class OnnxScorer:
    """A function from prepared pictures (n, 32, width) to logits (n, steps, classes), and what the file says of itself."""

    header: Header
    run: Callable[[F32], F32]

    def __call__(self, prepared: U8) -> F32:
        """Return the logits; n may be 0."""
        # none at all never come to `run`: ONNX Runtime's LSTM ends the process over them
        return np.concatenate([_no_logits(self.options), *(self.run(as_input(part)) for part in _batches(prepared, ONNX_BATCH))])

    @property
    def options(self) -> ReaderOptions:
        """What the reader was built from."""
        return self.header.options

    @property
    def alphabet(self) -> Alphabet:
        """What its classes mean."""
        return self.header.alphabet

    @property
    def card(self) -> dict[str, object]:
        """Where it comes from."""
        return self.header.card

    @property
    def width(self) -> int:
        """Of the pictures it takes, px."""
        return self.options.width


def onnx_scorer(path: Path, threads: int = 0) -> OnnxScorer:
    """Return the scorer of a file that `export_onnx` or `quantize` wrote, on `threads` threads of the processor, 0: one a core.

    Raises:
        SynthgenError: ONNX Runtime is not installed, or the file holds no reader.
    """
    session = open_session(path, threads, READER)
    return OnnxScorer(Header.from_notes(session.notes, str(path)), session.run)


def _no_logits(options: ReaderOptions) -> F32:
    return np.zeros((0, options.positions, options.classes), np.float32)


def _batches(prepared: U8, size: int) -> Iterator[U8]:
    yield from (prepared[first : first + size] for first in range(0, len(prepared), size))
