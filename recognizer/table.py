"""The reader layer by layer, as `recognizer summary` prints it: output, parameters, stride and receptive field."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import keras
from keras import layers

GATES = 4  # of an LSTM, each with a bias a unit
ONE_TO_ONE = (layers.InputLayer, layers.BatchNormalization, layers.Activation, layers.Reshape, layers.Dense)  # an output sees one place
HEADS = ("layer", "kind", "output", "parameters", "cuDNN's", "stride, px", "receptive field, px")


@dataclass(frozen=True)
class Reach:
    """How the outputs of a layer lie over one side of the picture."""

    size: int  # outputs
    stride: int = 1  # px from one output to the next
    field: int | None = 1  # px that one output sees, beyond the picture's ends too; None: the whole side

    def through(self, kernel: int, stride: int, padding: Literal["valid", "same"]) -> "Reach":
        """Return the reach after a window of `kernel` was moved over it in steps of `stride`.

        Source: n_out = floor((n_in + 2p - k) / s) + 1, Dumoulin & Visin 2016, arXiv:1603.07285, relationship 6; stride and field by the
        recurrences of Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks", Distill.
        """
        padded = 0 if padding == "valid" else max((math.ceil(self.size / stride) - 1) * stride + kernel - self.size, 0)  # 2p: both ends
        seen = None if self.field is None else self.field + (kernel - 1) * self.stride
        return Reach((self.size + padded - kernel) // stride + 1, self.stride * stride, seen)


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
    lines = _columns([HEADS, *(_cells(row) for row in rows)])
    for name, total in (("Keras", sum(row.count for row in rows)), ("with cuDNN's LSTM", sum(row.count_cudnn for row in rows))):
        lines.append(f"{name}: {total:,} parameters, {total - untrained:,} trained, {untrained:,} not")
    return "\n".join(lines)


def _cells(row: LayerRow) -> tuple[str, ...]:
    stride, field = "-", "all"
    if row.place is not None:
        stride = " x ".join(str(reach.stride) for reach in row.place)
        field = "all" if row.place[0].field is None else " x ".join(str(reach.field) for reach in row.place)
    return row.name, row.kind, ", ".join(map(str, row.output)), f"{row.count:,}", f"{row.count_cudnn:,}", stride, field


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines, names to the left and figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{'<' if k < 2 else '>'}{width}}" for k, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows
    ]
