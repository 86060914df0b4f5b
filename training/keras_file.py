"""The file that a model is kept in: a `.keras` file with one entry more, the header that says what it is."""

import io
import json
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import keras
import numpy as np

from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path, make_folder, scratch_path
from training.model_kind import ModelKind

WEIGHTS = "model.weights.h5"  # Keras's name
NAMED = 5  # entries of a wrong file
DAMAGE = (  # what reading bad bytes raises
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    UserWarning,  # of Keras, as it leaves a layer as it is
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def write_keras_file(path: Path, model: keras.Model, notes: Mapping[str, str], kind: ModelKind, *, half: bool) -> None:
    """Put a model that computes in float32 at `path` with its header, whole or not at all; `keras.models.load_model` reads the file too.

    With `half`, matrices are stored as float16; vectors (biases, statistics) are a thousandth of the bytes, and a variance may lie
    outside of half's range.

    Raises:
        SynthgenError: the name does not end in .keras, or the file cannot be written.
    """
    check_keras_path(path)
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as scratch:  # Keras refuses a scratch file's name
        whole = Path(folder) / path.name
        model.save(whole)
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(scratch, "w") as new:
            for name in old.namelist():
                new.writestr(name, halved(old.read(name)) if half and name == WEIGHTS else old.read(name))
            new.writestr(kind.entry, json.dumps(dict(notes), ensure_ascii=False, indent=1))


def check_keras_path(path: Path) -> None:
    """Check that a model can be put at `path`, before the work that makes it; folders that are missing are made.

    Raises:
        SynthgenError: the name does not end in .keras, or no file can be written there.
    """
    if path.suffix != ".keras":
        raise SynthgenError(f"{path}: need a name that ends in .keras, got {path.name}; Keras knows its files by that")
    make_folder(path.parent)
    with scratch_path(path) as scratch:
        scratch.touch()


def read_keras_file(path: Path, kind: ModelKind) -> tuple[dict[str, str], bytes]:
    """Return the header and the weights that `write_keras_file` put at `path`, every byte checked against the sums in the file.

    Raises:
        SynthgenError: the file cannot be read, is damaged, or holds another kind.
    """
    if path.suffix == ".onnx":
        raise SynthgenError(f"{path}: need a {kind.name}.keras here, got an ONNX file; give the one it was exported from")
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            if not {kind.entry, WEIGHTS} <= set(names):
                got = f"{', '.join(names[:NAMED])}{' and others' if len(names) > NAMED else ''}" if names else "none"
                raise SynthgenError(f"{path}: need a {kind.name}, with the entries {kind.entry} and {WEIGHTS}, got {got}; {kind.cure}")
            return dict(json.loads(file.read(kind.entry))), file.read(WEIGHTS)
    except DAMAGE as error:
        raise SynthgenError(
            f"{path}: need a whole .keras file, got one that cannot be read: {error}; copy it anew, or {kind.cure}"
        ) from error


def set_stored_weights(model: keras.Model, weights: bytes) -> None:
    """Set the variables of `model` to the stored ones, float32 whatever is stored.

    Raises:
        one of DAMAGE: they are another model's.
    """
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / WEIGHTS
        stored.write_bytes(weights)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            model.load_weights(stored)


def float32_copy(build: Callable[[], keras.Model], model: keras.Model) -> keras.Model:
    """Return what `build` builds with the weights of `model`; it computes in float32, whatever `model` was trained in."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        copy = build()
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(model.get_weights())
    return copy


def halved(weights: bytes) -> bytes:
    """Return an HDF5 file's bytes with its float32 matrices as float16."""
    out = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as old, h5py.File(out, "w") as new:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                new.create_dataset(name, data=item[()].astype(np.float16) if item.ndim > 1 and item.dtype == np.float32 else item[()])
            else:
                new.require_group(name)
            new[name].attrs.update(item.attrs)

        old.visititems(copy)
        new.attrs.update(old.attrs)
    return out.getvalue()
