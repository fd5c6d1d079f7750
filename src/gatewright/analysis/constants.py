"""Values that are known to be constants."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue


def constant_value(value: SSAValue) -> int | None:
    """The integer that a value is known to be, looking through casts, else None."""
    while isinstance(value.owner, arith.IndexCastOp):
        value = value.owner.input
    if isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, IntegerAttr):
        return value.owner.value.value.data
    return None
