"""How layers are said in ONNX, and networks of them: pictures go as `(b, channels, h, w)`, sequences as `(b, t, channels)`.

Written out rather than traced from a framework: the graph is the same from every backend, and its operators are as large as they can be.
"""

from collections.abc import Callable, Mapping

import keras
import numpy as np
from keras import layers

from synthgen.arrays import F32
from training.onnx_graph import Graph

Emit = Callable[..., str]  # (graph, layer, names of its inputs) -> name of its output
Emitters = Mapping[type[keras.Layer], Emit]


def emit_network(graph: Graph, model: keras.Model, emitters: Emitters) -> str:
    """Add the layers of a model whose one input is called `image`; return the name of its output.

    A norm straight after a convolution becomes part of it. Layers that share a value have it from one place.
    """
    made: dict[int, str] = {}
    norms = _norms_of_convolutions(model)
    for layer in model.layers:  # each after what it takes
        graph.place = layer.name
        taken = ["image"] if isinstance(layer, layers.InputLayer) else [made[id(x)] for x in _inputs(layer)]
        if layer.name in norms:
            value = emit_convolution(graph, layer, taken[0], norms[layer.name])
        elif layer in norms.values():
            (value,) = taken
        else:
            value = emit(graph, layer, *taken, emitters=emitters)
        made[id(layer.output)] = value
    return made[id(model.output)]


def emit(graph: Graph, layer: keras.Layer, *values: str, emitters: Emitters) -> str:
    """Add `layer`, applied to `values`; return the name of its output.

    Raises:
        ValueError: it is none of the emitters' layers.
    """
    for kind, emit_kind in emitters.items():
        if isinstance(layer, kind):
            return emit_kind(graph, layer, *values)
    raise ValueError(f"layer {layer.name}: need one of {[kind.__name__ for kind in emitters]}, got {type(layer).__name__}")


def _inputs(layer: keras.Layer) -> list[keras.KerasTensor]:
    return list(layer.input) if isinstance(layer.input, (list, tuple)) else [layer.input]


def _norms_of_convolutions(model: keras.Model) -> dict[str, keras.Layer]:
    """Return, by the name of a convolution without activation, the norm that alone takes what it gives."""
    takers: dict[int, list[keras.Layer]] = {}
    for layer in model.layers:
        for x in _inputs(layer):
            takers.setdefault(id(x), []).append(layer)
    found = {}
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D) and layer.activation is keras.activations.linear:
            match takers.get(id(layer.output), []):
                case [layers.BatchNormalization() as norm]:
                    found[layer.name] = norm
    return found


def emit_input(graph: Graph, _layer: keras.Layer, value: str) -> str:
    """`(b, h, w, c)` -> `(b, c, h, w)`."""
    return graph.node("Transpose", [value], {"perm": [0, 3, 1, 2]})


def emit_convolution(graph: Graph, layer: keras.Layer, value: str, norm: keras.Layer | None = None) -> str:
    """Kernel `(h, w, in, out)` -> `(out, in, h, w)`; with `norm` folded into it, and its activation."""
    kernel, bias = arrays(layer) if norm is None else folded(layer, norm)
    rates = list(layer.dilation_rate)
    before = [rate * (size // 2) for rate, size in zip(rates, layer.kernel_size, strict=True)]
    pads = before * 2 if layer.padding == "same" else [0] * 4  # same: ours are odd windows with strides of 1
    attributes = {"pads": pads, "dilations": rates}
    x = graph.node("Conv", [value, graph.constant(kernel.transpose(3, 2, 0, 1)), graph.constant(bias)], attributes)
    return activated(graph, x, layer)


def folded(convolution: keras.Layer, norm: keras.Layer) -> tuple[F32, F32]:
    """Return kernel and bias of a convolution that does what both do, exactly but for rounding, when they are used, not trained."""
    (kernel, bias), (scale, shift, mean, variance) = ([x.astype(np.float64) for x in arrays(layer)] for layer in (convolution, norm))
    gain = scale / np.sqrt(variance + norm.epsilon)
    return (kernel * gain).astype(np.float32), ((bias - mean) * gain + shift).astype(np.float32)


def emit_norm(graph: Graph, layer: keras.Layer, value: str) -> str:
    """As it is when used, with the moving mean and variance. Not folded into the next kernel: that one pads with zeros after the norm."""
    scale, shift, mean, variance = (graph.constant(x) for x in arrays(layer))
    return graph.node("BatchNormalization", [value, scale, shift, mean, variance], {"epsilon": float(layer.epsilon)})


def emit_relu(graph: Graph, _layer: keras.Layer, value: str) -> str:
    """The same, at least 0."""
    return graph.node("Relu", [value])


def emit_pool(graph: Graph, layer: keras.Layer, value: str) -> str:
    """Without padding an odd last row or column is dropped; padded are odd windows with strides of 1 only."""
    attributes = {"kernel_shape": list(layer.pool_size), "strides": list(layer.strides)}
    if layer.padding == "same":
        attributes["pads"] = [size // 2 for size in layer.pool_size] * 2
    return graph.node("MaxPool", [value], attributes)


def emit_upsampling(graph: Graph, layer: keras.Layer, value: str) -> str:
    """Bilinear, between pixels' centres: beyond the outermost nothing changes."""
    scales = graph.constant(np.array([1, 1, *layer.size], dtype=np.float32))
    return graph.node("Resize", [value, "", scales], {"mode": "linear", "coordinate_transformation_mode": "half_pixel"})


def emit_joint(graph: Graph, _layer: keras.Layer, *values: str) -> str:
    """Maps of one size -> all their channels."""
    return graph.node("Concat", values, {"axis": 1})


def emit_dense(graph: Graph, layer: keras.Layer, value: str) -> str:
    """`(..., in)` -> `(..., out)`, with its activation."""
    kernel, bias = (graph.constant(x) for x in arrays(layer))
    return activated(graph, graph.node("Add", [graph.node("MatMul", [value, kernel]), bias]), layer)


def emit_flat(graph: Graph, _layer: keras.Layer, value: str) -> str:
    """`(b, c, h, w)` -> `(b, h * w * c)`, Keras's order."""
    return graph.node("Flatten", [graph.node("Transpose", [value], {"perm": [0, 2, 3, 1]})])


def activated(graph: Graph, value: str, layer: keras.Layer) -> str:
    """Return `value` after the layer's activation, ReLU or none."""
    kind = {"linear": "", "relu": "Relu"}[layer.activation.__name__]
    return graph.node(kind, [value]) if kind else value


def arrays(layer: keras.Layer) -> list[F32]:
    """Return a layer's weights, float32 whatever it computes in."""
    return [np.asarray(x, dtype=np.float32) for x in layer.get_weights()]


EMITTERS: dict[type[keras.Layer], Emit] = {
    layers.InputLayer: emit_input,
    layers.Conv2D: emit_convolution,
    layers.BatchNormalization: emit_norm,
    layers.ReLU: emit_relu,
    layers.MaxPooling2D: emit_pool,
    layers.UpSampling2D: emit_upsampling,
    layers.Concatenate: emit_joint,
    layers.Dense: emit_dense,
    layers.Flatten: emit_flat,
}
