"""Loop shifting and fusion: let a loop run together with the one in front of it, some iterations behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import BoolAttr, IndexType, IntegerAttr, i1
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from gatewright.analysis.static_state import state_after
from gatewright.analysis.traced_dependences import Trace, accesses_of, trace
from gatewright.analysis.trip_count import note_trips
from gatewright.dialects.notes import DISTANCES, LOOP
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.loop_labels import fresh_label, label_of, take_place
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import copied, insert_before, located


@dataclass(frozen=True)
class LoopPair:
    """Two loops that follow each other and can run together."""

    first: scf.WhileOp
    second: scf.WhileOp
    trips: tuple[int, int]
    """The iterations of each."""
    shift: int
    """How many iterations of the first one have to be done before the second one begins."""
    rates: tuple[int, int] = (1, 1)
    """How many iterations of each are done in one in which both run."""

    @property
    def together(self) -> int:
        """The iterations in which both run."""
        return max(0, min((self.trips[0] - self.shift) // self.rates[0], self.trips[1] // self.rates[1]))

    @property
    def rest(self) -> tuple[int, int]:
        """The iterations of each that are left behind those."""
        return (
            self.trips[0] - self.shift - self.together * self.rates[0],
            self.trips[1] - self.together * self.rates[1],
        )


def pair_of(first: scf.WhileOp, rates: tuple[int, int] = (1, 1)) -> LoopPair | None:
    """A loop and the one behind it, if both do their iterations one after the other and can run together.

    `rates` are the iterations of each that are done at once.
    """
    second = _following(first)
    if second is None:
        return None
    traces = _traced(first), _traced(second)
    if traces[0] is None or traces[1] is None:
        return None
    trips = traces[0].iterations, traces[1].iterations
    if not trips[0] or not trips[1]:
        return None
    shift = _least_shift(traces[0], traces[1], trips[0], rates)
    return LoopPair(first, second, (trips[0], trips[1]), shift, rates)


def _following(first: scf.WhileOp) -> scf.WhileOp | None:
    """The loop behind one, with nothing between them that has to stay there."""
    op = first.next_op
    while op is not None and not isinstance(op, scf.WhileOp):
        made = isinstance(op, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp)
        if not (made or is_pure(op)) or any(operand.owner is first for operand in op.operands):
            return None
        op = op.next_op
    if op is None or any(value.owner is first for inner in op.walk() for value in inner.operands):
        return None
    return op


def _traced(loop: scf.WhileOp) -> Trace | None:
    """The addresses of all accesses of a loop; None if one is not known, or some control of the loop."""
    if DISTANCES.of(loop) is not None:
        return None
    found = accesses_of(loop.after_region.block)
    if found is None or any(op.regions and not isinstance(op, scf.IfOp) for op in loop.after_region.block.ops):
        return None
    traced = trace(loop, found)
    return traced if traced is not None and len(traced.addresses) == len(found) else None


def _least_shift(first: Trace, second: Trace, trips: int, rates: tuple[int, int]) -> int:
    """How many iterations ahead the first loop has to be, so that accesses of one element keep their order.

    In an iteration of both the first loop comes first, at the rate of each.
    """
    shift = 0
    for one, before in first.addresses.items():
        for other, after in second.addresses.items():
            assert isinstance(one, MemoryAccess) and isinstance(other, MemoryAccess)
            if one.memref is not other.memref or not {type(one), type(other)} & {memref.StoreOp}:
                continue
            size = int(max(before.max(initial=0), after.max(initial=0))) + 1
            last, soonest = np.full(size, -1), np.full(size, len(after) + trips)
            happened = np.flatnonzero(before >= 0)
            last[before[happened]] = happened
            happened = np.flatnonzero(after >= 0)[::-1]
            soonest[after[happened]] = happened
            before_it = rates[0] * (soonest // rates[1]) + rates[0] - 1
            shift = max(shift, int((last - before_it).max(initial=0)))
    return shift


def shift_and_fuse(function: func.FuncOp, pair: LoopPair) -> scf.WhileOp:
    """Run two loops together; return the last of the loops that take their place::

        for t in 0..7 { a(t) }         for t in 0..3 { a(t) }
        for t in 0..7 { b(t) }   ->    for t in 0..4 { a(t + 3); b(t) }
                                       for t in 4..7 { b(t) }

    What the loops carry goes from one part to the next. (A. Darte and G. Huard, Loop shifting for loop compaction,
    International Journal of Parallel Programming 28(5), 2000.)
    """
    first, second = pair.first, pair.second
    op = first.next_op
    while op is not None and op is not second:
        after = op.next_op
        op.detach()
        assert first.parent is not None
        first.parent.insert_op_before(op, first)
        op = after
    parts = _FusedParts(function, second)
    one, other = list(first.arguments), list(second.arguments)
    if pair.shift:
        one, _ = parts.add(pair.shift, (first, one), None, "ahead")
    one, other = parts.add(pair.together, (first, one), (second, other), "", pair.rates)
    if pair.rest[0]:
        one, _ = parts.add(pair.rest[0], (first, one), None, "rest")
    if pair.rest[1]:
        _, other = parts.add(pair.rest[1], None, (second, other), "rest")
    Rewriter.replace_op(first, [], one)
    Rewriter.replace_op(second, [], other)
    assert parts.last is not None
    return parts.last


_Given = tuple[scf.WhileOp, list[SSAValue]]
"""A loop, and what it carries to begin with."""


@dataclass
class _FusedParts:
    """Builds the loops that take the place of two, in front of the second one."""

    function: func.FuncOp
    anchor: scf.WhileOp
    last: scf.WhileOp | None = None

    def add(
        self,
        trips: int,
        first: _Given | None,
        second: _Given | None,
        name: str,
        rates: tuple[int, int] = (1, 1),
    ) -> tuple[list[SSAValue], list[SSAValue]]:
        """A loop of so many iterations of both, or of one; what each hands on."""
        given = [(*each, rate) for each, rate in zip((first, second), rates, strict=True) if each is not None]
        zero, one, last = (self._index(number) for number in (0, 1, trips - 1))
        more = self._place(arith.ConstantOp(BoolAttr.from_bool(True), i1))
        initial = [zero, more, *(value for _, values, _ in given for value in values)]
        types = [value.type for value in initial]
        before, body = Block(arg_types=types), Block(arg_types=types)
        before.add_op(scf.ConditionOp(before.args[1], *before.args))
        following: list[SSAValue] = []
        at = 2
        for loop, values, rate in given:
            carried: Sequence[SSAValue] = body.args[at : at + len(values)]
            for _ in range(rate):
                carried = self._copy(loop, body, carried)
            following += carried
            at += len(values)
        counted = self._emit(body, arith.AddiOp(body.args[0], one))
        again = self._emit(body, arith.CmpiOp(body.args[0], last, "slt"))
        body.add_op(scf.YieldOp(counted, again, *following))
        made = insert_before(scf.WhileOp(initial, types, Region(before), Region(body)), self.anchor)
        note_trips(made, trips)
        self.last = made
        take_place([loop for loop, _, _ in given], made)
        if name:
            LOOP.set(made, [fresh_label(self.function, f"{label_of(made)}_{name}")])
        results: list[SSAValue] = list(made.results[2:])
        at = 0
        for loop, values, rate in given:
            for number, constant in state_after(loop, values, trips * rate).items():
                results[at + number] = self._place(arith.ConstantOp(constant))
            at += len(values)
        count = len(first[1]) if first is not None else 0
        return (
            results[:count] if first is not None else [],
            results[count:] if second is not None else [],
        )

    def _copy(self, loop: scf.WhileOp, body: Block, arguments: Sequence[SSAValue]) -> list[SSAValue]:
        """Append an iteration of a loop; return what it hands on."""
        old = loop.after_region.block
        for before, after in zip(old.args, arguments, strict=True):
            after.name_hint = before.name_hint
        values: dict[SSAValue, SSAValue] = dict(zip(old.args, arguments, strict=True))
        end = old.last_op
        assert isinstance(end, scf.YieldOp)
        for op in list(old.ops)[:-1]:
            body.add_op(copied(op, values))
        return [values.get(value, value) for value in end.operands]

    def _index(self, number: int) -> SSAValue:
        return self._place(arith.ConstantOp(IntegerAttr(number, IndexType())))

    def _place(self, op: Operation) -> SSAValue:
        return insert_before(op, self.anchor).results[0]

    def _emit(self, body: Block, op: Operation) -> SSAValue:
        body.add_op(located(op, self.anchor))
        return op.results[0]
