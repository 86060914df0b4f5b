"""How the layers that only readers have are said in ONNX."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from recognizer.attention import AttentionDecoder
from recognizer.rectify import IDENTITY, PACE, Rectifier
from synthgen.arrays import F32
from training.onnx_graph import Graph
from training.onnx_layers import EMITTERS as SHARED
from training.onnx_layers import Emit, arrays, emit, emit_dense


def emit_squeeze(graph: Graph, _layer: keras.Layer, value: str) -> str:
    """`(b, c, 1, t)` -> `(b, t, c)`."""
    return graph.node("Transpose", [graph.node("Squeeze", [value, graph.integers(2)])], {"perm": [0, 2, 1]})


def emit_lstm(graph: Graph, layer: keras.Layer, value: str) -> str:
    """Both directions as one operator, `(b, t, in)` -> `(b, t, 2 * units)`."""
    sides = [arrays(side) for side in (layer.forward_layer, layer.backward_layer)]
    units = sides[0][1].shape[0]
    kernel, recurrent = (np.stack([reordered(side[n]).T for side in sides]) for n in (0, 1))  # (2, 4 * units, in or units)
    bias = np.stack([np.concatenate([reordered(side[2]), np.zeros(4 * units, np.float32)]) for side in sides])  # Keras has no second one
    x = graph.node("Transpose", [value], {"perm": [1, 0, 2]})  # ONNX Runtime has only (t, b, in)
    x = graph.node("LSTM", [x, *map(graph.constant, (kernel, recurrent, bias))], {"direction": "bidirectional", "hidden_size": units})
    x = graph.node("Transpose", [x], {"perm": [2, 0, 1, 3]})  # (t, 2, b, units) -> (b, t, 2, units)
    return graph.node("Reshape", [x, graph.integers(0, 0, 2 * units)])


def emit_rectifier(graph: Graph, layer: Rectifier, value: str) -> str:
    """`(b, 1, h, w)` -> the same, warped."""
    height, width = layer.localization.input_shape[1:3]
    theta = value
    for part in layer.localization.layers:
        theta = emit(graph, part, theta, emitters=EMITTERS)
    theta = graph.node("Mul", [theta, graph.constant(np.array(PACE, np.float32))])
    theta = graph.node("Add", [graph.node("Reshape", [theta, graph.integers(0, 2, 3)]), graph.constant(IDENTITY)])
    down, across = np.meshgrid(*((2 * np.arange(size) + 1) / size - 1 for size in (height, width)), indexing="ij")
    places = np.stack([across.ravel(), down.ravel(), np.ones(height * width)]).astype(np.float32)  # (3, h * w)
    grid = graph.node("Transpose", [graph.node("MatMul", [theta, graph.constant(places)])], {"perm": [0, 2, 1]})
    grid = graph.node("Reshape", [grid, graph.integers(0, height, width, 2)])
    return graph.node("GridSample", [value, grid], {"mode": "bilinear", "padding_mode": "border", "align_corners": 0})


def emit_attention(graph: Graph, layer: AttentionDecoder, value: str) -> str:
    """`(b, t, d)` -> `(b, t + 1, classes)`, told the likeliest classes: `AttentionDecoder` has the formulas. Inside, t comes before b."""
    sequence = graph.node("Transpose", [value], {"perm": [1, 0, 2]})  # (t, b, d)
    keys = emit_dense(graph, layer.keys, sequence)  # (t, b, a)
    query, score = (graph.constant(arrays(part)[0]) for part in (layer.query, layer.score))
    kernel, recurrent, bias = (graph.constant(x) for x in cell_arrays(layer.cell))
    classes, shift = (graph.constant(x) for x in arrays(layer.classes))
    units, depth, cold_hot = layer.cell.units, graph.integers(layer.count), graph.constant(np.array([0, 1], np.float32))

    def turn(body: Graph, carried: Sequence[str]) -> Sequence[str]:
        state, before = carried  # (1, b, u), (1, b, c)
        energies = body.node("Tanh", [body.node("Add", [body.node("MatMul", [state, query]), keys])])
        shares = body.node("Softmax", [body.node("MatMul", [energies, score])], {"axis": 0})  # (t, b, 1)
        glimpse = body.node("ReduceSum", [body.node("Mul", [shares, sequence]), body.integers(0)])  # (1, b, d)
        told = body.node("OneHot", [body.node("ArgMax", [before], {"axis": 2, "keepdims": 0}), depth, cold_hot])  # (1, b, c)
        seen = body.node("Concat", [glimpse, told], {"axis": 2})
        x = body.node("GRU", [seen, kernel, recurrent, bias, "", state], {"hidden_size": units, "linear_before_reset": 1})  # (1, 1, b, u)
        state = body.node("Squeeze", [x, body.integers(1)])
        return state, body.node("Add", [body.node("MatMul", [state, classes]), shift])

    batch, steps = (graph.node("Shape", [value], {"start": axis, "end": axis + 1}) for axis in (0, 1))
    shapes = [graph.node("Concat", [graph.integers(1), batch, graph.integers(size)], {"axis": 0}) for size in (units, layer.count)]
    turns = graph.node("Squeeze", [graph.node("Add", [steps, graph.integers(1)])])
    logits = graph.loop(turns, [graph.node("ConstantOfShape", [shape]) for shape in shapes], turn)  # (t + 1, 1, b, c)
    return graph.node("Transpose", [graph.node("Squeeze", [logits, graph.integers(1)])], {"perm": [1, 0, 2]})


def cell_arrays(cell: keras.layers.GRUCell) -> tuple[F32, F32, F32]:
    """Return kernel `(1, 3 * units, in)`, recurrent kernel `(1, 3 * units, units)` and bias `(1, 6 * units)`; ONNX's gates are Keras's."""
    kernel, recurrent, bias = arrays(cell)
    return kernel.T[None], recurrent.T[None], bias.reshape(1, -1)


def reordered(gates: F32) -> F32:
    """Return `(..., 4 * units)` with Keras's gates i, f, c, o as ONNX's i, o, f, c."""
    i, f, c, o = np.split(gates, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)


EMITTERS: dict[type[keras.Layer], Emit] = {
    **SHARED,
    layers.Reshape: emit_squeeze,
    layers.Bidirectional: emit_lstm,
    Rectifier: emit_rectifier,
    AttentionDecoder: emit_attention,
}
