"""From a detector's float32 ONNX file to one that computes in int8."""

from collections.abc import Iterable
from pathlib import Path

from detector.prepare import as_input
from synthgen.arrays import Image
from training.quantize import Quantized, quantize_network

# Joints and upsampling too, or what goes through them would become float32 and int8 again. The first convolution stays float32: it takes
# 1/40 of the time and spares a fifth of the maps' errors; so do the last two, or the maps themselves would have steps.
QUANTIZED = Quantized(kinds=("Conv", "Relu", "MaxPool", "Concat", "Resize"), whole=("conv1_1", "conv_head4", "maps"))


def quantize(path_float: Path, path_int8: Path, pictures: Iterable[Image]) -> None:
    """Put at `path_int8` the detector of `path_float` in int8, its ranges set by pictures (h, w, 3), h and w multiples of 32.

    Raises:
        SynthgenError: `path_float` cannot be read or is not float32, or `path_int8` cannot be written.
    """
    quantize_network(path_float, path_int8, (as_input(picture[None]) for picture in pictures), QUANTIZED)
