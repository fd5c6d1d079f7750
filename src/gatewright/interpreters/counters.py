"""Loop counters: iteration arguments whose range its condition tells.

An argument `i` that starts at a, is increased by a constant s > 0 in every iteration, and is compared `i < b` in the
condition, is from a to b - 1 in the body, and at most b - 1 + s in the condition.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import OpResult, SSAValue

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineStageOp, StepOp
from gatewright.interpreters.terms import Term, width_of

_LESS_THAN = (2, 6)
"""The predicates of `arith.cmpi` that mean less than, signed and unsigned."""


def counter(loop: LoopOp, term: Callable[[SSAValue], Term]) -> tuple[int, Term, Term] | None:
    """The position of a loop's counter with terms of no text for its ranges in the condition and in the body.

    `term` gives the terms of values that are defined before the loop. None if the loop has no counter, or if it might
    wrap around.
    """
    test = loop.condition_register.values[0].owner
    if not isinstance(test, arith.CmpiOp) or test.predicate.value.data not in _LESS_THAN:
        return None
    argument = test.lhs
    if argument not in loop.condition.block.args or _is_inside(loop, test.rhs):
        return None
    position = loop.condition.block.args.index(argument)
    step = _increment(loop, position)
    first, bound = term(loop.iter_args[position]), term(test.rhs)
    largest = (1 << (width_of(argument.type) - 1)) - 1
    if step is None or step <= 0 or first.low < 0 or bound.low < 0 or max(first.high, bound.high + step) > largest:
        return None
    in_body = Term("", first.low, max(first.low, bound.high - 1))
    return position, Term("", first.low, max(first.high, bound.high - 1 + step)), in_body


def _is_inside(loop: LoopOp, value: SSAValue) -> bool:
    if isinstance(value, OpResult):
        return loop.is_ancestor(value.op)
    return value.owner in (loop.condition.block, loop.body.block)


def _increment(loop: LoopOp, position: int) -> int | None:
    """What an iteration adds to an iteration argument, if that is a constant."""
    value = loop.terminator.iter_args[position]
    while isinstance(value, OpResult) and isinstance(value.op, StepOp | PipelineStageOp) and value.op.when is None:
        value = value.op.register.values[value.index]
    added = value.owner
    if not isinstance(added, arith.AddiOp):
        return None
    argument = loop.body.block.args[position]
    other = added.rhs if added.lhs is argument else added.lhs if added.rhs is argument else None
    if other is None or not isinstance(other.owner, arith.ConstantOp):
        return None
    assert isinstance(other.owner.value, IntegerAttr)
    number = other.owner.value.value.data
    limit = 1 << (width_of(argument.type) - 1)
    assert isinstance(argument.type, IndexType) or -limit <= number < 2 * limit
    return number if number < limit else number - 2 * limit
