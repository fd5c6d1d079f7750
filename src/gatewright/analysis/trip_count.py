"""How often a loop runs, where that is known: noted at loops that are not counted any more."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from gatewright.analysis.ranges import width_of
from gatewright.dialects.notes import TRIP_COUNT
from gatewright.ir.constants import constant_value


def counted_trips(loop: scf.ForOp) -> int | None:
    """The number of iterations of a counted loop with constant bounds."""
    low, high, step = (constant_value(value) for value in (loop.lb, loop.ub, loop.step))
    if low is None or high is None or step is None or step <= 0:
        return None
    return max(0, -(-(high - low) // step))


def note_trips(loop: Operation, trips: int | None) -> None:
    """Note the number of iterations at a loop, if it is known."""
    if trips is not None:
        TRIP_COUNT.set(loop, trips)


def trip_count(loop: Operation) -> int | None:
    """The number of iterations that is noted at a loop."""
    return TRIP_COUNT.value(loop)


def tested_trips(loop: scf.WhileOp) -> int | None:
    """The number of iterations of a loop that ends by a comparison of a counter with a constant.

    The counter begins with a constant, and each iteration adds one to it.
    """
    condition = loop.before_region.block.last_op
    assert isinstance(condition, scf.ConditionOp)
    compared = condition.condition.owner
    if not isinstance(compared, arith.CmpiOp):
        return None
    bound, counter, predicate = constant_value(compared.rhs), compared.lhs, compared.predicate.value.data
    if bound is None:
        bound, counter = constant_value(compared.lhs), compared.rhs
        predicate = _MIRRORED[predicate]
    first, step = _counting(loop, condition, counter)
    width = width_of(counter.type)
    if bound is None or first is None or not step or width is None:
        return None
    if predicate in _UNSIGNED:
        lowest, highest = 0, (1 << (width - 1)) - 1  # numbers that are the same with a sign
        predicate = _UNSIGNED[predicate]
    else:
        lowest, highest = -(1 << (width - 1)), (1 << (width - 1)) - 1
    trips = _steps(predicate, first, bound, step)
    if trips is None or not all(lowest <= each <= highest for each in (first, bound, first + trips * step)):
        return None
    return trips


_NE, _LT, _LE, _GT, _GE = 1, 2, 3, 4, 5
"""Predicates of `arith.cmpi`, the signed ones."""
_UNSIGNED = {6: _LT, 7: _LE, 8: _GT, 9: _GE}
_MIRRORED = {0: 0, 1: 1, 2: 4, 3: 5, 4: 2, 5: 3, 6: 8, 7: 9, 8: 6, 9: 7}


def _counting(loop: scf.WhileOp, condition: scf.ConditionOp, counter: SSAValue) -> tuple[int | None, int | None]:
    """The first value of what a condition compares, and what each iteration adds to it; None where not known."""
    before, after = loop.before_region.block, loop.after_region.block
    if not isinstance(counter, BlockArgument) or counter.block is not before:
        return None, None
    position = counter.index
    inside = [after.args[number] for number, value in enumerate(condition.args) if value is counter]
    terminator = after.last_op
    assert isinstance(terminator, scf.YieldOp)
    following = terminator.operands[position].owner
    step: int | None = None
    if isinstance(following, arith.AddiOp | arith.SubiOp) and following.lhs in inside:
        step = constant_value(following.rhs)
    elif isinstance(following, arith.AddiOp) and following.rhs in inside:
        step = constant_value(following.lhs)
    if step is not None and isinstance(following, arith.SubiOp):
        step = -step
    return constant_value(loop.arguments[position]), step


def _steps(predicate: int, first: int, bound: int, step: int) -> int | None:
    """How often a comparison holds of numbers that are equally far apart; None if nothing ends it."""
    distance = bound - first
    if predicate == _NE:
        return distance // step if distance % step == 0 and distance // step >= 0 else None
    if predicate in (_GT, _GE):
        distance, step = -distance, -step
    if predicate not in (_LT, _LE, _GT, _GE) or step < 0:
        return None
    return max(0, -(-(distance + (predicate in (_LE, _GE))) // step))
