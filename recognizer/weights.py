"""A reader and the file it is kept in: a `.keras` file with one entry more, `reader.json`."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from recognizer.header import READER, Header
from recognizer.model import build_reader
from recognizer.options import ReaderOptions
from synthgen.alphabet import Alphabet
from synthgen.arrays import F32
from synthgen.errors import SynthgenError
from training.keras_file import DAMAGE, float32_copy, read_keras_file, set_stored_weights, write_keras_file

HEAD = "logits"  # the layer that knows the alphabet
CLASS_AXES = {  # of its variables whose last rows or columns are a class each
    "logits/kernel": -1,
    "logits/bias": -1,
    "logits/cell/kernel": 0,
    "logits/classes/kernel": -1,
    "logits/classes/bias": -1,
}


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

    def float32_model(self) -> keras.Model:
        """Return a model of the same weights that computes in float32, whatever the reader was trained in."""
        return float32_copy(partial(build_reader, self.options), self.model)


def save_reader(path: Path, reader: Reader, *, half: bool = False) -> None:
    """Put a reader at `path`, whole or not at all; `keras.models.load_model` reads the file too.

    It computes in float32 when loaded, whatever it was trained in. With `half`, its matrices are stored as float16.

    Raises:
        SynthgenError: the name does not end in .keras, or the file cannot be written.
    """
    write_keras_file(path, reader.float32_model(), reader.header.to_notes(), READER, half=half)


def load_reader(path: Path) -> Reader:
    """Return the reader that `save_reader` put at `path`, its variables float32 whatever is stored.

    Raises:
        SynthgenError: the file cannot be read, is damaged, or holds no reader.
    """
    notes, weights = read_keras_file(path, READER)
    header = Header.from_notes(notes, str(path))
    model = build_reader(header.options)
    try:
        set_stored_weights(model, weights)
    except DAMAGE as error:
        raise SynthgenError(f"{path}: need the weights of {header.options}, got others: {error}; {READER.cure}") from error
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
