"""Decompositions of PyTorch operations that torch-mlir lowers to something else, and what cannot be computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import pi, sqrt
from typing import Any

from gatewright.bridge.mlir import torch_decompositions
from gatewright.errors import SourceLocation, UnsupportedError
from gatewright.frontends.torch.promotions import promotions
from gatewright.ir.location import line_of
from gatewright.numbers.types import MOST_ELEMENTS

_NEAREST, _BORDER, _REFLECTED = 1, 1, 2
"""PyTorch's numbers for the modes of `grid_sample`: how to interpolate, and what is outside."""

_OF_ONE_NUMBER = (
    *("_softmax.default", "_log_softmax.default", "logsumexp.default", "amax.default", "amin.default"),
    *("argmax.default", "argmin.default", "max.dim", "min.dim"),
)
"""Operations along an axis that PyTorch has for tensors without axes too."""


def decompositions(torch: Any) -> dict[Any, Callable[..., Any]]:
    """Operations by others, for `ExportedProgram.run_decompositions`: ours, and of the rest those of torch-mlir."""
    table: dict[Any, Callable[..., Any]] = dict(torch_decompositions())
    for found in (promotions(torch), _own(torch)):
        for overload, compute in found.items():
            table[overload] = _first_of(compute, table[overload]) if overload in table else compute
    return table


def _first_of(compute: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """What a decomposition gives, or what another one does where it does not apply."""

    def first(*arguments: Any, **options: Any) -> Any:
        result = compute(*arguments, **options)
        return otherwise(*arguments, **options) if result is NotImplemented else result

    return first


def _own(torch: Any) -> dict[Any, Callable[..., Any]]:
    """What torch-mlir lowers to something else."""
    aten = torch.ops.aten
    narrow = (torch.float16, torch.bfloat16)

    def wide_sum(overload: Any) -> Callable[..., Any]:
        """A sum of narrow floats: PyTorch takes it in single precision."""

        def compute(x: Any, *arguments: Any, **options: Any) -> Any:
            if x.dtype not in narrow or options.get("dtype") is not None:
                return NotImplemented
            return overload(x.float(), *arguments, **options).to(x.dtype)

        return compute

    found: dict[Any, Callable[..., Any]] = {
        overload: wide_sum(overload)
        for overload in (aten.sum.default, aten.sum.dim_IntList, aten.mean.default, aten.mean.dim)
    }
    found[aten._to_copy.default] = lambda x, **options: _converted(torch, x, **options)
    found[aten.gelu.default] = lambda x, approximate="none": _gelu(torch, x, approximate)
    found[aten.selu.default] = lambda x: _elu(torch, x, 1.6732632423543772, 1.0507009873554805)
    found[aten.elu.default] = lambda x, *scales: _elu(torch, x, *scales)
    found[aten.layer_norm.default] = lambda x, shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True: _layer_norm(
        torch, x, shape, weight, bias, eps
    )[0]
    found[aten.group_norm.default] = lambda x, groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True: (
        _group_norm(torch, x, groups, weight, bias, eps)[0]
    )
    found[aten.isclose.default] = lambda x, y, *options, **named: _close(torch, x, y, *options, **named)
    for name in _OF_ONE_NUMBER:
        packet, _, variant = name.partition(".")
        overload = getattr(getattr(aten, packet), variant)
        found[overload] = _with_an_axis(overload)
    for name in ("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"):
        overload = getattr(aten, name).vec
        found[overload] = _resized(torch, overload)
    found[aten.grid_sampler_2d.default] = lambda *given: _grid_sampled(torch, *given)
    found[aten.hypot.default] = lambda x, y: _hypot(torch, x, y)
    found[aten.native_layer_norm.default] = lambda *given: _layer_norm(torch, *given)
    found[aten.native_group_norm.default] = lambda x, weight, bias, count, channels, size, groups, eps: _group_norm(
        torch, x, groups, weight, bias, eps
    )
    quantized = torch.ops.quantized_decomposed
    if "quantize_per_tensor" in dir(quantized) or hasattr(quantized, "quantize_per_tensor"):
        found[quantized.quantize_per_tensor.default] = lambda *given: _quantize(torch, *given)
    return found


def _converted(torch: Any, x: Any, **options: Any) -> Any:
    """A conversion: torch-mlir makes signed integers of floats for uint8 too, which end at 127."""
    if not x.dtype.is_floating_point or options.get("dtype") != torch.uint8:
        return NotImplemented
    convert = torch.ops.aten._to_copy.default
    return convert(convert(x, dtype=torch.int32), **options)


def _gelu(torch: Any, x: Any, approximate: str) -> Any:
    """GELU: that of torch-mlir has a division, or with `tanh` a constant that is off by 2e-4."""
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(sqrt(2 / pi) * (x + 0.044715 * (x * x * x))))
    return x * 0.5 * (1 + torch.erf(x * sqrt(0.5)))


