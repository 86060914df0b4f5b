"""From a reader's float32 ONNX file to one that computes its convolutions in int8."""

from pathlib import Path

from recognizer.prepare import as_input
from synthgen.arrays import U8
from training.quantize import Quantized, quantize_network

BATCH = 8  # pictures; of 32, faint pictures use too little of the ranges, of 1, the others too often exceed them
# LSTMs and dense layers stay float32, which take a tenth of the time, and so does the first convolution: it costs a tenth, and of the words
# read otherwise than in float32 it spares a third.
QUANTIZED = Quantized(kinds=("Conv", "Relu", "MaxPool"), whole=("rectifier", "conv1"))


def quantize(path_float: Path, path_int8: Path, calibration: U8) -> None:
    """Put at `path_int8` the reader of `path_float` with int8 convolutions, their ranges set by pictures, `calibration` (n, 32, width).

    Raises:
        SynthgenError: `path_float` cannot be read or is not float32, or `path_int8` cannot be written.
    """
    batches = (as_input(calibration[first : first + BATCH]) for first in range(0, len(calibration), BATCH))
    quantize_network(path_float, path_int8, batches, QUANTIZED)
