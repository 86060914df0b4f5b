"""A reader and the file it is kept in: a `.keras` file with one entry more, `reader.json`."""

import io
import json
import tempfile
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np

from recognizer.header import CURE, Header
from recognizer.model import build_reader
from recognizer.options import ReaderOptions
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path

HEADER, WEIGHTS = "reader.json", "model.weights.h5"  # the latter is Keras's name
HEAD = "logits"  # the layer that knows the alphabet
CLASS_AXES = {  # of its variables whose last rows or columns are a class each
    "logits/kernel": -1,
    "logits/bias": -1,
    "logits/cell/kernel": 0,
    "logits/classes/kernel": -1,
    "logits/classes/bias": -1,
}
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


@dataclass(frozen=True)
class Reader:
    """A model and what must be known to use it."""

    model: keras.Model
    options: ReaderOptions
    alphabet: Alphabet
    card: dict[str, object]  # where it comes from: recipe, seed, samples, scores

    @property
    def header(self) -> Header:
        """All but the model."""
        return Header(self.options, self.alphabet, self.card)


def save_reader(path: Path, reader: Reader, *, half: bool = False) -> None:
    """Put a reader at `path`, whole or not at all; `keras.models.load_model` reads the file too.

    It computes in float32 when loaded, whatever it was trained in. With `half`, matrices are stored as float16; vectors (biases,
    statistics) are a thousandth of the bytes, and a variance may lie outside of half's range.

    Raises:
        SynthgenError: the name does not end in .keras, or the file cannot be written.
    """
    if path.suffix != ".keras":
        raise SynthgenError(f"{path}: need a name that ends in .keras, got {path.name}; Keras knows its files by that")
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as scratch:  # Keras refuses a scratch file's name
        whole = Path(folder) / path.name
        float32_copy(reader).save(whole)
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(scratch, "w") as new:
            for name in old.namelist():
                new.writestr(name, halved(old.read(name)) if half and name == WEIGHTS else old.read(name))
            new.writestr(HEADER, json.dumps(reader.header.to_notes(), ensure_ascii=False, indent=1))


def load_reader(path: Path) -> Reader:
    """Return the reader that `save_reader` put at `path`, its variables float32 whatever is stored.

    Raises:
        SynthgenError: the file cannot be read, is damaged, or holds no reader.
    """
    notes, weights = _entries(path)
    header = Header.from_notes(notes, str(path))
    model = build_reader(header.options)
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / WEIGHTS
        stored.write_bytes(weights)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                model.load_weights(stored)
        except DAMAGE as error:
            raise SynthgenError(f"{path}: need the weights of {header.options}, got others: {error}; {CURE}") from error
    return Reader(model, header.options, header.alphabet, header.card)


def start_from(reader: Reader, weights: Reader) -> list[str]:
    """Copy into `reader` what it shares with `weights`; return the names of its layers that start fresh.

    The width may differ. Of another alphabet, the head takes the classes of the characters that both have, and class 0.
    """
    fresh = []
    for layer in reader.model.layers:
        given = next((x for x in weights.model.layers if x.name == layer.name and type(x) is type(layer)), None)
        if layer.weights and (given is None or not _take(layer, given, _shared_classes(reader.alphabet, weights.alphabet))):
            fresh.append(layer.name)
    return fresh


def float32_copy(reader: Reader) -> keras.Model:
    """Return a model of the same weights that computes in float32, whatever the reader was trained in."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        model = build_reader(reader.options)
    finally:
        keras.config.set_dtype_policy(policy)
    model.set_weights(reader.model.get_weights())
    return model


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


def _entries(path: Path) -> tuple[dict[str, str], bytes]:
    """Return the header's notes and the weights, every byte checked against the sums in the file."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            if not {HEADER, WEIGHTS} <= set(names):
                raise SynthgenError(f"{path}: need a reader, with the entries {HEADER} and {WEIGHTS}, got {names}; {CURE}")
            return dict(json.loads(file.read(HEADER))), file.read(WEIGHTS)
    except DAMAGE as error:
        raise SynthgenError(f"{path}: need a whole .keras file, got one that cannot be read: {error}; copy it anew, or {CURE}") from error


def _shared_classes(alphabet: Alphabet, other: Alphabet) -> list[tuple[int, int]]:
    """Return class 0 and the classes of the characters that both have, in each; counted from the end, what is not a class comes before."""
    pairs = [(0, 0), *((k, other.classes[c]) for c, k in alphabet.classes.items() if c in other.classes)]
    return [(k - len(alphabet.characters) - 1, j - len(other.characters) - 1) for k, j in pairs]


def _take(layer: keras.Layer, given: keras.Layer, shared: list[tuple[int, int]]) -> bool:
    """Copy into `layer` the weights of `given`, the head's by class; return False, and copy nothing, where they do not fit."""
    taken = [
        _by_class(new.numpy(), old.numpy(), CLASS_AXES[new.path], shared) if new.path in CLASS_AXES else old.numpy()
        for new, old in zip(layer.weights, given.weights, strict=True)
    ]
    fits = all(value.shape == array.shape for value, array in zip(layer.weights, taken, strict=True))
    if fits:
        layer.set_weights(taken)
    return fits


def _by_class(new: F32, old: F32, axis: int, shared: list[tuple[int, int]]) -> F32:
    """Return `new` with what `old` has before its classes and for the shared ones."""
    own, theirs = map(list, zip(*shared, strict=True))
    found, given = np.moveaxis(new.copy(), axis, 0), np.moveaxis(old, axis, 0)
    found[: own[0]] = given[: theirs[0]]  # class 0 is the first
    found[own] = given[theirs]
    return np.moveaxis(found, 0, axis)
