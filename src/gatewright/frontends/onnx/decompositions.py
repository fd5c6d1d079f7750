"""Decompositions of ONNX operations that torch-mlir's importer computes otherwise, into ones that it computes right."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from gatewright.errors import UnsupportedError
from gatewright.frontends.onnx.graph import Decomposition, Graph, attributes_of
from gatewright.frontends.onnx.sampling import average_pool, grid_sample, max_pool, resize, upsample

_BY_THEIR_FUNCTION = ("Gelu", "Celu", "Shrink", "Swish", "MeanVarianceNormalization", "DynamicQuantizeLinear")
"""Operations that the standard defines by others, which is better than what the importer makes of them."""


def decompose(model: Any) -> Any:
    """The model with every operation replaced whose imported meaning is another than ONNX'."""
    import onnx.inliner

    used = [(node.domain, node.op_type) for node in model.graph.node if node.op_type in _BY_THEIR_FUNCTION]
    if used:
        model = onnx.inliner.inline_selected_functions(model, list(dict.fromkeys(used)), inline_schema_functions=True)
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    Graph(model).rewrite(_decomposed)
    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def _decomposed(graph: Graph, node: Any) -> Sequence[str] | None:
    rule = RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    return rule(graph, node) if rule is not None else None


def _equal(graph: Graph, node: Any) -> Sequence[str] | None:
    """torch-mlir takes `x == x` for true, which a NaN is not."""
    if not graph.is_float(node.input[0]) or graph.opset < 12:
        return None
    return [graph.add("And", graph.add("LessOrEqual", *node.input), graph.add("GreaterOrEqual", *node.input))]


def _sign(graph: Graph, node: Any) -> Sequence[str] | None:
    """The sign of a NaN is one."""
    (x,) = node.input
    if not graph.is_float(x):
        return None
    return [graph.add("Where", graph.add("IsNaN", x), x, graph.add("Sign", x))]


def _depth_to_space(graph: Graph, node: Any) -> Sequence[str] | None:
    """The importer makes the other mode of CRD to one channel."""
    (x,) = node.input
    if x not in graph.shape:
        return None
    options = attributes_of(graph.onnx, node)
    batch, depth, high, wide = graph.shape[x]
    size = options["blocksize"]
    rows_first = options.get("mode", "DCR") == "CRD"
    channels = depth // (size * size)
    apart = [batch, channels, size, size, high, wide] if rows_first else [batch, size, size, channels, high, wide]
    order = [0, 1, 4, 2, 5, 3] if rows_first else [0, 3, 4, 1, 5, 2]
    blocks = graph.add("Transpose", graph.add("Reshape", x, graph.constant(apart)), perm=order)
    return [graph.add("Reshape", blocks, graph.constant([batch, channels, high * size, wide * size]))]


