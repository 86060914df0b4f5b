"""Detectors by file, whatever it holds."""

from pathlib import Path

from detector.finder import Scorer, WordFinder
from detector.scorer import keras_scorer, onnx_scorer
from detector.sizes import ENLARGED, LONGEST
from detector.thresholds import Thresholds
from synthgen.errors import SynthgenError


def open_finder(path: Path, thresholds: Thresholds, longest: int = LONGEST, enlarged: float = ENLARGED) -> WordFinder:
    """Return what finds words with the detector of a `.keras` or `.onnx` file; sizes as in `fitted`.

    Raises:
        SynthgenError: the file holds no detector.
    """
    return WordFinder(open_scorer(path), thresholds, longest, enlarged)


def open_scorer(path: Path, threads: int = 0) -> Scorer:
    """Return what makes maps with the detector of a `.keras` or `.onnx` file, the latter on `threads` threads, 0: one a core.

    Raises:
        SynthgenError: the file holds no detector.
    """
    if not path.is_file():
        raise SynthgenError(f"{path}: need a detector, found no file; train one, or leave --weights out for the one that comes along")
    if path.suffix == ".onnx":
        return onnx_scorer(path, threads)
    from detector.weights import load_detector  # the first to need Keras

    return keras_scorer(load_detector(path))
