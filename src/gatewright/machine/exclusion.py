"""Which conditions exclude each other.

They do if one is the negation (`xori` with true, or the opposite comparison) of the other, or of a part of it that
`andi` joins to the rest.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import OpResult, SSAValue

from gatewright.dialects.loopschedule.ops import StepOp

Literal: TypeAlias = tuple[Hashable, bool]
"""Something that is true or false, and which of them it has to be."""

_OPPOSITE = {0: 1, 2: 5, 3: 4, 6: 9, 7: 8}
"""The predicate of `arith.cmpi` that is true exactly when the other is false."""
_BASE = {**{base: (base, True) for base in _OPPOSITE}, **{other: (base, False) for base, other in _OPPOSITE.items()}}


def literals_of(condition: SSAValue) -> frozenset[Literal]:
    """What is known to hold if a condition is true."""
    found: set[Literal] = {(condition, True)}
    if not isinstance(condition, OpResult):
        return frozenset(found)
    match condition.op:
        case arith.AndIOp():
            found |= literals_of(condition.op.lhs) | literals_of(condition.op.rhs)
        case arith.XOrIOp() if _is_true(condition.op.rhs):
            found |= _opposites_of(condition.op.lhs)
        case arith.XOrIOp() if _is_true(condition.op.lhs):
            found |= _opposites_of(condition.op.rhs)
        case arith.CmpiOp():
            found.add(_comparison(condition.op))
        case StepOp() if condition.op.when is None:
            found |= literals_of(condition.op.register.values[condition.index])
        case _:
            pass
    return frozenset(found)


def _opposites_of(condition: SSAValue) -> frozenset[Literal]:
    """What is known to hold if a condition is false."""
    found: set[Literal] = {(condition, False)}
    if not isinstance(condition, OpResult):
        return frozenset(found)
    match condition.op:
        case arith.OrIOp():
            found |= _opposites_of(condition.op.lhs) | _opposites_of(condition.op.rhs)
        case arith.XOrIOp() if _is_true(condition.op.rhs):
            found |= literals_of(condition.op.lhs)
        case arith.XOrIOp() if _is_true(condition.op.lhs):
            found |= literals_of(condition.op.rhs)
        case arith.CmpiOp():
            key, holds = _comparison(condition.op)
            found.add((key, not holds))
        case StepOp() if condition.op.when is None:
            found |= _opposites_of(condition.op.register.values[condition.index])
        case _:
            pass
    return frozenset(found)


def _comparison(op: arith.CmpiOp) -> Literal:
    base, holds = _BASE[op.predicate.value.data]
    return ("cmpi", base, op.lhs, op.rhs), holds


def _is_true(value: SSAValue) -> bool:
    constant = value.owner
    return (
        isinstance(constant, arith.ConstantOp)
        and isinstance(constant.value, IntegerAttr)
        and constant.value.value.data & 1 == 1
    )
