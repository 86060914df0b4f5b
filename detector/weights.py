"""A detector and the file it is kept in: a `.keras` file with one entry more, `detector.json`."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras

from detector.header import DETECTOR, Header
from detector.model import build_detector
from detector.options import DetectorOptions
from synthgen.errors import SynthgenError
from training.keras_file import DAMAGE, float32_copy, read_keras_file, set_stored_weights, write_keras_file


@dataclass(frozen=True)
class Detector:
    """A model and what must be known to use it."""

    model: keras.Model
    options: DetectorOptions
    card: dict[str, object]  # where it comes from: recipe, seed, samples, scores

    @property
    def header(self) -> Header:
        """All but the model."""
        return Header(self.options, self.card)

    def float32_model(self) -> keras.Model:
        """Return a model of the same weights that computes in float32, whatever the detector was trained in."""
        return float32_copy(partial(build_detector, self.options), self.model)


def save_detector(path: Path, detector: Detector, *, half: bool = False) -> None:
    """Put a detector at `path`, whole or not at all; `keras.models.load_model` reads the file too.

    It computes in float32 when loaded, whatever it was trained in. With `half`, its kernels are stored as float16.

    Raises:
        SynthgenError: the name does not end in .keras, or the file cannot be written.
    """
    write_keras_file(path, detector.float32_model(), detector.header.to_notes(), DETECTOR, half=half)


def load_detector(path: Path) -> Detector:
    """Return the detector that `save_detector` put at `path`, its variables float32 whatever is stored.

    Raises:
        SynthgenError: the file cannot be read, is damaged, or holds no detector.
    """
    notes, weights = read_keras_file(path, DETECTOR)
    header = Header.from_notes(notes, str(path))
    model = build_detector(header.options)
    try:
        set_stored_weights(model, weights)
    except DAMAGE as error:
        raise SynthgenError(f"{path}: need the weights of {header.options}, got others: {error}; {DETECTOR.cure}") from error
    return Detector(model, header.options, header.card)


def start_from(detector: Detector, weights: Detector) -> list[str]:
    """Copy into `detector` the layers that `weights` has too; return the names of those that start fresh.

    Raises:
        SynthgenError: they are of different width.
    """
    wanted, got = detector.options.slim, weights.options.slim
    if wanted != got:
        raise SynthgenError(
            f"--init: need weights of --slim {wanted}, got weights of --slim {got}; train with --slim {got}, or start from others"
        )
    given = {layer.name: layer for layer in weights.model.layers}
    for layer in detector.model.layers:
        if layer.name in given:
            layer.set_weights(given[layer.name].get_weights())
    return [layer.name for layer in detector.model.layers if layer.weights and layer.name not in given]
