"""Which multiplications need a multiplier, and how wide a one."""

from __future__ import annotations

from enum import Enum

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import Operation, SSAValue

from gatewright.analysis.ranges import width_of

CONSTANT_DIGITS = 4
"""A multiplication by a constant with at most so many nonzero signed digits is shifts and additions."""

COMBINATIONAL_BITS = 8
"""A product of at most so many bits is logic: a hardware multiplier would be wasted on it."""


def signed_width(value: SSAValue) -> int:
    """Bits of the signed number that a value is known to be, looking through extensions."""
    owner = value.owner
    if isinstance(owner, arith.ExtSIOp):
        return signed_width(owner.input)
    if isinstance(owner, arith.ExtUIOp):
        return (width_of(owner.input.type) or 1) + 1
    width = width_of(value.type)
    assert width is not None
    return width


def signed_digits(number: int) -> int:
    """How many digits of a number are not zero in canonical signed-digit form.

    Source: G. W. Reitwiesner, Binary arithmetic, Advances in Computers 1, 1960: the digits of n are those bits in which
    3n and n differ.
    """
    number = abs(number)
    return ((3 * number) ^ number).bit_count()


def needs_multiplier(op: Operation) -> bool:
    """True for a product that a hardware multiplier computes."""
    if not isinstance(op, arith.MuliOp):
        return False
    constant = constant_operand(op)
    if constant is not None and signed_digits(constant) <= CONSTANT_DIGITS:
        return False
    return (width_of(op.result.type) or 1) > COMBINATIONAL_BITS


class ProductKind(Enum):
    """What a multiplier multiplies."""

    INTEGER = "integer"
    FLOAT = "float"


def product_kind(op: Operation) -> ProductKind | None:
    """Which kind of multiplier an operation takes; None if it takes none, as products of indices will not."""
    if isinstance(op, arith.MulfOp | math.FmaOp):
        return ProductKind.FLOAT
    if needs_multiplier(op) and not isinstance(op.results[0].type, IndexType):
        return ProductKind.INTEGER
    return None


def constant_operand(op: Operation) -> int | None:
    """The first operand of an operation that is a constant integer, else None."""
    for operand in op.operands:
        if isinstance(operand.owner, arith.ConstantOp) and isinstance(operand.owner.value, IntegerAttr):
            return operand.owner.value.value.data
    return None
