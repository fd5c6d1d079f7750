"""Values that are known to be constants."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, SSAValue

from gatewright.dialects.notes import ANY
from gatewright.ir.floats import constant_of_bits, format_of


def does_not_matter(value: SSAValue) -> bool:
    """Whether a value is a constant that could as well be another one."""
    return isinstance(value.owner, arith.ConstantOp) and ANY.value(value.owner)


def zero_of(type_: Attribute) -> IntegerAttr | FloatAttr:
    """The constant of a type of numbers all of whose bits are 0."""
    if format_of(type_) is not None:
        return constant_of_bits(0, type_)
    assert isinstance(type_, IndexType | IntegerType), f"{type_} is no type of numbers"
    return IntegerAttr(0, type_)


def constant_value(value: SSAValue) -> int | None:
    """The integer that a value is known to be, looking through casts, else None."""
    while isinstance(value.owner, arith.IndexCastOp):
        value = value.owner.input
    if isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, IntegerAttr):
        return value.owner.value.value.data
    return None
