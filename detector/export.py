"""A detector for other programs: ONNX and SavedModel; both take float32 `image` (b, h, w, 3) as `prepare.as_input` gives it, any b, h and w
in multiples of 32, and give `maps` (b, h / 2, w / 2, 2).
"""

from pathlib import Path

import keras
import onnx
from keras import ops
from onnx import TensorProto, helper

from detector.header import DETECTOR
from detector.weights import Detector
from synthgen.shards.storage import atomic_path
from training.onnx_graph import Graph
from training.onnx_layers import EMITTERS, emit_network
from training.saved_model import write_saved_model


def export_onnx(detector: Detector, path: Path, *, half: bool = False) -> None:
    """Put a detector at `path` as ONNX, computing in float32; with `half`, its kernels are stored as float16 and cast on loading.

    Norms are part of the convolutions before them. Its metadata are options and card.

    Raises:
        SynthgenError: the file cannot be written.
    """
    graph = Graph("detector", half=half)
    maps = emit_network(graph, detector.model, EMITTERS)
    graph.rename(graph.node("Transpose", [maps], {"perm": [0, 2, 3, 1]}), "maps")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["b", "h", "w", 3])
    found = helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["b", "h/2", "w/2", 2])
    model = graph.model([image], [found], detector.header.to_notes())
    with atomic_path(path) as scratch:
        onnx.save(model, scratch)


def export_saved_model(detector: Detector, folder: Path) -> None:
    """Put a detector at `folder` as TensorFlow's SavedModel; options and card are its `assets.extra/detector.json`.

    Raises:
        SynthgenError: the backend is not TensorFlow, `folder` exists, or it cannot be written.
    """
    model = detector.float32_model()
    free = keras.models.clone_model(model, clone_function=_of_any_size)
    free.set_weights(model.get_weights())
    write_saved_model(folder, free, detector.header.to_notes(), DETECTOR)


class AnySizeUpSampling(keras.layers.UpSampling2D):
    """Keras's bilinear upsampling by 2, for sizes that nobody knows yet: its own (3.15) is not traced without them."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return maps `(b, 2h, 2w, c)`: each px repeated, then smoothed by 1/4, 1/2, 1/4 each way."""
        x = ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2)
        x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
        return ops.average_pool(ops.average_pool(x, 2, strides=1), 2, strides=1)


def _of_any_size(layer: keras.layers.Layer) -> keras.layers.Layer:
    kind = AnySizeUpSampling if isinstance(layer, keras.layers.UpSampling2D) else type(layer)
    return kind.from_config(layer.get_config())
