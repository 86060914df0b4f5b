"""ONNX files ready to be run by ONNX Runtime, which is imported only here and only when it is needed; free of Keras."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from training.model_kind import ModelKind


@dataclass(frozen=True)
class OnnxSession:
    """A network with one input and one output."""

    notes: Mapping[str, str]  # the file's metadata
    run: Callable[[F32], F32]


def open_session(path: Path, threads: int, kind: ModelKind) -> OnnxSession:
    """Return the network of an ONNX file, on `threads` threads of the processor, 0: one a core.

    Raises:
        SynthgenError: ONNX Runtime is not installed, or the file cannot be read.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise SynthgenError(f"{path}: ONNX {kind.name}s need ONNX Runtime: pip install onnxruntime") from error
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = threads
    chosen.enable_mem_pattern = False  # plans of memory for each size seen: twice the memory, and no less time
    chosen.log_severity_level = 3  # errors; its warnings are about what it optimizes
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), chosen, providers=["CPUExecutionProvider"])
    except _faults() as error:
        raise SynthgenError(f"{path}: need an ONNX file, got one that cannot be read: {error}; {kind.cure}") from error
    image = session.get_inputs()[0].name
    return OnnxSession(
        session.get_modelmeta().custom_metadata_map,
        lambda values: np.asarray(session.run(None, {image: values})[0], dtype=np.float32),
    )


def _faults() -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime raises at a file it cannot use; each is an Exception straight, and only here has it a name."""
    from onnxruntime.capi import onnxruntime_pybind11_state as its

    return OSError, its.Fail, its.InvalidArgument, its.InvalidGraph, its.InvalidProtobuf, its.NotImplemented, its.RuntimeException
