"""The detector layer by layer, as `detector summary` prints it: channels, stride, parameters and receptive field."""

import math
from dataclasses import dataclass

import keras
from keras import layers

from training.columns import columns
from training.reach import Reach

ONE_TO_ONE = (layers.InputLayer, layers.BatchNormalization, layers.ReLU)  # an output sees one place
SIDE = 512  # px, of a picture that sizes are reckoned on; strides and fields are those on any other
HEADS = ("layer", "kind", "channels", "stride, px", "parameters", "receptive field, px")


@dataclass(frozen=True)
class LayerRow:
    """One layer of a detector; the same along height and width."""

    name: str
    kind: str
    channels: int
    count: int  # parameters
    count_untrained: int
    reach: Reach  # on a picture of SIDE px


def layer_rows(model: keras.Model) -> list[LayerRow]:
    """Return a row for each layer of a detector, or of any network of its kinds of layers, each used once."""
    rows: list[LayerRow] = []
    reached: dict[int, Reach] = {}
    for layer in model.layers:
        before = [reached[id(tensor)] for tensor in keras.tree.flatten(layer.input) if id(tensor) in reached]
        reach = reached[id(layer.output)] = _moved(layer, before or [Reach(SIDE)])
        untrained = sum(math.prod(variable.shape) for variable in layer.non_trainable_weights)
        rows.append(LayerRow(layer.name, type(layer).__name__, layer.output.shape[-1], layer.count_params(), untrained, reach))
    return rows


def _moved(layer: keras.Layer, before: list[Reach]) -> Reach:
    """Return how the outputs of a layer lie, from how those of the layers before it do."""
    reach = before[0]
    if isinstance(layer, ONE_TO_ONE):
        return reach
    if isinstance(layer, layers.Concatenate):  # the deeper of two sees all that the other sees
        return max(before, key=lambda other: other.field or 0)
    if isinstance(layer, layers.UpSampling2D) and (tuple(layer.size), layer.interpolation) == ((2, 2), "bilinear"):
        return reach.doubled()
    if isinstance(layer, layers.Conv2D):
        return reach.through((layer.kernel_size[0] - 1) * layer.dilation_rate[0] + 1, layer.strides[0], layer.padding)
    if isinstance(layer, layers.MaxPooling2D):
        return reach.through(layer.pool_size[0], layer.strides[0], layer.padding)
    raise TypeError(f"{layer.name}: need a layer whose outputs' places are known, got {type(layer).__name__}")


def summary(model: keras.Model) -> str:
    """Return the table of a detector's layers as text, and how many parameters it has and trains."""
    rows = layer_rows(model)
    total, untrained = (sum(counts) for counts in zip(*((row.count, row.count_untrained) for row in rows), strict=True))
    lines = columns([HEADS, *map(_cells, rows)], names=2)
    return "\n".join([*lines, f"{total:,} parameters, {total - untrained:,} trained, {untrained:,} not"])


def _cells(row: LayerRow) -> tuple[str, ...]:
    return row.name, row.kind, str(row.channels), str(row.reach.stride), f"{row.count:,}", str(row.reach.field)
