"""Which loops run together with the ones in front of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.multiplication import product_kind
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.decisions import asked, plan_of, record
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision, Plan
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS
from gatewright.transforms.loops.shift_and_fuse import LoopPair, pair_of, shift_and_fuse

MOST_AT_ONCE = 16
"""The most iterations of a loop that are done in one of another one."""
WORTH = 6
"""Cycles that have to be saved: each part of a loop begins and ends by itself."""


@dataclass(frozen=True)
class PlanOverlapPass(ModulePass):
    """Decide which loops run together: those that move elements, with those that compute what they move, or with it.

    Both then take no longer than the one that takes longer, and what has to be done before. Loops with products, or
    other operators of several cycles, want these for themselves: of two that run together one has none.
    """

    name = "plan-overlap"

    multipliers: int | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.multipliers is None:
            return
        for function in functions_of(op):
            name_loops(function)
            _plan(function, self.multipliers)


def _plan(function: func.FuncOp, multipliers: int) -> None:
    given = asked(function)
    loops = [op for op in function.body.block.ops if isinstance(op, scf.WhileOp)]
    if not any(each.kind in ("unroll", "copy") for each in plan_of(function)):
        return
    loop = loops[0] if loops else None
    while loop is not None:
        pair = _pair(loop, multipliers)
        if pair is not None:
            pair = _decided(given, pair, multipliers)
        if pair is None:
            loop = _next(loop)
            continue
        names = label_of(pair.first), label_of(pair.second)
        before, after = _cycles(pair, multipliers)
        record(function, Decision("overlap", names, pair.shift, f"{after} cycles instead of {before}"))
        # The last part may run together with what is behind it.
        loop = shift_and_fuse(function, pair)


def _decided(given: Plan, pair: LoopPair, multipliers: int) -> LoopPair | None:
    """Two loops as they are to run together; None if they are not."""
    names = label_of(pair.first), label_of(pair.second)
    decision = next((each for each in given if each.kind == "overlap" and each.subject == names), None)
    if decision is None:
        before, after = _cycles(pair, multipliers)
        return pair if before - after >= WORTH else None
    assert isinstance(decision.value, int)
    if decision.value < pair.shift:
        raise UnsupportedError(
            f"{decision} cannot be done",
            where=source_location(pair.second),
            why=f"{names[1]} needs what the first {pair.shift} iterations of {names[0]} make",
            remedy=f"overlap({names[0]}, {names[1]}, after={pair.shift})",
        )
    return replace(pair, shift=decision.value)


def _pair(loop: scf.WhileOp, multipliers: int) -> LoopPair | None:
    """A loop with the one behind it, if one of them only moves elements: as many at once as the other one has time."""
    second = _next(loop)
    if second is None or not (_is_light(loop) or _is_light(second)):
        return None
    one, other = _interval([(loop, 1)], multipliers), _interval([(second, 1)], multipliers)
    if _is_light(loop):
        return pair_of(loop, (min(MOST_AT_ONCE, max(1, other // one)), 1))
    return pair_of(loop, (1, min(MOST_AT_ONCE, max(1, one // other))))


def _next(loop: scf.WhileOp) -> scf.WhileOp | None:
    op = loop.next_op
    while op is not None and not isinstance(op, scf.WhileOp):
        op = op.next_op
    return op


def _is_light(loop: scf.WhileOp | None) -> bool:
    """Whether a loop has nothing that takes an operator several cycles."""
    return loop is not None and not any(
        product_kind(op) is not None or isinstance(op, LONG_OPERATIONS) or isinstance(op, scf.WhileOp)
        for op in loop.after_region.walk()
    )


def _cycles(pair: LoopPair, multipliers: int) -> tuple[int, int]:
    """The cycles of two loops one after the other, and together."""
    one, other = _interval([(pair.first, 1)], multipliers), _interval([(pair.second, 1)], multipliers)
    both = _interval(list(zip((pair.first, pair.second), pair.rates, strict=True)), multipliers)
    apart = pair.trips[0] * one + pair.trips[1] * other
    return apart, pair.shift * one + pair.together * both + pair.rest[0] * one + pair.rest[1] * other


def _interval(loops: Sequence[tuple[scf.WhileOp, int]], multipliers: int) -> int:
    """The least interval that ports and multipliers allow, with so many iterations of each loop in one."""
    ports: Counter[tuple[SSAValue, bool]] = Counter()
    products = 0
    for loop, rate in loops:
        for op in loop.after_region.walk():
            if isinstance(op, MemoryAccess):
                ports[op.memref, isinstance(op, memref.StoreOp)] += rate
            products += rate * (product_kind(op) is not None)
    return max([1, ceil(products / multipliers), *ports.values()])
