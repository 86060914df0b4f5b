"""Keras brought up without the chatter of its backends."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthgen.errors import SynthgenError

STDERR = 2  # the file itself: native libraries do not go through sys.stderr


def start_keras() -> None:
    """Import Keras and let its backend look for devices; what native libraries say about it is shown with --verbose only.

    TensorFlow tells of oneDNN, of CUDA that it did not find and of itself on every start, whatever its log level.
    """
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        _look()
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # noqa: TID251 # TensorFlow has no other way to be told
    with _silenced():
        _look()


def start_keras_for(weights: Path) -> None:
    """Start Keras where the file needs it: an ONNX model does not."""
    if weights.suffix != ".onnx":
        start_keras()


def _look() -> None:
    try:
        import keras
    except (ImportError, ValueError) as error:  # ValueError: a backend that Keras does not know
        cure = "pip install 'synthgen[train]', and set KERAS_BACKEND to tensorflow or jax or not at all"
        raise SynthgenError(f"Keras: need it and its backend, got: {error}; {cure}") from error
    keras.distribution.list_devices("cpu")


@contextmanager
def _silenced() -> Iterator[None]:
    """Send what is written to stderr nowhere; Python's errors are raised as always."""
    sys.stderr.flush()
    kept, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nowhere)
