"""From a float32 ONNX file to one that computes its convolutions in int8, with ONNX Runtime's tools."""

import tempfile
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from recognizer.prepare import as_input
from synthgen.arrays import U8
from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path

BATCH = 8  # pictures; of 32, faint pictures use too little of the ranges, of 1, the others too often exceed them
WHOLE = ("rectifier", "conv1")  # places that stay float32: little work, and all that follows depends on it
READY = "onnx.quant.pre_process"  # a model without this note is warned of; there is nothing to fold before


def quantize(path_float: Path, path_int8: Path, calibration: U8) -> None:
    """Put at `path_int8` the reader of `path_float` with int8 convolutions, their ranges set by pictures, `calibration` (n, 32, width).

    Weights are int8, a scale for each output channel, activations uint8. LSTMs and dense layers stay float32, which take a tenth of the
    time, and so does the first convolution: it costs a tenth, and of the words read otherwise than in float32 it spares a third.
    Ranges are the mean of small batches' extremes rather than the extremes: one odd picture would coarsen all others.

    Raises:
        SynthgenError: `path_float` cannot be read or is not float32, or `path_int8` cannot be written.
    """
    model = _float_model(path_float)
    notes = {note.key: note.value for note in model.metadata_props}
    helper.set_model_props(model, {READY: "onnxruntime.quant"})
    with tempfile.TemporaryDirectory() as folder, atomic_path(path_int8) as scratch:
        found = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            found,
            Calibration(calibration),
            quant_format=QuantFormat.QDQ,  # as fast as operators of its own, and other runtimes know it
            op_types_to_quantize=["Conv", "Relu", "MaxPool"],  # what follows a convolution too, or its output would go to float32 and back
            per_channel=True,
            nodes_to_exclude=[node.name for node in model.graph.node if node.name.split("/")[0] in WHOLE],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},
        )
        quantized = onnx.load(found)
        helper.set_model_props(quantized, notes)
        onnx.save(quantized, scratch)


class Calibration(CalibrationDataReader):
    """Batches of prepared pictures (n, 32, width), n > 0, as ONNX Runtime's tools ask for them."""

    def __init__(self, prepared: U8) -> None:
        if not len(prepared):
            raise ValueError("need pictures to calibrate with, got none")
        self._batches = iter([prepared[first : first + BATCH] for first in range(0, len(prepared), BATCH)])

    def get_next(self) -> dict[str, object] | None:
        """Return the next inputs, None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"image": as_input(batch)}


def _float_model(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path)
    except (OSError, DecodeError) as error:
        raise SynthgenError(f"{path}: need an ONNX file, got one that cannot be read: {error}; export the reader again") from error
    constants = {x.name: x.data_type for x in model.graph.initializer}
    kernels = [node.input[1] for node in model.graph.node if node.op_type == "Conv"]
    if not kernels or any(constants.get(kernel) != TensorProto.FLOAT for kernel in kernels):
        raise SynthgenError(f"{path}: need float32 convolutions, got others; export the reader as float32, without half or int8")
    return model