def _local_response(graph: Graph, node: Any) -> Sequence[str] | None:
    """The importer's window of even size is one channel off."""
    (x,) = node.input
    options = attributes_of(graph.onnx, node)
    size = options["size"]
    if size % 2 or x not in graph.shape or graph.opset < 11:
        return None
    shape = graph.shape[x]
    rank, channels = len(shape), shape[1]
    square = graph.add("Mul", x, x)
    before, after = [0] * rank, [0] * rank
    before[1], after[1] = (size - 1) // 2, size // 2
    square = graph.add("Pad", square, graph.constant([*before, *after]), graph.like(x, 0))
    parts = [
        graph.add("Slice", square, graph.constant([k]), graph.constant([k + channels]), graph.constant([1]))
        for k in range(size)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = graph.add("Add", total, part)
    scale = graph.like(x, options.get("alpha", 1e-4) / size)
    inner = graph.add("Add", graph.add("Mul", total, scale), graph.like(x, options.get("bias", 1.0)))
    return [graph.add("Div", x, graph.add("Pow", inner, graph.like(x, options.get("beta", 0.75))))]


def _quantised_product(graph: Graph, node: Any) -> Sequence[str] | None:
    """A layer on unsigned quantised tensors, by what its numbers stand for: the importer takes them for signed."""
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, *bias = node.input
    uint8 = graph.onnx.TensorProto.UINT8
    if uint8 not in (graph.element.get(x), graph.element.get(w), graph.element.get(y_zero)):
        return None
    convolution = node.op_type == "QLinearConv"
    sides = [
        _dequantised(graph, x, x_scale, x_zero, 1),
        _dequantised(graph, w, w_scale, w_zero, 0 if convolution else 1),
    ]
    options = {name: value for name, value in attributes_of(graph.onnx, node).items() if convolution}
    if bias and bias[0]:
        scale = graph.add("Mul", x_scale, w_scale)
        sides.append(graph.add("Mul", graph.cast(bias[0], graph.onnx.TensorProto.FLOAT), scale))
    product = graph.add("Conv" if convolution else "MatMul", *sides, **options)
    result = graph.add("QuantizeLinear", product, y_scale, y_zero)
    graph.element[product], graph.element[result] = graph.onnx.TensorProto.FLOAT, graph.element[node.output[0]]
    return [result]


def _dequantised(graph: Graph, name: str, scale: str, zero: str, axis: int) -> str:
    new = graph.add("DequantizeLinear", name, scale, zero, axis=axis)
    graph.element[new], graph.shape[new] = graph.onnx.TensorProto.FLOAT, graph.shape.get(name, ())
    return new


def _mod(graph: Graph, node: Any) -> Sequence[str] | None:
    if graph.is_float(node.input[0]):
        raise UnsupportedError(
            "the ONNX operation Mod of floating-point numbers has no hardware",
            why="a quotient that is rounded before it is cut gives another remainder",
            remedy="Floor of a Div, where that is what is meant",
        )
    return None


def _pad(graph: Graph, node: Any) -> Sequence[str] | None:
    """Padding by what stands at the other end, or of many axes by what stands inside: the importer never comes back."""
    x, mode = node.input[0], attributes_of(graph.onnx, node).get("mode", "constant")
    if x not in graph.shape or not (mode == "wrap" or (mode in ("edge", "reflect") and len(graph.shape[x]) > 4)):
        return None
    shape = list(graph.shape[x])
    amounts = graph.known(node.input[1]) if len(node.input) > 1 else None
    if amounts is None:
        raise _unknown(node, "pads")
    axes = graph.known(node.input[3]) if len(node.input) > 3 and node.input[3] else None
    listed = [int(a) % len(shape) for a in axes] if axes is not None else list(range(len(shape)))
    half = len(listed)
    for position, axis in enumerate(listed):
        low, high = int(amounts[position]), int(amounts[position + half])
        if low or high:
            places = _places(np.arange(-low, shape[axis] + high), shape[axis], mode)
            x = graph.add("Gather", x, graph.constant(places), axis=axis)
    return [x]


def _places(at: np.ndarray, extent: int, mode: str) -> np.ndarray:
    """The places of an axis that stand for those before, in and behind it."""
    if mode == "edge":
        return np.clip(at, 0, extent - 1)
    if mode == "reflect":
        period = max(1, 2 * (extent - 1))
        return extent - 1 - np.abs(extent - 1 - at % period)
    return at % extent


def _split(graph: Graph, node: Any) -> Sequence[str] | None:
    """Before version 13 the importer takes parts for equal."""
    (x, *_) = node.input
    options = attributes_of(graph.onnx, node)
    sizes = options.get("split")
    if sizes is None or x not in graph.shape:
        return None
    axis = options.get("axis", 0) % len(graph.shape[x])
    ends = np.cumsum(sizes)
    return [
        graph.add("Gather", x, graph.constant(np.arange(end - size, end)), axis=axis)
        for end, size in zip(ends, sizes, strict=True)
    ]


def _slice(graph: Graph, node: Any) -> Sequence[str] | None:
    """A slice that runs backwards is a selection of places."""
    if len(node.input) < 5:
        return None
    known = [graph.known(name) if name else None for name in node.input[1:]]
    starts, ends, axes, steps = known
    if steps is None or starts is None or ends is None or (steps > 0).all():
        return None
    x = node.input[0]
    shape = graph.shape[x]
    for k, (start, end, step) in enumerate(zip(starts, ends, steps, strict=True)):
        axis = int(axes[k]) % len(shape) if axes is not None else k
        extent = shape[axis]
        indices = np.arange(extent)[slice(*_bounds(int(start), int(end), int(step), extent))]
        x = graph.add("Gather", x, graph.constant(indices), axis=axis)
    return [x]


def _bounds(start: int, end: int, step: int, extent: int) -> tuple[int, int | None, int]:
    """A Python slice for what ONNX clamps: backwards, the end before the first element is -1."""
    start = start + extent if start < 0 else start
    end = end + extent if end < 0 else end
    if step > 0:
        return min(max(start, 0), extent), min(max(end, 0), extent), step
    start, end = min(max(start, 0), extent - 1), min(max(end, -1), extent - 1)
    return start, None if end < 0 else end, step


def _matrix_product(graph: Graph, node: Any) -> Sequence[str] | None:
    """The importer forgets the factor of a product to which nothing is added."""
    options = attributes_of(graph.onnx, node)
    factor = options.pop("alpha", 1.0)
    if factor == 1 or (len(node.input) > 2 and node.input[2]):
        return None
    product = graph.add("Gemm", *node.input[:2], **options)
    return [graph.add("Mul", product, graph.like(node.input[0], factor))]


def _hardmax(graph: Graph, node: Any) -> Sequence[str] | None:
    """Before version 13, all axes from `axis` on are one; the importer takes that axis alone."""
    (x,) = node.input
    shape = graph.shape.get(x)
    if graph.opset >= 13 or shape is None:
        return None
    axis = attributes_of(graph.onnx, node).get("axis", 1) % len(shape)
    rows = graph.add("Reshape", x, graph.constant([prod(shape[:axis]), prod(shape[axis:])]))
    return [graph.add("Reshape", graph.add("Hardmax", rows, axis=1), graph.constant(list(shape)))]


def _clip(graph: Graph, node: Any) -> Sequence[str] | None:
    """Before version 11 bounds are attributes, of which the importer wants both."""
    (x, *bounds) = node.input
    if bounds or graph.opset >= 11 or graph.opset < 8 or not graph.is_float(x):
        return None
    options, largest = attributes_of(graph.onnx, node), float(np.finfo(np.float32).max)
    low = graph.add("Max", x, graph.like(x, options.get("min", -largest)))
    return [graph.add("Min", low, graph.like(x, options.get("max", largest)))]


def _with_known_axes(position: int, what: str) -> Decomposition:
    """A rule that refuses an operation whose shape depends on an input of the model."""

    def rule(graph: Graph, node: Any) -> Sequence[str] | None:
        named = len(node.input) > position and node.input[position]
        if named and graph.known(node.input[position]) is None:
            raise _unknown(node, what)
        return None

    return rule


def _both(*rules: Decomposition) -> Decomposition:
    def rule(graph: Graph, node: Any) -> Sequence[str] | None:
        return next((found for each in rules if (found := each(graph, node)) is not None), None)

    return rule


def _unknown(node: Any, what: str) -> UnsupportedError:
    return UnsupportedError(
        f"the {what} of the ONNX operation {node.op_type} ({node.output[0]}) are computed by the model",
        why="every array of a circuit has a fixed size",
        remedy=f"make the {what} an initializer or a Constant",
    )


_REDUCTIONS = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")

RULES: dict[str, Decomposition] = {
    "Equal": _equal,
    "Sign": _sign,
    "DepthToSpace": _depth_to_space,
    "LRN": _local_response,
    "Mod": _mod,
    "Pad": _both(_with_known_axes(1, "pads"), _pad),
    "Slice": _both(_with_known_axes(1, "starts"), _with_known_axes(2, "ends"), _with_known_axes(4, "steps"), _slice),
    "GridSample": grid_sample,
    "Gemm": _matrix_product,
    "Hardmax": _hardmax,
    "Split": _split,
    "Clip": _clip,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "Resize": resize,
    "Upsample": upsample,
    "QLinearMatMul": _quantised_product,
    "QLinearConv": _quantised_product,
    **{f"Reduce{name}": _with_known_axes(1, "axes") for name in _REDUCTIONS},
    "Squeeze": _with_known_axes(1, "axes"),
    "Unsqueeze": _with_known_axes(1, "axes"),
    "Tile": _with_known_axes(1, "repeats"),
}
"""Each operation and what it is replaced by."""
