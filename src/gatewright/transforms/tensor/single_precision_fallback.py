"""Single-precision fallback: inexact elementwise operations on fixed-point numbers, rounded once to the format."""

from __future__ import annotations

from collections.abc import Callable, Container

import numpy as np
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat, Float32Type, IntegerType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, SSAValue

from gatewright.ir.floats import float_constant
from gatewright.numbers.float_format import FORMATS
from gatewright.numbers.types import Fixed
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.exact import Exact, limits
from gatewright.transforms.tensor.generic_builder import GenericBuilder

MOST_BITS = 24
"""The widest format whose numbers single precision has all of."""

_SINGLE = FORMATS["f32"]


def is_possible(op: GenericOp, known: Container[SSAValue]) -> bool:
    """True if the body of an operation, but for what is `known`, is arithmetic of floats."""
    if any(not isinstance(generic.element_of(value.type), AnyFloat) for value in op.results):
        return False
    return all(inner.results[0] in known or _is_arithmetic(inner) for inner in computations(op))


def computations(op: GenericOp) -> list[Operation]:
    """The operations of a body but for its end and its assertions, which nobody would hear."""
    return [inner for inner in list(generic.body_of(op).ops)[:-1] if inner.name != "cf.assert"]


def _is_arithmetic(op: Operation) -> bool:
    """True for arithmetic on floats, and on the truth of comparisons of them."""
    if not op.name.startswith(("arith.", "math.")) or len(op.results) != 1:
        return False
    return all(
        isinstance(value.type, AnyFloat) or value.type == IntegerType(1) for value in [*op.operands, *op.results]
    )


class FloatDetour:
    """One such operation under construction."""

    def __init__(self, op: GenericOp, stage: GenericBuilder, constants: Callable[[np.ndarray], SSAValue]):
        """`constants` places a constant tensor of single precision; `stage` has the loops of `op`."""
        self.op, self.stage, self.constants = op, stage, constants
        self.values: dict[SSAValue, SSAValue] = {}

    def give(self, argument: SSAValue, number: Exact) -> None:
        """An input of the body: a fixed-point number as the nearest one of single precision."""
        emit, arithmetic = self.stage.arithmetic.emit, self.stage.arithmetic
        value = emit(arith.SIToFPOp(arithmetic.at_width(number, max(2, number.width)), Float32Type()))
        scale = self._number(2.0**-number.fraction)
        self.values[argument] = value if number.fraction == 0 else emit(arith.MulfOp(value, scale))

    def give_constant(self, argument: SSAValue, array: np.ndarray) -> None:
        """A constant that the body reads, given over the loops."""
        if array.size == 1:
            is_truth = argument.type == IntegerType(1)
            truth = arith.ConstantOp.from_int_and_width(int(array.item()), 1) if is_truth else None
            emit = self.stage.arithmetic.emit
            self.values[argument] = self._number(float(array.item())) if truth is None else emit(truth)
            return
        axes = [axis for axis, extent in enumerate(array.shape) if extent > 1]
        contents = self.constants(array.reshape([array.shape[axis] for axis in axes]))
        self.values[argument] = self.stage.read(contents, generic.axes_map(len(self.stage.extents), axes))

    def result(self, position: int, format_: Fixed) -> tuple[SSAValue, SSAValue]:
        """What the body yields, in a format: the raw integer, and the truth of whether it saturates.

        NaN becomes 0, infinities the ends of the format.
        """
        emit = self.stage.arithmetic.emit
        for inner in computations(self.op):
            if inner.results[0] in self.values:
                continue
            self.values[inner.results[0]] = self._single(inner)
        yielded = generic.yielded(self.op)[position]
        value = self.values[yielded]
        if format_.fraction:
            value = emit(arith.MulfOp(value, self._number(2.0**format_.fraction)))
        rounded = emit(math.RoundEvenOp(value))
        low, high = (self._number(float(bound)) for bound in limits(format_.bits))
        below, above = emit(arith.CmpfOp(rounded, low, "olt")), emit(arith.CmpfOp(rounded, high, "ogt"))
        clipped = emit(arith.SelectOp(above, high, emit(arith.SelectOp(below, low, rounded))))
        raw = emit(arith.FPToSIOp(clipped, IntegerType(format_.bits)))
        return raw, emit(arith.OrIOp(below, above))

    def _single(self, op: Operation) -> SSAValue:
        """An operation in single precision, whatever precision it has."""
        operands = [self.values[operand] for operand in op.operands]
        if isinstance(op, arith.ExtFOp | arith.TruncFOp):
            return operands[0]
        type_ = op.results[0].type
        copy = type(op).create(
            operands=operands,
            result_types=[Float32Type() if isinstance(type_, AnyFloat) else type_],
            properties=op.properties.copy(),
            attributes=op.attributes.copy(),
        )
        copy.location = op.location
        self.stage.block.add_op(copy)
        return copy.results[0]

    def _number(self, value: float) -> SSAValue:
        return self.stage.arithmetic.emit(arith.ConstantOp(float_constant(value, _SINGLE)))
