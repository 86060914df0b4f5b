"""A model as TensorFlow's SavedModel."""

import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import keras

from synthgen.errors import SynthgenError
from synthgen.shards.storage import make_folder
from training.model_kind import ModelKind


def write_saved_model(folder: Path, model: keras.Model, notes: Mapping[str, str], kind: ModelKind) -> None:
    """Put a model that computes in float32 at `folder`, whole or not at all; its header is `assets.extra/` and the kind's entry.

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
        model.export(scratch, verbose=False)
        extra = scratch / "assets.extra"  # TensorFlow's place for what it does not read itself
        make_folder(extra)
        (extra / kind.entry).write_text(json.dumps(dict(notes), ensure_ascii=False, indent=1), encoding="utf-8")
        scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
