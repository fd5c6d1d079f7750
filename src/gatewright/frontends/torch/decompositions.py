"""Decompositions of PyTorch operations that torch-mlir lowers to something else, and what cannot be computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import pi, sqrt
from typing import Any

from gatewright.bridge.mlir import MOST_ELEMENTS
from gatewright.errors import SourceLocation, UnsupportedError
from gatewright.ir.location import line_of


def decompositions(torch: Any) -> dict[Any, Callable[..., Any]]:
    """Operations by others, for `ExportedProgram.run_decompositions`."""
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
    found[aten.eq.Tensor] = lambda x, y: _equal(torch, x, y)
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
    found[aten.hypot.default] = lambda x, y: _hypot(torch, x, y)
    found[aten.native_layer_norm.default] = lambda *given: _layer_norm(torch, *given)
    found[aten.native_group_norm.default] = lambda x, weight, bias, count, channels, size, groups, eps: _group_norm(
        torch, x, groups, weight, bias, eps
    )
    quantized = torch.ops.quantized_decomposed
    if "quantize_per_tensor" in dir(quantized) or hasattr(quantized, "quantize_per_tensor"):
        found[quantized.quantize_per_tensor.default] = lambda *given: _quantize(torch, *given)
    return found


def _equal(torch: Any, x: Any, y: Any) -> Any:
    """Equality of floats: torch-mlir takes `x == x` for true, which a NaN is not; `x != x` it leaves alone."""
    floats = isinstance(y, torch.Tensor) and x.dtype.is_floating_point and y.dtype.is_floating_point
    return torch.logical_not(torch.ne(x, y)) if floats else NotImplemented


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
