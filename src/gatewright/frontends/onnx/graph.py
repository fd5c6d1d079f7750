"""An ONNX graph that is rewritten: its nodes in order, and the element type and shape of every value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Decomposition = Callable[["Graph", Any], Sequence[str] | None]
"""What makes another computation of a node: the values that take the place of its results, or None to keep it."""


class Graph:
    """The main graph of a model with inferred shapes; new nodes stand before the one in hand."""

    def __init__(self, model: Any):
        import onnx

        self.onnx, self.model = onnx, model
        self.opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 1)
        self.element: dict[str, int] = {}
        self.shape: dict[str, tuple[int, ...]] = {}
        for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
            self.element[value.name] = value.type.tensor_type.elem_type
            dimensions = value.type.tensor_type.shape.dim
            if value.type.tensor_type.HasField("shape") and all(each.HasField("dim_value") for each in dimensions):
                self.shape[value.name] = tuple(each.dim_value for each in dimensions)
        self.initial = {tensor.name: tensor for tensor in model.graph.initializer}
        for tensor in model.graph.initializer:
            self.element[tensor.name], self.shape[tensor.name] = tensor.data_type, tuple(tensor.dims)
        self.nodes: list[Any] = []
        self._names = {*self.element, *(name for node in model.graph.node for name in (*node.input, *node.output))}
        self._count = 0

    def rewrite(self, rule: Decomposition) -> None:
        """Offer every node to a rule, in order."""
        given, self.nodes = list(self.model.graph.node), []
        renamed: dict[str, str] = {}
        kept = {value.name for value in self.model.graph.output}
        for node in given:
            for position, name in enumerate(node.input):
                node.input[position] = renamed.get(name, name)
            results = rule(self, node)
            if results is None:
                self.nodes.append(node)
                continue
            for old, new in zip(node.output, results, strict=False):
                if old in kept:
                    self.nodes.append(self.onnx.helper.make_node("Identity", [new], [old]))
                else:
                    renamed[old] = new
        del self.model.graph.node[:]
        self.model.graph.node.extend(self.nodes)

    def add(self, operation: str, *inputs: str, results: int = 1, **attributes: Any) -> Any:
        """Append a node; the name of its result, or the names of several."""
        names = [self.fresh() for _ in range(results)]
        self.nodes.append(self.onnx.helper.make_node(operation, list(inputs), names, **attributes))
        return names[0] if results == 1 else names

    def constant(self, value: Any, type_: Any = np.int64) -> str:
        """A constant array."""
        name = self.fresh()
        array = np.asarray(value, type_)
        tensor = self.onnx.numpy_helper.from_array(array, name)
        self.model.graph.initializer.append(tensor)
        self.initial[name], self.element[name], self.shape[name] = tensor, tensor.data_type, array.shape
        return name

    def like(self, name: str, value: Any) -> str:
        """A constant of the element type of a value."""
        return self.constant(value, self.onnx.helper.tensor_dtype_to_np_dtype(self.element[name]))

    def cast(self, name: str, type_: int) -> str:
        """A value in another element type."""
        new = self.add("Cast", name, to=type_)
        self.element[new] = type_
        return new

    def known(self, name: str) -> np.ndarray | None:
        """The elements of a value that is an initializer or the result of a Constant; None for any other."""
        if name in self.initial:
            return self.onnx.numpy_helper.to_array(self.initial[name])
        for node in self.nodes:
            if name in node.output and node.op_type == "Constant":
                value = attributes_of(self.onnx, node)
                tensor = value.get("value")
                return self.onnx.numpy_helper.to_array(tensor) if tensor is not None else np.asarray(
                    next(iter(value.values())))  # fmt: skip
        return None

    def is_float(self, name: str) -> bool:
        """Whether a value consists of floating-point numbers."""
        types = self.onnx.TensorProto
        return self.element.get(name) in (types.FLOAT, types.FLOAT16, types.BFLOAT16, types.DOUBLE)

    def fresh(self) -> str:
        """A name that no value has."""
        while f"gatewright_{self._count}" in self._names:
            self._count += 1
        self._names.add(f"gatewright_{self._count}")
        return f"gatewright_{self._count}"


def attributes_of(onnx: Any, node: Any) -> dict[str, Any]:
    """The attributes of a node by name; texts as `str`."""
    values = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}
