"""Type promotion of PyTorch where torch-mlir's is another.

In PyTorch a Python number, or a tensor without axes, takes the type of the tensor that it meets, as long as it is of
the same kind (integer or float): `x == 0.1` compares single precision with the single-precision number nearest to 0.1,
and `x < 300` of bytes is `x < 44`. torch-mlir compares in the wider of two types, numbers as double precision and
64-bit integers. What is decomposed here has operands of one type afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_OF_TWO = (
    *("maximum.default", "minimum.default", "fmax.default", "fmin.default", "atan2.default"),
    *("bitwise_and.Tensor", "bitwise_or.Tensor", "bitwise_xor.Tensor"),
    *("add.Tensor", "sub.Tensor", "mul.Tensor", "div.Tensor"),
)
_QUOTIENTS = (
    *("floor_divide.default", "floor_divide.Scalar", "div.Tensor_mode", "div.Scalar_mode"),
    *("remainder.Tensor", "remainder.Scalar", "fmod.Tensor", "fmod.Scalar"),
)
_EXTREMES = ("max.default", "min.default", "max.dim", "min.dim")
"""Operations of which torch-mlir ends the process if the integers have 8 bits."""


def promotions(torch: Any) -> dict[Any, Callable[..., Any]]:
    """Operations by the same ones on operands of one type; NotImplemented where they are of one."""
    aten = torch.ops.aten
    found: dict[Any, Callable[..., Any]] = {}
    for name in _COMPARISONS:
        packet = getattr(aten, name)
        found[packet.Tensor] = _of_two(torch, packet.Tensor)
        found[packet.Scalar] = _of_number(torch, packet)
    found[aten.eq.Tensor] = lambda x, y: _equal(torch, x, y)
    for names, made in ((_OF_TWO, _of_two), (_QUOTIENTS, _quotient), (_EXTREMES, _extreme)):
        for name, _, variant in (each.partition(".") for each in names):
            if overload := getattr(getattr(aten, name), variant, None):
                found[overload] = made(torch, overload)
    found[aten.copy.default] = lambda x, y, non_blocking=False: torch.broadcast_to(y.to(x.dtype), x.shape)
    found[aten.where.self] = lambda condition, x, y: _chosen(torch, condition, x, y)
    found[aten.clamp.default] = lambda x, least=None, most=None: _clamped(torch, x, least, most)
    found[aten.clamp.Tensor] = lambda x, least=None, most=None: _clamped_by_tensors(torch, x, least, most)
    return found


def _of_two(torch: Any, overload: Any) -> Callable[..., Any]:
    """An operation on two tensors."""

    def compute(x: Any, y: Any, *rest: Any, **options: Any) -> Any:
        numbers = not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor))
        if numbers or x.dtype == y.dtype:
            return NotImplemented
        common = torch.result_type(x, y)
        if overload is torch.ops.aten.div.Tensor and not common.is_floating_point:
            common = torch.get_default_dtype()
        return overload(x.to(common), y.to(common), *rest, **options)

    return compute


def _equal(torch: Any, x: Any, y: Any) -> Any:
    """Equality of floats: torch-mlir takes `x == x` for true, which a NaN is not; `x != x` it leaves alone."""
    if not torch.result_type(x, y).is_floating_point:
        return _of_two(torch, torch.ops.aten.eq.Tensor)(x, y)
    return torch.logical_not(torch.ne(x, y))


def _quotient(torch: Any, overload: Any) -> Callable[..., Any]:
    """A quotient or remainder of integers, those of at most 8 bits by way of 32."""

    def compute(x: Any, y: Any, **options: Any) -> Any:
        if not isinstance(x, torch.Tensor):
            return NotImplemented
        common = torch.result_type(x, y)
        of_tensor = isinstance(y, torch.Tensor)
        mixed = x.dtype != common or (of_tensor and y.dtype != common)
        cut = overload in (torch.ops.aten.fmod.Tensor, torch.ops.aten.fmod.Scalar)  # which torch-mlir has of floats
        if common.is_floating_point or not (mixed or cut or common == torch.int8):
            return NotImplemented
        wide = torch.int32 if common == torch.int8 else common
        if of_tensor:
            y = y.to(common).to(wide)
        elif type(y) is int:
            y = _converted(torch, y, common)
        x = x.to(common).to(wide)
        result = x - y * torch.div(x, y, rounding_mode="trunc") if cut else overload(x, y, **options)
        return result.to(common)

    return compute


def _extreme(torch: Any, overload: Any) -> Callable[..., Any]:
    """The largest or smallest element of integers of 8 bits, by way of 32; where it is asked for, with its position."""

    def compute(x: Any, *along: Any, **options: Any) -> Any:
        if x.dtype != torch.int8:
            return NotImplemented
        found = overload(x.to(torch.int32), *along, **options)
        return (found[0].to(x.dtype), found[1]) if isinstance(found, tuple) else found.to(x.dtype)

    return compute


def _of_number(torch: Any, packet: Any) -> Callable[..., Any]:
    """A comparison of a tensor with a number."""

    def compute(x: Any, number: Any) -> Any:
        common = torch.result_type(x, number)
        if common.is_floating_point:
            return packet.Tensor(x.to(common), torch.full((), _converted(torch, number, common), dtype=common))
        exact = _converted(torch, number, common)
        if x.dtype == common and exact == number:
            return NotImplemented
        return packet.Scalar(x.to(common), exact)

    return compute


def _converted(torch: Any, number: Any, type_: Any) -> Any:
    """What a number becomes as an element of a type; integers wrap around."""
    from torch.utils._python_dispatch import _disable_current_modes  # pyright: ignore[reportPrivateUsage]

    with _disable_current_modes():
        exact = torch.tensor(number, dtype=torch.float64 if isinstance(number, float) else torch.int64)
        return exact.to(type_).item()


def _chosen(torch: Any, condition: Any, x: Any, y: Any) -> Any:
    if x.dtype == y.dtype:
        return NotImplemented
    common = torch.result_type(x, y)
    return torch.where(condition, x.to(common), y.to(common))


def _clamped(torch: Any, x: Any, least: Any, most: Any) -> Any:
    """Bounds of integers, which torch-mlir takes as they are."""
    bounds = [bound for bound in (least, most) if bound is not None]
    common = x.dtype
    for bound in bounds:
        common = torch.promote_types(common, torch.result_type(x, bound))
    exact = [_converted(torch, bound, common) for bound in bounds]
    if x.dtype == common and (common.is_floating_point or exact == bounds):
        return NotImplemented
    given = iter(exact)
    return torch.clamp(x.to(common), *(None if bound is None else next(given) for bound in (least, most)))


def _clamped_by_tensors(torch: Any, x: Any, least: Any, most: Any) -> Any:
    common = x.dtype
    for bound in (least, most):
        common = common if bound is None else torch.promote_types(common, torch.result_type(x, bound))
    if all(value is None or value.dtype == common for value in (x, least, most)):
        return NotImplemented
    return torch.clamp(x.to(common), *(None if bound is None else bound.to(common) for bound in (least, most)))
