"""Reductions of exact numbers: sums in accumulators that cannot overflow, and largest and smallest elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Protocol

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, SSAValue

from gatewright.errors import UnsupportedError
from gatewright.ir.location import operation_name, source_location
from gatewright.numbers.types import Fixed
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.evaluate import Evaluation
from gatewright.transforms.tensor.exact import Exact, bits, nearest
from gatewright.transforms.tensor.expression import ZERO, Constant, Expression, ScaledValue, affine
from gatewright.transforms.tensor.generic_builder import GenericBuilder, compact
from gatewright.transforms.tensor.states import Elementwise, Empty, Reduction, State, Stored, static_shape, tensor_axes

_KINDS: dict[type[Operation], str] = {
    arith.AddfOp: "sum",
    arith.MaximumfOp: "max",
    arith.MaxnumfOp: "max",
    arith.MinimumfOp: "min",
    arith.MinnumfOp: "min",
}
"""The reductions by the operation that combines the result so far with a term."""


class Surroundings(Protocol):
    """What emitting a reduction needs of the walk."""

    builder: Builder
    by_channel: bool
    """Whether the weights of a sum have a binary point for each element of the result."""

    def format_of(self, value: SSAValue) -> Fixed:
        """The format in which a tensor is stored."""
        ...

    def stage(self, extents: Sequence[int], reduction: Sequence[bool] | None = None) -> GenericBuilder:
        """A new operation to build."""
        ...

    def leaf(self, stage: GenericBuilder, op: GenericOp) -> Callable[[Expression], Exact]:
        """The inputs of expressions over the loops of an operation."""
        ...


def read_reduction(op: GenericOp, evaluation: Evaluation, initial: Callable[[SSAValue], State]) -> Reduction:
    """What a reduction combines, and how; of several results only one may be used.

    Raises UnsupportedError unless it is a sum, largest or smallest element.
    """
    block = generic.body_of(op)
    used = [position for position, result in enumerate(op.results) if result.first_use is not None]
    if len(used) == 1:
        last, so_far = generic.yielded(op)[used[0]].owner, block.args[len(op.inputs) + used[0]]
        needed = _needed(last) if isinstance(last, Operation) else []
        if isinstance(last, Operation) and type(last) in _KINDS:
            terms = [operand for operand in last.operands if operand is not so_far]
            if len(terms) == 1 and not any(so_far in inner.operands for inner in needed):
                evaluation.run(needed)
                state = initial(op.outputs[used[0]])
                return Reduction(op, used[0], _KINDS[type(last)], evaluation[terms[0]], state)
    raise UnsupportedError(
        f"this reduction has no fixed-point hardware ({', '.join(map(operation_name, list(block.ops)[:-1]))})",
        where=source_location(op),
        why="sums, largest and smallest elements can be reduced",
    )


def _needed(last: Operation) -> list[Operation]:
    """The operations of a body that `last` depends on, in order."""
    found, block = {last}, last.parent_block()
    assert block is not None
    for op in reversed(list(block.ops)):
        if any(use.operation in found for result in op.results for use in result.uses):
            found.add(op)
    return [op for op in block.ops if op in found and op is not last]


def emit_reduction(around: Surroundings, reduction: Reduction) -> Stored:
    """Emit a reduction; its result is exact, and is in the format already if it is one of the elements."""
    op, places = reduction.op, None
    if around.by_channel:
        reduction, places = _by_channel(reduction)
    extents, loops = generic.extents_of(op), generic.is_reduction(op)
    stage = around.stage(extents, loops)
    if reduction.kind == "sum":
        term, low, high = _summed(around, stage, reduction)
    else:
        term = stage.compute(reduction.term, around.leaf(stage, op))
        low, high = term.low, term.high
    start = around.stage(static_shape(op, op.results[reduction.position]))
    first = _initial(around, start, reduction, term)
    fraction = max(term.fraction, first.fraction)
    first, distance = start.arithmetic.shifted(first, fraction), fraction - term.fraction
    term, low, high = stage.arithmetic.shifted(term, fraction), low << distance, high << distance
    if reduction.kind == "sum":
        low, high = low + first.low, high + first.high
    else:
        low, high = min(low, first.low), max(high, first.high)
    width = bits(low, high)
    format_ = around.format_of(op.results[reduction.position])
    if reduction.kind != "sum" and fraction == format_.fraction and width <= format_.bits:
        width = format_.bits
    rank = len(start.extents)
    initial = start.finish(
        around.builder, start.arithmetic.at_width(first, width), generic.identity(rank), start.extents
    )
    so_far = stage.block.insert_arg(IntegerType(width), len(stage.inputs))
    combine = {"sum": arith.AddiOp, "max": arith.MaxSIOp, "min": arith.MinSIOp}[reduction.kind]
    value = stage.arithmetic.emit(combine(so_far, stage.arithmetic.at_width(term, width)))
    result = stage.finish(around.builder, value, generic.output_map(op, reduction.position), start.extents, initial)
    return Stored(result, fraction, low, high, places)


def _by_channel(reduction: Reduction) -> tuple[Reduction, np.ndarray | None]:
    """A sum with larger weights where they are small, and by how many binary places, over the axes of the result."""
    term, op = reduction.term, reduction.op
    if reduction.kind != "sum" or not isinstance(term, ScaledValue) or np.any(term.offset) or term.scale.size == 1:
        return reduction, None
    if not isinstance(reduction.initial, Constant):
        return reduction, None
    reduced = tuple(axis for axis, is_reduced in enumerate(generic.is_reduction(op)) if is_reduced)
    largest = np.max(np.abs(term.scale), axis=reduced, keepdims=True)
    exponents = np.where(largest == 0, np.max(np.frexp(largest)[1]), np.frexp(largest)[1])
    places = exponents.max() - exponents
    if not np.any(places):
        return reduction, None
    of_result = tensor_axes(places, generic.output_map(op, reduction.position), len(reduction.initial.array.shape))
    term = affine(term, np.ldexp(1.0, places), ZERO)
    initial = Constant(reduction.initial.array * np.ldexp(1.0, of_result))
    return replace(reduction, term=term, initial=initial), of_result.astype(np.int64)


def _summed(around: Surroundings, stage: GenericBuilder, reduction: Reduction) -> tuple[Exact, int, int]:
    """The term of a sum, and between what the sum of all terms, or of any of them, lies."""
    count = prod(e for e, reduced in zip(stage.extents, stage.reduction, strict=True) if reduced)
    expression, leaves = reduction.term, around.leaf(stage, reduction.op)
    term = stage.compute(expression, leaves)
    low, high = min(0, count * term.low), max(0, count * term.high)
    if isinstance(expression, ScaledValue) and not np.any(expression.offset) and expression.scale.size > 1:
        factor = stage.compute(expression.of, leaves)
        weights = compact(nearest(expression.scale, stage.width)[0])
        reduced = tuple(axis for axis, is_reduced in enumerate(stage.reduction) if is_reduced)
        repeats = prod(stage.extents[axis] for axis in reduced if weights.shape[axis] == 1)
        above = np.maximum(weights, 0).sum(axis=reduced).astype(object) * repeats
        below = np.minimum(weights, 0).sum(axis=reduced).astype(object) * repeats
        up, down = max(factor.high, 0), min(factor.low, 0)
        low = max(low, int(np.min(above * down + below * up)))
        high = min(high, int(np.max(above * up + below * down)))
    return term, low, high


def _initial(around: Surroundings, start: GenericBuilder, reduction: Reduction, term: Exact) -> Exact:
    """The value that a reduction starts with, computed by `start`, whose loops are the axes of the result."""
    state = reduction.initial
    if isinstance(state, Constant):
        return _constant_start(start, state.array, reduction.kind, term)
    if isinstance(state, Elementwise):
        return start.compute(state.expression, around.leaf(start, state.op))
    if isinstance(state, Empty):
        raise UnsupportedError("a reduction starts from nothing", where=source_location(reduction.op))
    assert isinstance(state, Stored)
    argument = start.read(state.value, generic.identity(len(start.extents)))
    return Exact(argument, state.fraction, state.low, state.high)


def _constant_start(start: GenericBuilder, array: np.ndarray, kind: str, term: Exact) -> Exact:
    """A constant initial value, to no more fraction bits than the terms have, unless those are constants too."""
    array = compact(array)
    if kind != "sum":
        bounded = np.clip(np.ldexp(np.clip(array, -1e300, 1e300), term.fraction), float(term.low), float(term.high))
        return replace(start.integers(np.rint(bounded).astype(np.int64)), fraction=term.fraction)
    _, fraction = nearest(array, start.width)
    fraction = fraction if term.value is None else min(fraction, term.fraction)
    raw = np.rint(np.ldexp(array, fraction)).astype(np.int64)
    return replace(start.integers(raw), fraction=fraction)
