"""Networks in ONNX give what Keras gives, norms folded where they may be."""

import keras
import numpy as np
import onnx
import pytest
from keras import layers
from onnx import TensorProto, helper

from synthgen.arrays import F32
from training.onnx_graph import Graph
from training.onnx_layers import EMITTERS, arrays, emit, emit_network, folded

NEAR = 1e-5


def shaken(model: keras.Model) -> keras.Model:
    """Return `model` with vectors far from where they start."""
    chance = np.random.default_rng(1)
    model.set_weights([value.numpy() if len(value.shape) > 1 else chance.uniform(0.5, 1.5, value.shape) for value in model.weights])
    return model


def network() -> keras.Model:
    """Return a graph, no chain: norms that may be folded (1, 2), after an activation (3), of a value taken twice (4) and after none (5)."""
    image = keras.Input((None, None, 2))
    x = layers.BatchNormalization(name="norm1")(layers.Conv2D(4, 3, padding="same", name="conv1")(image))
    skip = x = layers.ReLU()(x)
    x = layers.MaxPooling2D(3, strides=1, padding="same")(layers.MaxPooling2D(2)(x))
    x = layers.Conv2D(6, 3, padding="same", dilation_rate=3, name="conv2")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.BatchNormalization(name="norm2")(x))
    x = layers.Concatenate()([x, skip])
    x = layers.BatchNormalization(name="norm3")(layers.Conv2D(4, 1, activation="relu", name="conv3")(x))
    x = layers.Conv2D(3, 1, name="conv4")(x)
    x = layers.Concatenate()([layers.BatchNormalization(name="norm4")(x), x, layers.BatchNormalization(name="norm5")(skip)])
    return shaken(keras.Model(image, x))


def exported(model: keras.Model) -> onnx.ModelProto:
    graph = Graph("network")
    graph.rename(graph.node("Transpose", [emit_network(graph, model, EMITTERS)], {"perm": [0, 2, 3, 1]}), "found")
    sizes = ["b", "h", "w"]
    return graph.model(
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [*sizes, 2])],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [*sizes, model.output_shape[-1]])],
        {},
    )


def found_by_onnx(model: onnx.ModelProto, image: F32) -> F32:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": image})[0], dtype=np.float32)


def test_a_network_that_is_no_chain_gives_what_keras_gives_and_norms_are_folded_where_they_may_be() -> None:
    model = network()
    made = exported(model)
    for size in ((2, 8, 12), (1, 14, 6)):
        image = np.random.default_rng(2).standard_normal((*size, 2), dtype=np.float32)
        assert np.abs(found_by_onnx(made, image) - np.asarray(model(image))).max() <= NEAR
    norms = [node.name.split("/")[0] for node in made.graph.node if node.op_type == "BatchNormalization"]
    assert sorted(norms) == ["norm3", "norm4", "norm5"]


def test_a_folded_norm_is_the_convolution_and_the_norm_but_for_rounding() -> None:
    model = network()
    convolution, norm = model.get_layer("conv1"), model.get_layer("norm1")
    (kernel, bias), (scale, shift, mean, variance) = ([np.float64(1) * x for x in arrays(layer)] for layer in (convolution, norm))
    patch = np.random.default_rng(3).standard_normal((5, 3, 3, 2))
    expected = (np.einsum("nhwi,hwio->no", patch, kernel) + bias - mean) / np.sqrt(variance + norm.epsilon) * scale + shift
    new_kernel, new_bias = folded(convolution, norm)
    assert np.allclose(np.einsum("nhwi,hwio->no", patch, new_kernel) + new_bias, expected, rtol=0, atol=1e-6)


def test_a_layer_that_no_emitter_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layer odd: need one of \['InputLayer', .*\], got Softmax"):
        emit(Graph("x"), keras.layers.Softmax(name="odd"), "image", emitters=EMITTERS)


def test_only_what_was_made_last_is_renamed() -> None:
    graph = Graph("x")
    first = graph.node("Relu", ["x"])
    last = graph.node("Relu", [first])
    with pytest.raises(ValueError, match=f"need the value of the last node, {last}, got {first}"):
        graph.rename(first, "y")