def _elu(torch: Any, x: Any, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Any:
    """ELU: that of torch-mlir loses the digits of numbers near zero."""
    return torch.where(x > 0, x * scale, torch.expm1(x * input_scale) * (alpha * scale))


def _with_an_axis(overload: Any) -> Callable[..., Any]:
    """An operation along an axis of a tensor that has none: torch-mlir does not end, or makes nothing of it."""

    def compute(x: Any, *given: Any, **options: Any) -> Any:
        if x.dim():
            return NotImplemented
        results = overload(x.reshape(1), *given, **options)
        return tuple(each.reshape(()) for each in results) if isinstance(results, tuple) else results.reshape(())

    return compute


def _resized(torch: Any, overload: Any) -> Callable[..., Any]:
    """Interpolation of integers: PyTorch rounds halves up, its decomposition to even numbers."""

    def compute(x: Any, *given: Any) -> Any:
        if x.dtype.is_floating_point:
            return NotImplemented
        return torch.floor(overload(x.to(torch.get_default_dtype()), *given) + 0.5).to(x.dtype)

    return compute


def _grid_sampled(torch: Any, x: Any, grid: Any, mode: int = 0, padding: int = 0, align_corners: bool = False) -> Any:
    """The elements nearest to points, at the places that PyTorch computes; its decomposition rounds them otherwise."""
    if mode != _NEAREST or padding == _REFLECTED:
        return NotImplemented
    count, channels, *sizes = x.shape
    places, inside = [], torch.ones(grid.shape[:3], dtype=torch.bool)
    for axis, size in ((1, sizes[0]), (0, sizes[1])):
        moved = grid[..., axis] + 1
        place = moved * ((size - 1) / 2) if align_corners else moved * (size / 2) - 0.5
        place = torch.round(torch.clamp(place, 0, size - 1) if padding == _BORDER else place)
        inside = torch.logical_and(inside, torch.logical_and(place >= 0, place <= size - 1))
        places.append(torch.clamp(place, 0, size - 1).to(torch.int64).unsqueeze(1))
    first = torch.arange(count).reshape(count, 1, 1, 1), torch.arange(channels).reshape(1, channels, 1, 1)
    return torch.where(inside.unsqueeze(1), x[(*first, *places)], torch.zeros((), dtype=x.dtype))


def _close(torch: Any, x: Any, y: Any, relative: float = 1e-5, absolute: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether numbers are close: torch-mlir has NaN close to everything, and infinity."""
    common = torch.result_type(x, y)
    x, y = x.to(common), y.to(common)
    close = x == y
    if not common.is_floating_point:
        x, y = x.to(torch.get_default_dtype()), y.to(torch.get_default_dtype())
    elif equal_nan:
        close = torch.logical_or(close, torch.logical_and(x != x, y != y))
    difference, allowed = torch.abs(x - y), absolute + torch.abs(relative * y)
    finite = difference < float("inf")  # a NaN is not less
    return torch.logical_or(close, torch.logical_and(finite, difference <= allowed))


def _hypot(torch: Any, x: Any, y: Any) -> Any:
    """The root of a sum of squares that may be too large for a number; torch-mlir has none."""
    large, small = torch.maximum(x.abs(), y.abs()), torch.minimum(x.abs(), y.abs())
    ratio = small / torch.where(large == 0, 1.0, large)
    infinite = torch.logical_or(x.abs() == float("inf"), y.abs() == float("inf"))
    return torch.where(infinite, float("inf"), large * torch.sqrt(1 + ratio * ratio))


def _layer_norm(
    torch: Any, x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> tuple[Any, Any, Any]:
    """Layer norm as PyTorch has it, in single precision, where torch-mlir takes the variance in double precision; the
    mean, and what was multiplied by."""
    normal, mean, factor = _normalised(torch, x, list(range(x.dim() - len(shape), x.dim())), eps)
    return _scaled(normal, weight, bias).to(x.dtype), mean, factor


def _group_norm(
    torch: Any, x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> tuple[Any, Any, Any]:
    """Group norm, in single precision too."""
    count, channels = x.shape[:2]
    normal, mean, factor = _normalised(torch, x.reshape(count, groups, -1), [2], eps)
    along = [1, channels, *[1] * (x.dim() - 2)]
    weight, bias = (value if value is None else value.reshape(along) for value in (weight, bias))
    normal = _scaled(normal.reshape(x.shape), weight, bias)
    return normal.to(x.dtype), mean.reshape(count, groups), factor.reshape(count, groups)


def _normalised(torch: Any, x: Any, axes: list[int], eps: float) -> tuple[Any, Any, Any]:
    """Numbers without mean and of variance 1 along some axes; the mean, and what they were multiplied by."""
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    mean = wide.mean(axes, keepdim=True)
    centred = wide - mean
    factor = torch.rsqrt((centred * centred).mean(axes, keepdim=True) + eps)
    return centred * factor, mean, factor


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _quantize(torch: Any, x: Any, scale: float, zero_point: int, low: int, high: int, dtype: Any) -> Any:
    """Quantisation as PyTorch's reference computes it: with a product, where torch-mlir divides."""
    return torch.clamp(torch.round(x * (1.0 / scale)) + zero_point, low, high).to(dtype)


def check(torch: Any, exported: Any) -> None:
    """Raise UnsupportedError for what would be computed wrongly, or never."""
    for node in exported.graph.nodes:
        _check_node(torch, node)


def views_of_aten(torch: Any, exported: Any) -> None:
    """Replace views among the primitive operations, of which PyTorch makes no functions, by those of aten."""
    aten = torch.ops.aten
    same = {"view_of": aten.alias.default, "squeeze": aten.squeeze.dims, "transpose": aten.permute.default}
    for node in exported.graph.nodes:
        if getattr(node.target, "namespace", "") == "prims" and (name := node.target.name().partition("::")[2]) in same:
            node.target = same[name]
    exported.graph_module.recompile()


def check_unchanged(exported: Any) -> None:
    """Raise UnsupportedError if a program, its operations in place made others, changes what it is given."""
    signature = exported.graph_signature
    changed = [*getattr(signature, "buffers_to_mutate", {}).values()]
    changed += [*getattr(signature, "user_inputs_to_mutate", {}).values()]
    if changed:
        raise UnsupportedError(
            f"the model changes {changed[0]}",
            why="hardware leaves its inputs and its constants as they are",
            remedy="return what is new: x * 2 instead of x.mul_(2)",
        )


def _check_node(torch: Any, node: Any) -> None:
    aten, value = torch.ops.aten, node.meta.get("val")
    if isinstance(value, torch.Tensor) and any(isinstance(extent, torch.SymInt) for extent in value.shape):
        raise UnsupportedError(
            "the size of this tensor depends on the data",
            where=place_of(node),
            why="every array of a circuit has a fixed size",
            remedy="keep all elements, and choose among them: torch.where(condition, x, 0)",
        )
    if isinstance(value, torch.Tensor) and value.numel() > MOST_ELEMENTS:
        raise UnsupportedError(
            f"this tensor has {value.numel():,} elements",
            where=place_of(node),
            why=f"an array has at most {MOST_ELEMENTS:,}",
            remedy="compute with a smaller one, a part at a time",
        )
    floats = isinstance(value, torch.Tensor) and value.dtype.is_floating_point
    remainders = (aten.fmod, aten.remainder, aten.floor_divide)
    rounding = node.kwargs.get("rounding_mode") if node.target in (aten.div.Tensor_mode, aten.div.Scalar_mode) else None
    packet = getattr(node.target, "overloadpacket", None)
    if floats and (packet in remainders or rounding == "floor"):
        raise UnsupportedError(
            f"{packet} of floating-point numbers has no hardware",
            where=place_of(node),
            why="a quotient that is rounded before it is cut gives another remainder than PyTorch's",
            remedy="torch.floor(a / b), where that is what is meant",
        )


def place_of(node: Any) -> SourceLocation | None:
    """The innermost line of the user's in the stack that a node was made in."""
    found = list(_frames(node.meta.get("stack_trace") or ""))
    return line_of(*found[-1]) if found else None


def _frames(trace: str) -> Iterator[tuple[str, int]]:
    for match in re.finditer(r'File "([^"]+)", line (\d+)', trace):
        if "torch" not in match[1].split("/"):
            yield match[1], int(match[2])
