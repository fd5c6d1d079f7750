"""Decompositions of ONNX' pools, grids and resizing where torch-mlir's importer computes something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import ceil, floor
from typing import Any

import numpy as np

from gatewright.errors import UnsupportedError
from gatewright.frontends.onnx.graph import Graph, attributes_of


def grid_sample(graph: Graph, node: Any) -> Sequence[str] | None:
    """Samples at places that are computed: the nearest of two equally near ones is the even one, where the importer
    takes the upper one; and no sample outside is read, also not to be multiplied by zero."""
    options = attributes_of(graph.onnx, node)
    x, grid = node.input
    padding, mode = options.get("padding_mode", "zeros"), options.get("mode", "linear")
    plane = len(graph.shape.get(x, ())) == 4 and grid in graph.shape
    if mode not in ("nearest", "linear", "bilinear") or padding == "reflection" or not plane:
        return None
    _, _, *extents = graph.shape[x]
    corners = bool(options.get("align_corners", 0))
    places: list[str] = []
    for position, extent in enumerate(reversed(extents)):  # along a row first
        at = graph.add("Gather", grid, graph.constant(position), axis=3)
        at = _unnormalised(graph, grid, at, extent, corners)
        if padding == "border":
            at = graph.add("Clip", at, graph.like(grid, 0), graph.like(grid, extent - 1))
        places.append(at)
    if mode == "nearest":
        return [_gathered(graph, x, grid, [graph.add("Round", at) for at in places])]
    low = [graph.add("Floor", at) for at in places]
    one = graph.like(grid, 1)
    above = [graph.add("Sub", at, down) for at, down in zip(places, low, strict=True)]
    below = [graph.add("Sub", one, part) for part in above]
    total = ""
    for right, under in product((False, True), repeat=2):
        at = [graph.add("Add", down, one) if up else down for down, up in zip(low, (right, under), strict=True)]
        weight = graph.add("Mul", (above if right else below)[0], (above if under else below)[1])
        weight = graph.add("Unsqueeze", weight, graph.constant([1])) if graph.opset >= 13 else (
            graph.add("Unsqueeze", weight, axes=[1]))  # fmt: skip
        part = graph.add("Mul", _gathered(graph, x, grid, at), weight)
        total = graph.add("Add", total, part) if total else part
    return [total]


def _unnormalised(graph: Graph, grid: str, at: str, extent: int, corners: bool) -> str:
    """The place in an axis of a coordinate from -1 to 1, in the steps that the standard takes."""
    half = graph.like(grid, 0.5)
    at = graph.add("Add", at, graph.like(grid, 1))
    if corners:
        return graph.add("Mul", graph.add("Mul", at, half), graph.like(grid, extent - 1))
    scaled = graph.add("Sub", graph.add("Mul", at, graph.like(grid, extent)), graph.like(grid, 1))
    return graph.add("Mul", scaled, half)


def _gathered(graph: Graph, x: str, grid: str, places: Sequence[str]) -> str:
    """The samples at whole places, given as floats, the place in a row first; zeros outside."""
    batch, channels, *extents = graph.shape[x]
    _, high, wide, _ = graph.shape[grid]
    inside, parts = "", []
    for at, extent in zip(places, reversed(extents), strict=True):
        clamped = graph.add("Clip", at, graph.like(grid, 0), graph.like(grid, extent - 1))
        kept = graph.add("Equal", at, clamped)
        graph.element[at] = graph.element[grid]
        inside = graph.add("And", inside, kept) if inside else kept
        parts.append(graph.cast(clamped, graph.onnx.TensorProto.INT64))
    row = graph.add("Mul", parts[1], graph.constant(extents[1]))
    place = graph.add("Reshape", graph.add("Add", row, parts[0]), graph.constant([batch, 1, high * wide]))
    place = graph.add("Expand", place, graph.constant([batch, channels, high * wide]))
    flat = graph.add("Reshape", x, graph.constant([batch, channels, extents[0] * extents[1]]))
    shape = graph.constant([batch, channels, high, wide])
    found = graph.add("Reshape", graph.add("GatherElements", flat, place, axis=2), shape)
    mask = graph.add("Reshape", inside, graph.constant([batch, 1, high, wide]))
    return graph.add("Where", mask, found, graph.like(x, 0))


def max_pool(graph: Graph, node: Any) -> Sequence[str] | None:
    """The largest numbers of windows: the importer pads integers with zeros, and counts indices in each plane anew."""
    options = attributes_of(graph.onnx, node)
    (x,) = node.input
    shape = graph.shape.get(x)
    if shape is None:
        return None
    pads = options.get("pads", [0] * 2 * (len(shape) - 2))
    indexed = len(node.output) > 1 and node.output[1]
    if options.get("ceil_mode", 0) and not indexed and _rounds_down(shape, options):
        return [graph.add("MaxPool", x, **{**options, "ceil_mode": 0})]
    padded = graph.element.get(x) == graph.onnx.TensorProto.INT8 and any(pads)
    if padded and not indexed and not options.get("ceil_mode", 0) and graph.opset >= 11:
        half = len(pads) // 2
        amounts = [0, 0, *pads[:half], 0, 0, *pads[half:]]
        wide = graph.add("Pad", x, graph.constant(amounts), graph.like(x, -128))
        unpadded: dict[str, Any] = {**options, "pads": [0] * len(pads)}
        return [graph.add("MaxPool", wide, **unpadded)]
    if not indexed:
        return None
    if options.pop("storage_order", 0):
        raise UnsupportedError(
            "the ONNX operation MaxPool with storage_order=1 has no hardware", remedy="indices by rows: storage_order=0"
        )
    planes, size = shape[0] * shape[1], int(np.prod(shape[2:]))
    if planes == 1:
        return None
    largest, places = graph.add("MaxPool", x, results=2, **options)
    first = np.arange(planes).reshape(*shape[:2], *[1] * (len(shape) - 2)) * size
    return [largest, graph.add("Add", places, graph.constant(first))]


def average_pool(graph: Graph, node: Any) -> Sequence[str] | None:
    """The means of windows, padding counted: the importer counts what stands beyond the padding too."""
    options = attributes_of(graph.onnx, node)
    (x,) = node.input
    shape = graph.shape.get(x)
    if shape is not None and options.get("ceil_mode", 0) and _rounds_down(shape, options):
        return [graph.add("AveragePool", x, **{**options, "ceil_mode": 0})]
    counted = options.get("ceil_mode", 0) and options.get("count_include_pad", 0)
    if not counted or shape is None or options.get("auto_pad", "NOTSET") != "NOTSET":
        return None
    factor = np.ones([1] * len(shape))
    for axis, (places, end) in enumerate(_windows(shape, options)):
        within = (places < end).sum(1)
        factor = factor * (places.shape[1] / within).reshape([-1 if k == axis + 2 else 1 for k in range(len(shape))])
    if (factor == 1).all():
        return None
    return [graph.add("Mul", graph.add("AveragePool", x, **options), graph.like(x, factor))]


def _windows(shape: Sequence[int], options: dict[str, Any]) -> Iterator[tuple[np.ndarray, int]]:
    """For each axis, which places each window holds if sizes are rounded up, and where the padding behind ends.

    No window begins in the padding behind.
    """
    kernel, extents = options["kernel_shape"], shape[2:]
    rank = len(kernel)
    strides, dilations = options.get("strides", [1] * rank), options.get("dilations", [1] * rank)
    pads = options.get("pads", [0] * 2 * rank)
    for axis in range(rank):
        end = extents[axis] + pads[axis] + pads[axis + rank]
        reach = dilations[axis] * (kernel[axis] - 1) + 1
        count = ceil((end - reach) / strides[axis]) + 1
        if (count - 1) * strides[axis] >= extents[axis] + pads[axis]:
            count -= 1
        yield np.arange(count)[:, None] * strides[axis] + np.arange(kernel[axis]) * dilations[axis], end


def _rounds_down(shape: Sequence[int], options: dict[str, Any]) -> bool:
    """Whether sizes rounded down are those rounded up, for want of windows that begin in the padding behind: the
    importer makes these."""
    if options.get("auto_pad", "NOTSET") != "NOTSET":
        return False
    windows = list(_windows(shape, options))
    strides = options.get("strides", [1] * len(windows))
    return all(
        (end - 1 - places[0, -1]) // stride + 1 == len(places)
        for (places, end), stride in zip(windows, strides, strict=True)
    )


def resize(graph: Graph, node: Any) -> Sequence[str] | None:
    """The nearest samples where the scale does not divide the size, which the importer takes for another scale."""
    options = attributes_of(graph.onnx, node)
    x, scales = node.input[0], graph.known(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    shape = graph.shape.get(x)
    if options.get("mode", "nearest") != "nearest" or scales is None or not scales.size or shape is None:
        return None
    axes = options.get("axes", range(len(shape)))
    exact = all((shape[axis] * scale).is_integer() for axis, scale in zip(axes, scales.astype(float), strict=True))
    kind = options.get("coordinate_transformation_mode", "half_pixel")
    if exact or kind not in ("half_pixel", "asymmetric"):
        return None
    for axis, scale in zip(axes, scales.astype(float), strict=True):
        count = floor(shape[axis] * scale)
        at = np.arange(count) / scale if kind == "asymmetric" else (np.arange(count) + 0.5) / scale - 0.5
        places = np.clip(_rounded(at, options.get("nearest_mode", "round_prefer_floor")), 0, shape[axis] - 1)
        if scale != 1:
            x = graph.add("Gather", x, graph.constant(places.astype(np.int64)), axis=axis % len(shape))
    return [x]


def _rounded(at: np.ndarray, kind: str) -> np.ndarray:
    """Places as whole numbers, ties as the mode says."""
    match kind:
        case "floor":
            return np.floor(at)
        case "ceil":
            return np.ceil(at)
        case "round_prefer_ceil":
            return np.floor(at + 0.5)
    return np.ceil(at - 0.5)


def upsample(graph: Graph, node: Any) -> Sequence[str] | None:
    """Of the linear mode the importer takes another one's places."""
    if attributes_of(graph.onnx, node).get("mode", "nearest") != "nearest":
        raise UnsupportedError(
            "the ONNX operation Upsample has no hardware in its linear mode",
            remedy='Resize with coordinate_transformation_mode="asymmetric"',
        )
    return None
