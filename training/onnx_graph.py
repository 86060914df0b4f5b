"""An ONNX graph put together node by node; knows neither Keras nor what is put together."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17  # the least with all that is used here, so that old runtimes load the file
IR = 8  # what opset 17 came with

Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str]


class Graph:
    """Nodes and constants in the order of their making; each value is known by the name that its maker returns.

    With `half`, float32 matrices are stored as float16 and cast when the file is loaded: half the bytes, computed in float32. Vectors
    (biases, statistics) stay whole: they are a thousandth of the bytes, and a variance may lie outside of half's range.
    """

    def __init__(self, name: str, *, half: bool = False) -> None:
        self.name, self.half = name, half
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.place = name  # what the next nodes are part of; their names start with it
        self._number = count()

    def constant(self, values: NDArray[np.generic]) -> str:
        """Return the name of a new constant."""
        halved = self.half and values.ndim > 1 and values.dtype == np.float32
        name = self._name("constant")
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values.astype(np.float16) if halved else values), name))
        return self.node("Cast", [name], {"to": TensorProto.FLOAT}) if halved else name

    def node(self, kind: str, inputs: Sequence[str], attributes: Mapping[str, Attribute] | None = None) -> str:
        """Return the name of the first output of a new node of the operator `kind`; an input named "" is left out."""
        name = self._name(kind)
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **(attributes or {})))
        return name

    def integers(self, *values: int) -> str:
        """Return the name of a new int64 constant, a vector."""
        return self.constant(np.array(values, dtype=np.int64))

    def loop(self, turns: str, start: Sequence[str], turn: Callable[["Graph", Sequence[str]], Sequence[str]]) -> str:
        """Return the name of the last carried value after each turn, stacked: `(turns, *its shape)`, float32; `turns` names an int64.

        `turn` is given the body and the values carried into it, first those of `start`, and returns as many. Its weights are to be made
        before, or each turn would cast them.
        """
        body = Graph(self.name, half=self.half)
        body.constants, body.place, body._number = self.constants, self.place, self._number  # it sees the outer values
        carried = [self._name("carried") for _ in start]
        scalars = [helper.make_tensor_value_info(self._name("turn"), kind, []) for kind in (TensorProto.INT64, TensorProto.BOOL)]
        found = turn(body, carried)
        outputs = [helper.make_tensor_value_info(body.node("Identity", [scalars[1].name]), TensorProto.BOOL, [])]  # go on
        outputs += [_floats(name) for name in (*found, body.node("Identity", [found[-1]]))]
        inner = helper.make_graph(body.nodes, "turn", [*scalars, *map(_floats, carried)], outputs)
        names = [self._name("loop") for _ in (*start, "stacked")]
        self.nodes.append(helper.make_node("Loop", [turns, "", *start], names, name=names[-1], body=inner))
        return names[-1]

    def rename(self, value: str, name: str) -> None:
        """Give the value that the last node made the name that users know it by."""
        if self.nodes[-1].output[0] != value:
            raise ValueError(f"need the value of the last node, {self.nodes[-1].output[0]}, got {value}")
        self.nodes[-1].output[0] = name

    def model(
        self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto], notes: Mapping[str, str]
    ) -> onnx.ModelProto:
        """Return the checked model, with `notes` as its metadata."""
        graph = helper.make_graph(self.nodes, self.name, list(inputs), list(outputs), self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="synthgen")
        helper.set_model_props(model, dict(notes))
        onnx.checker.check_model(model, full_check=True)
        return model

    def _name(self, kind: str) -> str:
        return f"{self.place}/{kind.lower()}{next(self._number)}"


def _floats(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)  # of any shape
