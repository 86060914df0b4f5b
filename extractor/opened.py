"""Extractors by the files of their weights."""

import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from detector.finder import Scorer
from detector.opened import open_scorer
from extractor.craft import craft_onnx
from extractor.options import Options
from extractor.page import Page
from extractor.reading import Extractor
from extractor.turns import Reader
from recognizer.decoding import Decoding
from recognizer.opened import open_reader
from recognizer.reading import read_images
from synthgen.arrays import Image
from synthgen.errors import SynthgenError
from training.startup import start_keras_for

ROOT = Path(__file__).parent.parent
DETECTOR, READER = ROOT / "detector" / "data" / "detector.onnx", ROOT / "recognizer" / "data" / "reader.onnx"  # int8
PUBLIC = ".pth"
P = ParamSpec("P")
T = TypeVar("T")

_opening = threading.Lock()


def open_extractor(detector: Path | None = None, reader: Path | None = None, options: Options | None = None) -> Extractor:
    """Return an extractor with the weights of files, None: those that come along; `options` None: the usual ones.

    The detector's may be .onnx, .keras (which needs Keras) or the public .pth of CRAFT; the reader's .onnx or .keras. ONNX needs no Keras.

    Raises:
        SynthgenError: a file is not there or holds something else, or what it needs is not installed.
    """
    options = options or Options()
    return Extractor(_scorer(detector or DETECTOR, options.threads), _reader(reader or READER, options.threads), options)


def extract(image: Image) -> Page:
    """Return what stands on an upright photo `(h, w, 3)`, RGB, by the weights that come along, which are opened once.

    Raises:
        SynthgenError: ONNX Runtime is not installed.
        ValueError: it is no such photo.
    """
    with _opening:  # or two threads that come first would both open them
        found = _usual()
    return found.extract(image)


@cache
def _usual() -> Extractor:
    return open_extractor()


def _scorer(path: Path, threads: int) -> Scorer:
    _check(path, "--detector", "a detector")
    path = craft_onnx(path) if path.suffix == PUBLIC else path
    start_keras_for(path)
    scorer = open_scorer(path, threads)
    return scorer if path.suffix == ".onnx" else _one_at_a_time(scorer)


def _reader(path: Path, threads: int) -> Reader:
    _check(path, "--reader", "a reader")
    start_keras_for(path)
    opened = open_reader(path, Decoding(), threads)
    read: Reader = partial(read_images, opened.words, ready=opened.options.prepared)
    return read if path.suffix == ".onnx" else _one_at_a_time(read)


def _check(path: Path, option: str, what: str) -> None:
    if not path.is_file():
        raise SynthgenError(
            f"{option} {path}: need {what}, found no file; mend the name, or leave {option} out for the one that comes along"
        )


def _one_at_a_time(run: Callable[P, T]) -> Callable[P, T]:
    """Return `run` for threads to share: Keras does not say whether they may."""
    running = threading.Lock()

    def locked(*args: P.args, **kwargs: P.kwargs) -> T:
        with running:
            return run(*args, **kwargs)

    return locked
