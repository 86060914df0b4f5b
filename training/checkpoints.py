"""Whole states of a training run, from which it goes on as if nothing had happened."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
from numpy.typing import NDArray

from synthgen.errors import SynthgenError
from synthgen.shards.storage import atomic_path

STEP = "step"
Values = Mapping[str, NDArray[np.generic]]


def save(path: Path, model: keras.Model, step: int) -> None:
    """Put weights, optimizer, averaged weights and the number of steps done at `path`, whole or not at all."""
    with atomic_path(path) as scratch, scratch.open("wb") as file:
        state = {name: np.asarray(keras.ops.convert_to_numpy(value)) for name, value in _named(model).items()}
        np.savez(file, allow_pickle=False, **{STEP: np.array(step)}, **state)


def load(path: Path, model: keras.Model) -> int:
    """Set a compiled model and its optimizer to the state at `path`; return the number of steps done.

    Raises:
        SynthgenError: the file is damaged, or of another model.
    """
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            state = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise SynthgenError(f"{path}: cannot be read as a checkpoint: {error}; begin again in another --out") from error
    variables = _named(model)
    found = {name: value.shape for name, value in state.items() if name != STEP}
    wanted = {name: tuple(value.shape) for name, value in variables.items()}
    if found != wanted:
        odd = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        raise SynthgenError(f"{path}: need a checkpoint of the same model and optimizer, {odd[0]} differs; begin again in another --out")
    for name, variable in variables.items():
        variable.assign(state[name])
    return int(state[STEP])


def averages(model: keras.Model) -> list[NDArray[np.float32]]:
    """Return the averaged weights of a model in training, in the order of its `trainable_variables`; they follow the paths that the
    optimizer gave them, as Keras has no public name for them.
    """
    return [keras.ops.convert_to_numpy(value) for value in model.optimizer._model_variables_moving_average]


def take_averages(own: keras.Model, model: keras.Model, trained: keras.Model) -> None:
    """Copy into `own` the averaged weights of `model`, built alike, and what its batch norms have measured.

    `trained` is what `fit` sees of it, which may hold it among other things.
    """
    averaged = dict(zip((value.path for value in trained.trainable_variables), averages(trained), strict=True))
    for mine, value in zip(own.variables, model.variables, strict=True):
        found = averaged.get(value.path)
        mine.assign(np.array(keras.ops.convert_to_numpy(value)) if found is None else found)  # else JAX lets both have one buffer


def synced(model: keras.Model) -> keras.Model:
    """Return `model` with its variables brought up to date: while it trains, JAX holds newer values elsewhere."""
    if sync := getattr(model, "jax_state_sync", None):
        sync()
    return model


def _named(model: keras.Model) -> dict[str, keras.Variable]:
    """Return every variable by its place, which is equal for equal models: Keras's own names count up within a process."""
    parts = {"model": model.variables, "optimizer": model.optimizer.variables}
    return {f"{part}/{n:03}": value for part, values in parts.items() for n, value in enumerate(values)}
