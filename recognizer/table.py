"""The reader layer by layer, as `recognizer summary` prints it: output, parameters, stride and receptive field."""

import math
from dataclasses import dataclass, replace

import keras
from keras import layers

from training.columns import columns
from training.reach import Reach

GATES = 4  # of an LSTM, each with a bias a unit
ONE_TO_ONE = (layers.InputLayer, layers.BatchNormalization, layers.Activation, layers.Reshape, layers.Dense)  # an output sees one place
HEADS = ("layer", "kind", "output", "parameters", "cuDNN's", "stride, px", "receptive field, px")


Place = tuple[Reach, Reach]  # along height and width


@dataclass(frozen=True)
class LayerRow:
    """One layer of a model."""

    name: str
    kind: str
    output: tuple[int, ...]  # without the batch
    count: int  # parameters as Keras has them
    count_cudnn: int  # with the second bias vector of cuDNN's LSTM, as the talk has them
    count_untrained: int
    place: Place | None  # None: its outputs have no place in the picture


def layer_rows(model: keras.Model) -> list[LayerRow]:
    """Return a row for each layer of a reader: a chain from its picture, `(b, height, width, channels)`, to its logits.

    After a rectifier, strides are those of the rectified picture.
    """
    rows: list[LayerRow] = []
    height, width = model.inputs[0].shape[1:3]
    place: Place | None = (Reach(height), Reach(width))
    before = tuple(model.inputs[0].shape[1:])
    for layer in model.layers:
        output, count = tuple(layer.output.shape[1:]), layer.count_params()
        place = _moved(layer, place, keeps_shape=output == before)
        untrained = sum(math.prod(variable.shape) for variable in layer.non_trainable_weights)
        rows.append(LayerRow(layer.name, type(layer).__name__, output, count, count + _second_biases(layer), untrained, place))
        before = output
    return rows


def _moved(layer: keras.Layer, place: Place | None, *, keeps_shape: bool) -> Place | None:
    """Return where the outputs of a layer lie."""
    if place is None or isinstance(layer, ONE_TO_ONE):
        return place
    if isinstance(layer, layers.Conv2D | layers.MaxPooling2D):
        kernel = layer.kernel_size if isinstance(layer, layers.Conv2D) else layer.pool_size
        down, across = (
            reach.through(*window, layer.padding) for reach, window in zip(place, zip(kernel, layer.strides, strict=True), strict=True)
        )
        return down, across
    if isinstance(layer, layers.Bidirectional) or keeps_shape:  # a rectifier's outputs lie in order too, and depend on all of the picture
        return replace(place[0], field=None), replace(place[1], field=None)
    return None


def _second_biases(layer: keras.Layer) -> int:
    """Return the parameters of the second bias vector that cuDNN's LSTM has and Keras's has not: the sum of both does the same."""
    halves = (layer.forward_layer, layer.backward_layer) if isinstance(layer, layers.Bidirectional) else (layer,)
    return sum(GATES * half.units for half in halves if isinstance(half, layers.LSTM))


def summary(model: keras.Model) -> str:
    """Return the table of a reader's layers as text, and how many parameters it has and trains, as Keras and as the talk count them."""
    rows = layer_rows(model)
    untrained = sum(row.count_untrained for row in rows)
    lines = columns([HEADS, *(_cells(row) for row in rows)], names=2)
    for name, total in (("Keras", sum(row.count for row in rows)), ("with cuDNN's LSTM", sum(row.count_cudnn for row in rows))):
        lines.append(f"{name}: {total:,} parameters, {total - untrained:,} trained, {untrained:,} not")
    return "\n".join(lines)


def _cells(row: LayerRow) -> tuple[str, ...]:
    stride, field = "-", "all"
    if row.place is not None:
        stride = " x ".join(str(reach.stride) for reach in row.place)
        field = "all" if row.place[0].field is None else " x ".join(str(reach.field) for reach in row.place)
    return row.name, row.kind, ", ".join(map(str, row.output)), f"{row.count:,}", f"{row.count_cudnn:,}", stride, field
