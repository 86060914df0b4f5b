"""A reader for other programs: ONNX and SavedModel; both take float32 `image` (b, 32, width, 1) in [0, 1], any b, and give logits."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from recognizer.header import READER
from recognizer.onnx_layers import EMITTERS
from recognizer.prepare import HEIGHT
from recognizer.weights import Reader
from synthgen.shards.storage import atomic_path
from training.onnx_graph import Graph
from training.onnx_layers import emit_network
from training.saved_model import write_saved_model


def export_onnx(reader: Reader, path: Path, *, half: bool = False) -> None:
    """Put a reader at `path` as ONNX, computing in float32; with `half`, its matrices are stored as float16 and cast on loading.

    Its metadata are options, alphabet and card.

    Raises:
        SynthgenError: the file cannot be written.
    """
    graph = Graph("reader", half=half)
    graph.rename(emit_network(graph, reader.model, EMITTERS), "logits")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["b", HEIGHT, reader.options.width, 1])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", *reader.model.output_shape[1:]])
    model = graph.model([image], [logits], reader.header.to_notes())
    with atomic_path(path) as scratch:
        onnx.save(model, scratch)


def export_saved_model(reader: Reader, folder: Path) -> None:
    """Put a reader at `folder` as TensorFlow's SavedModel; options, alphabet and card are its `assets.extra/reader.json`.

    Raises:
        SynthgenError: the backend is not TensorFlow, `folder` exists, or it cannot be written.
    """
    write_saved_model(folder, reader.float32_model(), reader.header.to_notes(), READER)
