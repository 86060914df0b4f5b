"""A reader for other programs: ONNX and SavedModel; both take float32 `image` (b, 32, width, 1) in [0, 1], any b, and give logits."""

import json
import secrets
import shutil
from pathlib import Path

import keras
import onnx
from onnx import TensorProto, helper

from recognizer.onnx_graph import Graph
from recognizer.onnx_layers import emit
from recognizer.prepare import HEIGHT
from recognizer.weights import HEADER, Reader, float32_copy
from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path, make_folder


def export_onnx(reader: Reader, path: Path, *, half: bool = False) -> None:
    """Put a reader at `path` as ONNX, computing in float32; with `half`, its matrices are stored as float16 and cast on loading.

    Its metadata are options, alphabet and card.

    Raises:
        SynthgenError: the file cannot be written.
    """
    graph = Graph(half=half)
    value = "image"
    for layer in reader.model.layers:  # the reader is a chain
        graph.place = layer.name
        value = emit(graph, layer, value)
    graph.rename(value, "logits")
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
    if keras.backend.backend() != "tensorflow":
        raise SynthgenError(
            f"{folder}: a SavedModel is made by the TensorFlow backend, got {keras.backend.backend()}; set KERAS_BACKEND=tensorflow"
        )
    if folder.exists():
        raise SynthgenError(f"{folder}: need a new folder, got one that exists; remove it or give another")
    make_folder(folder.parent)
    scratch = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        float32_copy(reader).export(scratch, verbose=False)
        extra = scratch / "assets.extra"  # TensorFlow's place for what it does not read itself
        make_folder(extra)
        (extra / HEADER).write_text(json.dumps(reader.header.to_notes(), ensure_ascii=False, indent=1), encoding="utf-8")
        scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
