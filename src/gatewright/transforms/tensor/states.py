"""What quantisation knows of a tensor of the float program, and constants moved between tensors and loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from xdsl.dialects import tensor
from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineBinaryOpExpr, AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.expression import ZERO, Constant, Expression, ScaledValue, affine


@dataclass(frozen=True)
class Stored:
    """A tensor of raw integers `low` to `high` with `fraction` bits behind the point."""

    value: SSAValue
    fraction: int
    low: int
    high: int
    places: np.ndarray | None = None
    """How many more fraction bits elements have, over the axes of the tensor; None if all have the same."""

    @property
    def width(self) -> int:
        """Bits of an element."""
        assert isinstance(self.value.type, TensorType)
        element = self.value.type.get_element_type()
        assert isinstance(element, IntegerType)
        return element.width.data


@dataclass(frozen=True)
class Empty:
    """A tensor without contents."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Elementwise:
    """A tensor that is computed where it is needed: the initial value of a sum."""

    op: GenericOp
    expression: Expression


@dataclass(frozen=True)
class Reduction:
    """A reduction that is exact and not rounded yet, because the one operation that uses it goes on from there."""

    op: GenericOp
    position: int
    """Which of its results."""
    kind: str
    """`sum`, `max` or `min`."""
    term: Expression
    initial: State

    def absorb(self, scale: np.ndarray, offset: np.ndarray, read: AffineMap) -> Reduction | None:
        """The reduction whose result is this one's `* scale + offset`, which are over loops that read it through
        `read`; None if that is not the same work. A scale goes into constant weights, an offset into the start."""
        if self.kind != "sum" or not isinstance(self.initial, Constant):
            return None
        rank = len(generic.output_map(self.op, self.position).results)
        of_result, offset = tensor_axes(scale, read, rank), tensor_axes(offset, read, rank)
        term = self.term
        if np.any(scale != 1):
            if not isinstance(term, ScaledValue) or np.any(term.offset) or term.scale.size == 1:
                return None
            term = affine(term, loop_axes(of_result, generic.output_map(self.op, self.position)), ZERO)
        return replace(self, term=term, initial=Constant(self.initial.array * of_result + offset))


State = Stored | Constant | Empty | Elementwise | Reduction
"""What is known of a tensor. `Constant` holds its contents."""


def static_shape(op: Operation, value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor value; UnsupportedError if it is not known at compile time."""
    assert isinstance(value.type, TensorType)
    shape = tuple(value.type.get_shape())
    if generic.DYNAMIC in shape:
        raise generic.dynamic_shape(op)
    return shape


def slices(op: tensor.ExtractSliceOp) -> tuple[slice, ...]:
    """The part of a tensor that an operation with static bounds extracts."""
    bounds = zip(
        op.static_offsets.get_values(), op.static_sizes.get_values(), op.static_strides.get_values(), strict=True
    )
    return tuple(slice(offset, offset + size * stride, stride) for offset, size, stride in bounds)


def tensor_axes(array: np.ndarray, map_: AffineMap, rank: int) -> np.ndarray:
    """A constant over loops as one over the tensor that `map_` reads or writes, its axes 1 where it does not change."""
    if array.ndim == 0:
        return array.reshape((1,) * rank)
    axes = [e.position for e in map_.results if isinstance(e, AffineDimExpr)]
    unused = tuple(axis for axis in range(array.ndim) if axis not in axes)
    assert all(array.shape[axis] == 1 for axis in unused), "a constant varies along a loop that the tensor lacks"
    moved = np.transpose(np.squeeze(array, unused) if unused else array, np.argsort(np.argsort(axes)))
    zeros = [position for position, e in enumerate(map_.results) if not isinstance(e, AffineDimExpr)]
    return np.expand_dims(moved, tuple(zeros)) if zeros else moved


def loop_axes(array: np.ndarray, map_: AffineMap) -> np.ndarray:
    """A constant over a tensor, its axes perhaps 1, as one over the loops that read it through a plain `map_`."""
    axes = [e.position for e in map_.results if isinstance(e, AffineDimExpr)]
    zeros = tuple(position for position, e in enumerate(map_.results) if not isinstance(e, AffineDimExpr))
    plain = np.squeeze(array, zeros) if zeros else array
    ordered = np.transpose(plain, np.argsort(axes))
    others = tuple(axis for axis in range(map_.num_dims) if axis not in axes)
    return np.expand_dims(ordered, others) if others else ordered


def gathered(array: np.ndarray, map_: AffineMap, extents: Sequence[int]) -> np.ndarray:
    """The elements of a constant tensor that each point reads through `map_`, with axes of 1 for loops not used."""
    if not map_.results:
        return array.reshape((1,) * len(extents))
    axes = [e.position for e in map_.results if isinstance(e, AffineDimExpr)]
    if len(axes) == len(set(axes)) == len(map_.results):
        return loop_axes(array, map_)
    positions = [_positions(expression, extents) for expression in map_.results]
    return array[tuple(np.broadcast_arrays(*positions))]


def _positions(expression: AffineExpr, extents: Sequence[int]) -> np.ndarray:
    match expression:
        case AffineConstantExpr():
            return np.full((1,) * len(extents), expression.value)
        case AffineDimExpr():
            shape = [1] * len(extents)
            shape[expression.position] = extents[expression.position]
            return np.arange(extents[expression.position]).reshape(shape)
        case AffineBinaryOpExpr():
            left, right = _positions(expression.lhs, extents), _positions(expression.rhs, extents)
            return {"Add": np.add, "Mul": np.multiply, "FloorDiv": np.floor_divide, "Mod": np.mod}[
                expression.kind.name
            ](left, right)
    raise AssertionError(expression)
