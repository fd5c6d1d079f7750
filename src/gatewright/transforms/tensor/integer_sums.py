"""Reductions of dequantised tensors, done on the integers: exact sums of products, largest and smallest elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import IntegerType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from gatewright.numbers.types import Fixed
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.exact import Exact, bits
from gatewright.transforms.tensor.expression import ZERO, Constant, Expression, Input, Product, ScaledValue
from gatewright.transforms.tensor.generic_builder import GenericBuilder, compact
from gatewright.transforms.tensor.quantized_forms import Form, fractions
from gatewright.transforms.tensor.quantized_tensors import (
    Dequantized,
    Integers,
    QuantizedTensors,
    Read,
    constant_of,
    moved,
)
from gatewright.transforms.tensor.reduction import emit_reduction
from gatewright.transforms.tensor.states import Reduction, gathered, static_shape, tensor_axes

_EXTREMES: dict[type[Operation], str] = {
    arith.MaximumfOp: "max",
    arith.MaxnumfOp: "max",
    arith.MinimumfOp: "min",
    arith.MinnumfOp: "min",
}


@dataclass
class _Around:
    """What emitting a reduction on integers needs."""

    tensors: QuantizedTensors
    reads: Mapping[SSAValue, Read]
    centred: bool
    width: int
    """Bits of constants and of elements that are chosen."""
    op: GenericOp
    builder: Builder
    by_channel: bool = False

    def format_of(self, value: SSAValue) -> Fixed:
        """The format of integers."""
        return Fixed(self.width, 0)

    def stage(self, extents: Sequence[int], reduction: Sequence[bool] | None = None) -> GenericBuilder:
        """A new operation to build."""
        return self.tensors.stage(self.op, extents, reduction, self.width)

    def leaf(self, stage: GenericBuilder, op: GenericOp) -> Callable[[Expression], Exact]:
        """The inputs of integers."""

        def read(of: Expression) -> Exact:
            assert isinstance(of, Input)
            return self.tensors.leaf(stage, self.reads, of.argument, self.centred)

        return read


def integer_reduction(tensors: QuantizedTensors, value: SSAValue) -> Dequantized | None:
    """The result of a reduction of floats as integers times a scale, made before it; None if it is not that."""
    op = value.owner
    assert isinstance(op, GenericOp)
    if len(op.results) != 1:
        return None
    last, so_far = generic.yielded(op)[0].owner, generic.body_of(op).args[-1]
    initial = _constant_start(tensors, op.outputs[0])
    if not isinstance(last, Operation) or initial is None:
        return None
    terms = [operand for operand in last.operands if operand is not so_far]
    if len(terms) != 1 or len(last.operands) != 2 or _has_real_weights(op):
        return None
    forms, reads = tensors.forms(op, keep_constants=True)
    term = forms[terms[0]]
    if not isinstance(term, Form) or term.is_clamped or np.any(term.offset != 0) or len(term.terms) != 1:
        return None
    ((key, scale),) = term.terms.items()
    if any(argument not in reads for argument in key):
        return None
    if isinstance(last, arith.AddfOp):
        return _sum(tensors, op, reads, key, scale, initial)
    if type(last) in _EXTREMES and len(key) == 1 and np.all(scale > 0):
        return _extreme(tensors, op, reads, key[0], scale, _EXTREMES[type(last)], initial)
    return None


def _has_real_weights(op: GenericOp) -> bool:
    """Whether a reduction reads constant reals that change along what it reduces: no scale can be taken out of them."""
    extents, reduced = generic.extents_of(op), generic.is_reduction(op)
    for operand, map_ in zip(op.inputs, generic.maps_of(op), strict=False):
        contents = constant_of(operand)
        if contents is not None and not isinstance(generic.element_of(operand.type), IntegerType):
            if _varies(compact(gathered(contents, map_, extents)), reduced):
                return True
    return False


def _constant_start(tensors: QuantizedTensors, value: SSAValue) -> np.ndarray | None:
    """What a reduction starts with, over the axes of its result, if that is constant."""
    contents, op = constant_of(value), value.owner
    if contents is not None:
        return fractions(contents)
    if isinstance(op, tensor.ExpandShapeOp | tensor.CollapseShapeOp):
        given = _constant_start(tensors, op.src)
        shape = static_shape(op, op.results[0])
        return None if given is None else moved(op, given, generic.shape_of(op.src.type), shape)
    if not isinstance(op, GenericOp) or not generic.is_parallel(op) or len(op.results) != 1:
        return None
    forms, _ = tensors.forms(op)
    form = forms[generic.yielded(op)[0]]
    if not isinstance(form, Form) or not form.is_constant:
        return None
    return tensor_axes(form.offset, generic.output_map(op), len(static_shape(op, op.results[0])))


def _sum(
    tensors: QuantizedTensors,
    op: GenericOp,
    reads: Mapping[SSAValue, Read],
    key: tuple[SSAValue, ...],
    scale: np.ndarray,
    initial: np.ndarray,
) -> Dequantized | None:
    extents, reduced = generic.extents_of(op), generic.is_reduction(op)
    data = [argument for argument in key if reads[argument].raw.value is not None]
    constants = [argument for argument in key if reads[argument].raw.value is None]
    if not data or len(key) > 2 or _varies(scale, reduced):
        return None
    weights = np.ones((1,) * len(extents), object)
    for argument in constants:
        read = reads[argument]
        assert read.raw.contents is not None
        contents = gathered(read.raw.contents, read.map, extents)
        weights = weights * (contents.astype(object) - read.centre)
    centre = reads[data[0]].centre
    centred = len(data) == 2 or centre.size > 1
    inputs = [Input(argument) for argument in data]
    expression: Expression = Product(*inputs) if len(data) == 2 else inputs[0]
    if constants:
        expression = ScaledValue(expression, weights.astype(np.float64), ZERO)
    width = max(2, 1 + int(np.max(np.abs(weights))).bit_length())
    if width > 32:
        return None
    start = Constant(np.zeros((1,) * len(static_shape(op, op.results[0]))))
    around = _Around(tensors, reads, centred, width, op, Builder(InsertPoint.before(op)))
    stored = emit_reduction(around, Reduction(op, 0, "sum", expression, start))
    step = fractions(np.ldexp(1.0, np.asarray(-stored.fraction)))
    zero = np.zeros((1,) * len(extents), object) if centred else _total(weights, extents, reduced) * centre
    written, rank = generic.output_map(op), len(static_shape(op, op.results[0]))
    scale, zero = (tensor_axes(_over(a, extents), written, rank) for a in (scale * step, zero / step))
    raw = Integers(stored.value, stored.low, stored.high)
    return Dequantized(raw, generic.identity(rank), compact(scale), compact(zero), initial, is_rounded=True)


def _total(weights: np.ndarray, extents: Sequence[int], reduced: Sequence[bool]) -> np.ndarray:
    """The sum of the weights of each element of the result, over the loops."""
    for axis, (extent, is_reduced) in enumerate(zip(extents, reduced, strict=True)):
        if is_reduced:
            repeats = extent if weights.shape[axis] == 1 else 1
            weights = weights.sum(axis=axis, keepdims=True) * repeats
    return weights


def _extreme(
    tensors: QuantizedTensors,
    op: GenericOp,
    reads: Mapping[SSAValue, Read],
    argument: SSAValue,
    scale: np.ndarray,
    kind: str,
    initial: np.ndarray,
) -> Dequantized | None:
    read, bound = reads[argument], -3.4e38 if kind == "max" else 3.4e38
    beyond = np.all(initial <= bound) if kind == "max" else np.all(initial >= bound)
    if scale.size > 1 or read.centre.size > 1 or read.raw.value is None or not beyond:
        return None
    width = max(2, bits(read.raw.low, read.raw.high))
    around = _Around(tensors, reads, False, width, op, Builder(InsertPoint.before(op)))
    start = Constant(np.full((1,) * len(static_shape(op, op.results[0])), np.copysign(np.inf, bound)))
    stored = emit_reduction(around, Reduction(op, 0, kind, Input(argument), start))
    rank = len(static_shape(op, op.results[0]))
    raw = Integers(stored.value, read.raw.low, read.raw.high)
    scale, zero = scale.reshape((1,) * rank), read.centre.reshape((1,) * rank)
    return Dequantized(raw, generic.identity(rank), scale, zero, is_rounded=read.scale is None)


def _varies(array: np.ndarray, reduced: Sequence[bool]) -> bool:
    return array.ndim > 0 and any(is_reduced and array.shape[axis] > 1 for axis, is_reduced in enumerate(reduced))


def _over(array: np.ndarray, extents: Sequence[int]) -> np.ndarray:
    array = np.asarray(array, object)
    return array.reshape((1,) * len(extents)) if array.ndim == 0 else array
