"""From a float32 ONNX file to one that computes in int8, with ONNX Runtime's tools."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path

READY = "onnx.quant.pre_process"  # a model without this note is warned of; there is nothing to fold before


@dataclass(frozen=True)
class Quantized:
    """What of a network computes in int8."""

    kinds: tuple[str, ...]  # operators: convolutions and what follows them too, or their outputs would go to float32 and back
    whole: tuple[str, ...]  # places that stay float32 nevertheless


def quantize_network(path_float: Path, path_int8: Path, batches: Iterable[F32], quantized: Quantized) -> None:
    """Put at `path_int8` the network of `path_float` in int8, its ranges set by `batches` of what it takes, at least one.

    Weights are int8, a scale for each output channel, activations uint8. Ranges are the mean of the batches' extremes rather than the
    extremes: one odd picture would coarsen all others.

    Raises:
        SynthgenError: `path_float` cannot be read or is not float32, or `path_int8` cannot be written.
    """
    model = _float_model(path_float)
    notes = {note.key: note.value for note in model.metadata_props}
    helper.set_model_props(model, {READY: "onnxruntime.quant"})
    with _without_chatter(), tempfile.TemporaryDirectory() as folder, atomic_path(path_int8) as scratch:
        found = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            found,
            Calibration(model.graph.input[0].name, batches),
            quant_format=QuantFormat.QDQ,  # as fast as operators of its own, and other runtimes know it
            op_types_to_quantize=list(quantized.kinds),
            per_channel=True,
            nodes_to_exclude=[node.name for node in model.graph.node if node.name.split("/")[0] in quantized.whole],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},
        )
        found_model = onnx.load(found)
        helper.set_model_props(found_model, notes)
        onnx.save(found_model, scratch)


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back what ONNX Runtime's tools say of single scales, in the name of the root logger, unless all is to be logged."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


class Calibration(CalibrationDataReader):
    """Batches as ONNX Runtime's tools ask for them."""

    def __init__(self, name: str, batches: Iterable[F32]) -> None:
        self._name, self._batches, self._given = name, iter(batches), 0

    def get_next(self) -> dict[str, F32] | None:
        """Return the next inputs, None after the last."""
        batch = next(self._batches, None)
        if batch is None and not self._given:
            raise ValueError("need pictures to calibrate with, got none")
        self._given += 1
        return None if batch is None else {self._name: batch}


def _float_model(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path)
    except (OSError, DecodeError) as error:
        raise SynthgenError(f"{path}: need an ONNX file, got one that cannot be read: {error}; export it again") from error
    constants = {x.name: x.data_type for x in model.graph.initializer}
    kernels = [node.input[1] for node in model.graph.node if node.op_type == "Conv"]
    if not kernels or any(constants.get(kernel) != TensorProto.FLOAT for kernel in kernels):
        raise SynthgenError(f"{path}: need float32 convolutions, got others; export it again as float32, without half or int8")
    return model
