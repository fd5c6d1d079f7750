"""Unsigned integers of ONNX models, computed in a signed type that holds them.

torch-mlir loses the sign of an integer type when it lowers to linalg, and reads no 16, 32 or 64-bit unsigned tensors.
Here a model is rewritten in terms of ONNX itself: every unsigned tensor becomes one of a wider signed type, what may
leave the range of the unsigned type is brought back to it. The ports get their own width back when the model is
linalg::

    Add(x: uint8, y: uint8)  ->  Mod(Add(x: int32, y: int32), 256)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, FunctionType, IntegerType, TensorType
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap

from gatewright.errors import UnsupportedError
from gatewright.frontends.onnx.graph import Graph, attributes_of

_WITHIN = frozenset(
    "Identity Reshape Flatten Transpose Squeeze Unsqueeze Concat Split Slice Gather GatherElements GatherND Expand "
    "Tile Pad Where Compress DepthToSpace SpaceToDepth ScatterElements ScatterND Scatter Upsample Resize Max Min Clip "
    "Relu MaxPool GlobalMaxPool ReduceMax ReduceMin ReduceMean Mean Div Mod Abs Sign BitwiseAnd BitwiseOr BitwiseXor "
    "TopK OneHot Trilu ReverseSequence Dropout".split()
)
"""Operations whose result lies in the range of their operands."""

_NO_WIDER_TYPE = frozenset(
    "Identity Reshape Flatten Transpose Squeeze Unsqueeze Concat Split Slice Gather GatherElements GatherND Expand "
    "Tile Where Add Sub Mul Sum BitwiseAnd BitwiseOr BitwiseXor BitwiseNot Equal Not Constant ConstantOfShape".split()
)
"""What can be computed on the bits of uint64 in int64."""


def store_as_signed(model: Any) -> dict[str, str]:
    """Rewrite a model with inferred shapes in place; the ports that are unsigned, with their types as `gw` prints them.

    Raises UnsupportedError for arithmetic of uint64, which no wider type holds.
    """
    import onnx

    types = onnx.TensorProto
    unsigned: dict[int, int] = {types.UINT8: 8, types.UINT16: 16, types.UINT32: 32, types.UINT64: 64}
    graph = Graph(model)
    if not any(element in unsigned for element in graph.element.values()):
        return {}
    return _ModelRewriter(graph, unsigned).run()


class _ModelRewriter:
    """One model on its way to signed integers."""

    def __init__(self, graph: Graph, unsigned: dict[int, int]):
        self.graph, self.unsigned = graph, unsigned
        types = graph.onnx.TensorProto
        self.wide = {8: types.INT32, 16: types.INT32, 32: types.INT64, 64: types.INT64}
        self.ports: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        """Rewrite all nodes and ports."""
        graph, model = self.graph, self.graph.model.graph
        self.bits = {
            name: self.unsigned[element] for name, element in graph.element.items() if element in self.unsigned
        }
        for given in model.initializer:
            if given.name in self.bits:
                values = graph.onnx.numpy_helper.to_array(given).astype(self._wide_dtype(given.name))
                given.CopyFrom(graph.onnx.numpy_helper.from_array(values, given.name))
        for value in (*model.input, *model.output):
            if value.name in self.bits and value.name not in graph.initial:
                self._widen_port(value)
        self._rewrite_nodes({value.name for value in model.output})
        del model.node[:]
        model.node.extend(graph.nodes)
        del model.value_info[:]
        return self.ports

    def _wide_dtype(self, name: str) -> Any:
        return np.int32 if self.bits[name] <= 16 else np.int64

    def _widen_port(self, value: Any) -> None:
        """Give an input or output the type that its numbers are computed in."""
        bits = self.bits[value.name]
        self.ports[value.name] = f"u{bits}"
        value.type.tensor_type.elem_type = self.wide[bits]

    def _wrap(self, name: str, bits: int) -> str:
        """The number in the range of an unsigned type that is congruent to one of the wider type."""
        modulus = self.graph.constant(1 << bits, np.int64 if bits == 32 else np.int32)
        return self.graph.add("Mod", name, modulus)

    def _rewrite_nodes(self, results: set[str]) -> None:
        graph, names = self.graph, {}
        for node in list(graph.model.graph.node):
            touched = [name for name in (*node.input, *node.output) if name in self.bits]
            inputs = [names.get(name, name) for name in node.input]
            if not touched:
                node.input[:] = inputs
                graph.nodes.append(node)
                continue
            self._check(node, touched)
            outputs = list(node.output)
            found = self._special(node, inputs)
            if found is None:
                found = self._widened(node, names)
            for old, new in zip(outputs, found, strict=True):
                if old in results:
                    graph.nodes.append(graph.onnx.helper.make_node("Identity", [new], [old]))
                names[old] = new

    def _widened(self, node: Any, names: dict[str, str]) -> list[str]:
        """An operation in the wider type; the names of its results, within the range of the unsigned type."""
        outputs = list(node.output)
        for position, name in enumerate(node.input):
            node.input[position] = names.get(name, name)
        for position in range(len(outputs)):
            node.output[position] = self.graph.fresh()
        self._retype(node)
        self.graph.nodes.append(node)
        leaves = node.op_type not in _WITHIN | {"Constant"}
        return [
            self._wrap(new, self.bits[old]) if leaves and self.bits.get(old, 64) < 64 else new
            for old, new in zip(outputs, node.output, strict=True)
        ]

    def _check(self, node: Any, touched: Sequence[str]) -> None:
        if any(self.bits[name] == 64 for name in touched) and node.op_type not in _NO_WIDER_TYPE | {"Cast"}:
            raise UnsupportedError(
                f"the ONNX operation {node.op_type} of uint64 ({node.output[0]}) is not supported",
                why="it is computed in a wider signed type, and there is none",
                remedy="use uint32 or int64",
            )

    def _retype(self, node: Any) -> None:
        """Tell an operation that makes numbers of a type, or constants, the wider type."""
        for each in node.attribute:
            if each.name in ("to", "dtype", "output_datatype") and each.i in self.unsigned:
                each.i = self.wide[self.unsigned[each.i]]
            if each.name == "value" and each.t.data_type in self.unsigned:
                wide = np.int32 if self.unsigned[each.t.data_type] <= 16 else np.int64
                values = self.graph.onnx.numpy_helper.to_array(each.t).astype(wide)
                each.t.CopyFrom(self.graph.onnx.numpy_helper.from_array(values))

    def _special(self, node: Any, inputs: list[str]) -> list[str] | None:
        """What takes the place of an operation that the wider type would not do for."""
        rule = {
            "BitwiseNot": self._complement,
            "QuantizeLinear": self._quantize,
            "DequantizeLinear": self._dequantize,
            "MatMulInteger": self._integers,
            "ConvInteger": self._integers,
            "Cast": self._cast,
        }.get(node.op_type)
        return rule(node, inputs) if rule is not None else None

    def _cast(self, node: Any, inputs: list[str]) -> list[str] | None:
        source, into = node.input[0], attributes_of(self.graph.onnx, node)["to"]
        if self.graph.is_float(source) and into in self.unsigned:
            bits = self.unsigned[into]
            if bits == 64:
                self._check(_Named("Cast from floats", node.output), [node.output[0]])
            through = self.graph.cast(inputs[0], self.wide[bits])
            return [self._wrap(through, bits)]
        if self.graph.is_float(node.output[0]) and self.bits.get(node.input[0]) == 64:
            self._check(_Named("Cast to floats", node.output), [node.input[0]])
        return None

    def _complement(self, node: Any, inputs: list[str]) -> list[str]:
        bits = self.bits[node.output[0]]
        if bits == 64:
            most, type_ = -1, np.int64
        else:
            most, type_ = (1 << bits) - 1, self._wide_dtype(node.output[0])
        return [self.graph.add("Sub", self.graph.constant(most, type_), inputs[0])]

    def _quantize(self, node: Any, inputs: list[str]) -> list[str] | None:
        """Rounded quotients by the scale, from the zero point on, within the range of the type."""
        x, scale, *zero = inputs
        output = node.output[0]
        if output not in self.bits or self.bits[output] > 16:
            return None
        axis = attributes_of(self.graph.onnx, node).get("axis", 1)
        scale = self._along(scale, x, axis)
        steps = self.graph.add("Round", self.graph.add("Div", x, scale))
        if zero and zero[0]:
            steps = self.graph.add("Add", steps, self.graph.cast(self._along(zero[0], x, axis), self.graph.element[x]))
        low, high = self.graph.like(x, 0), self.graph.like(x, (1 << self.bits[output]) - 1)
        return [self.graph.cast(self.graph.add("Clip", steps, low, high), self.wide[self.bits[output]])]

    def _dequantize(self, node: Any, inputs: list[str]) -> list[str] | None:
        """The distance from the zero point times the scale."""
        x, scale, *zero = inputs
        axis = attributes_of(self.graph.onnx, node).get("axis", 1)
        shaped = _shape_of(self.graph, node)
        if zero and zero[0]:
            x = self.graph.add("Sub", x, self._along(zero[0], shaped, axis))
        real = self.graph.cast(x, self.graph.element[node.output[0]])
        return [self.graph.add("Mul", real, self._along(scale, shaped, axis))]

    def _along(self, name: str, like: str, axis: int) -> str:
        """Numbers of one axis, with axes of one element behind them."""
        shape, whole = self.graph.shape.get(name, ()), self.graph.shape.get(like, ())
        if len(shape) != 1 or shape[0] == 1 and len(whole) != 1:
            return (
                name
                if not shape or len(shape) > 1
                else self.graph.add("Reshape", name, self.graph.constant([], np.int64))
            )
        behind = len(whole) - 1 - axis % len(whole)
        if behind == 0:
            return name
        new = self.graph.add("Reshape", name, self.graph.constant([shape[0], *[1] * behind]))
        self.graph.element[new] = self.graph.element.get(name, 0)
        return new

    def _integers(self, node: Any, inputs: list[str]) -> list[str]:
        """A product of matrices or a convolution of the distances from the zero points, in 32 bits."""
        given = inputs
        int32 = self.graph.onnx.TensorProto.INT32
        sides = []
        for position in (0, 1):
            side = self.graph.cast(given[position], int32)
            zero = given[position + 2] if len(given) > position + 2 else ""
            if zero:
                zero = self.graph.cast(zero, int32)
                shape = self.graph.shape.get(node.input[position + 2], ())
                if len(shape) == 1 and shape[0] > 1:  # one for each row of the left side, or filter
                    rank = 4 if node.op_type == "ConvInteger" else 2
                    if rank == 4 or position == 0:
                        zero = self.graph.add("Reshape", zero, self.graph.constant([shape[0], *[1] * (rank - 1)]))
                elif shape:
                    zero = self.graph.add("Reshape", zero, self.graph.constant([], np.int64))
                side = self.graph.add("Sub", side, zero)
            sides.append(side)
        options = attributes_of(self.graph.onnx, node)
        return [self.graph.add({"MatMulInteger": "MatMul", "ConvInteger": "Conv"}[node.op_type], *sides, **options)]


class _Named:
    """A part of an operation, for a message."""

    def __init__(self, op_type: str, output: Any):
        self.op_type, self.output = op_type, output


def narrow_ports(function: func.FuncOp, arguments: Sequence[str | None], results: Sequence[str | None]) -> None:
    """Give the ports of a function on tensors the widths of their unsigned types; others are None.

    ::

        func @f(%x: tensor<4xi32>) -> tensor<4xi32>  ->  func @f(%x: tensor<4xi8>) -> tensor<4xi8>
    """
    block = function.body.block
    for argument, type_ in zip(list(block.args), arguments, strict=True):
        if type_ is None or not isinstance(argument.type, TensorType):
            continue
        wide = argument.type
        narrow = TensorType(IntegerType(int(type_[1:])), wide.get_shape())
        if narrow != wide:
            port = block.insert_arg(narrow, argument.index)
            port.name_hint, port.location = argument.name_hint, argument.location
            ops, value = _converted(port, wide, arith.ExtUIOp)
            argument.replace_all_uses_with(value)
            block.erase_arg(argument)
            block.insert_ops_before(ops, block.first_op) if block.first_op is not None else block.add_ops(ops)
    end = block.last_op
    assert isinstance(end, func.ReturnOp)
    for position, type_ in enumerate(results):
        value = end.arguments[position]
        if type_ is None or not isinstance(value.type, TensorType):
            continue
        narrow = TensorType(IntegerType(int(type_[1:])), value.type.get_shape())
        if narrow != value.type:
            ops, new = _converted(value, narrow, arith.TruncIOp)
            block.insert_ops_before(ops, end)
            end.operands[position] = new
    function.properties["function_type"] = FunctionType.from_lists(
        [argument.type for argument in block.args], [value.type for value in end.arguments]
    )


def _converted(
    value: SSAValue, type_: TensorType[IntegerType], kind: type[arith.ExtUIOp | arith.TruncIOp]
) -> tuple[list[Operation], SSAValue]:
    """An operation on all elements of a tensor that converts them."""
    given = value.type
    assert isinstance(given, TensorType)
    body = Block(arg_types=[given.element_type, type_.element_type])
    convert = kind(body.args[0], type_.element_type)
    body.add_ops([convert, YieldOp(convert.results[0])])
    empty = tensor.EmptyOp([], type_)
    rank = len(type_.get_shape())
    every = AffineMapAttr(AffineMap.identity(rank))
    parallel = ArrayAttr([IteratorTypeAttr(IteratorType.PARALLEL)] * rank)
    generic = GenericOp([value], [empty.tensor], Region(body), [every, every], parallel, [type_])
    return [empty, generic], generic.results[0]


def _shape_of(graph: Graph, node: Any) -> str:
    """A value with the shape of the result of an elementwise operation."""
    return node.output[0] if node.output[0] in graph.shape else node.input[0]
