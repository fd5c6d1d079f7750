"""Take out of a nest what would keep it from being one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, MemRefType, ModuleOp, UnknownLoc
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.constants import constant_value
from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.analysis.distances import DESCRIPTION_EFFORT, MOST_ACCESSES, QUESTION_EFFORT
from gatewright.analysis.purity import is_pure
from gatewright.analysis.trip_count import counted_trips
from gatewright.floats import scalar_bits
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS, is_predicated_store
from gatewright.transforms.loops.nest import nest_of

MOST_ITERATIONS = 1024
"""A loop with more iterations stays: what one part hands the other takes a word for each."""

Access = memref.LoadOp | memref.StoreOp


@dataclass(frozen=True)
class SplitLoopsPass(ModulePass):
    """Give divisions and roots in front of inner loops, or behind them, a loop of their own.

    ```
    for i in 0..8 {                    for i in 0..8 {
      s = for j in 0..8 { ... }          s = for j in 0..8 { ... }
      q = s / load n[i]          ->      store s, t[i]
      store q, a[i]                    }
    }                                  for i in 0..8 {
                                         q = load t[i] / load n[i]
                                         store q, a[i]
                                       }
    ```

    A nest with operations that take many cycles between its loops cannot be flattened: they would be part of every
    iteration. Apart, the nest is one pipeline, and so are they. What one part computes and the other uses goes through
    an array, a word for each iteration; what is computed from counters is computed again. Legal if nothing in the first
    part depends on the second part of an earlier iteration (K. Kennedy and K. McKinley, Loop distribution with
    arbitrary control flow, 1990).
    """

    name = "split-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            loops = [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]
            for loop in reversed(loops):
                _split(function, loop)


def _split(function: func.FuncOp, loop: scf.ForOp) -> None:
    """Split a loop until no part of it has inner loops and long operations beside them, as far as that is legal."""
    trips = counted_trips(loop)
    if trips is None or trips > MOST_ITERATIONS or constant_value(loop.step) != 1 or loop.iter_args:
        return
    if not isinstance(loop.lb.type, IndexType):
        return
    cut = _cut(loop)
    if cut is None or not _is_legal(function, loop, *cut):
        return
    rest = _Splitter(loop, trips, *cut).split()
    if rest is not None:
        _split(function, rest)


def _cut(loop: scf.ForOp) -> tuple[list[Operation], list[Operation]] | None:
    """Two parts of a body: up to the inner loops behind long operations, or up to these behind inner loops."""
    ops = list(loop.body.block.ops)[:-1]
    if not all(_is_simple(op) for op in ops):
        return None
    inner = [position for position, op in enumerate(ops) if isinstance(op, scf.ForOp)]
    long = next((position for position, op in enumerate(ops) if isinstance(op, LONG_OPERATIONS)), None)
    if not inner or long is None:
        return None
    before = [position for position in inner if position < long]
    at = before[-1] + 1 if before else inner[0]
    return ops[:at], ops[at:]


def _is_simple(op: Operation) -> bool:
    """True for nests that can be flattened, and for straight-line code."""
    if isinstance(op, scf.ForOp):
        return nest_of(op) is not None
    return is_pure(op) or isinstance(op, Access) or is_predicated_store(op)


def _is_legal(function: func.FuncOp, loop: scf.ForOp, first: Sequence[Operation], second: Sequence[Operation]) -> bool:
    """True if no access of the first part depends on one of the second part in an earlier iteration."""
    try:
        with limited(DESCRIPTION_EFFORT):
            described = describe(function)
            analysis = DependenceAnalysis(described.description)
        earlier, later = _accesses(second), _accesses(first)
        if len(earlier) + len(later) > MOST_ACCESSES:
            return False
        with limited(QUESTION_EFFORT * (len(earlier) + len(later))):
            return not any(_carried(described, analysis, loop, one, other) for one in earlier for other in later)
    except EffortError:
        return False


def _carried(
    described: DescribedFunction, analysis: DependenceAnalysis, loop: scf.ForOp, one: Operation, other: Operation
) -> bool:
    """True if an access depends on another one in an earlier iteration of a loop."""
    carrier = described.loop_of[loop]
    between = analysis.between(described.access_of[one], described.access_of[other])
    return any(dependence.carrier is carrier for dependence in between)


def _accesses(ops: Sequence[Operation]) -> list[Operation]:
    return [inner for op in ops for inner in op.walk() if isinstance(inner, Access)]


class _Splitter:
    """Makes two loops of one."""

    def __init__(self, loop: scf.ForOp, trips: int, first: Sequence[Operation], second: Sequence[Operation]):
        self.loop, self.trips, self.first, self.second = loop, trips, first, second
        self.counter = loop.body.block.args[0]
        used = {operand: None for op in second for inner in op.walk() for operand in inner.operands}
        mine = {result for op in first for result in op.results}
        self.crossing = [value for value in used if value in mine]
        """What the first part defines and the second one uses."""
        self.body = Block(arg_types=[self.counter.type])
        self.known: dict[SSAValue, SSAValue] = {self.counter: self.body.args[0]}
        """What values of the first part are in the second loop."""

    def split(self) -> scf.ForOp | None:
        """Move the second part into a loop of its own behind the first; None if what is handed on cannot be kept."""
        handed = [value for value in self.crossing if not self._is_computed_again(value)]
        if any(isinstance(value.type, IndexType) or scalar_bits(value.type) is None for value in handed):
            return None
        self.body.args[0].name_hint = self.counter.name_hint
        for value in handed:
            self._hand_on(value)
        for value in self.crossing:
            self._compute_again(value)
        end = self.loop.body.block.last_op
        assert end is not None and self.loop.parent is not None
        for op in self.second:
            op.detach()
            self.body.add_op(op)
            for inner in op.walk():
                for position, operand in enumerate(inner.operands):
                    inner.operands[position] = self.known.get(operand, operand)
        self._add(scf.YieldOp())
        other = scf.ForOp(self.loop.lb, self.loop.ub, self.loop.step, [], Region(self.body))
        other.location = self.loop.location
        self.loop.parent.insert_op_after(other, self.loop)
        return other

    def _is_computed_again(self, value: SSAValue) -> bool:
        """True if a value depends on the counter, and on what is outside of the loop, alone."""
        if value is self.counter or value.owner not in self.first:
            return True
        return isinstance(value.owner, Operation) and is_pure(value.owner) and self._are_computed_again(value.owner)

    def _are_computed_again(self, op: Operation) -> bool:
        return not isinstance(op, LONG_OPERATIONS) and all(map(self._is_computed_again, op.operands))

    def _hand_on(self, value: SSAValue) -> None:
        """Store a value at the end of the first part, and load it in the second loop."""
        loop, type_ = self.loop, MemRefType(value.type, [self.trips])
        kept = memref.AllocOp((), (), type_)
        kept.memref.name_hint = value.name_hint
        kept.location = loop.location
        assert loop.parent is not None
        loop.parent.insert_op_before(kept, loop)
        first_of_second = self.second[0]
        place = arith.SubiOp(self.counter, loop.lb)
        store = memref.StoreOp.get(value, kept.memref, [place.result])
        for op in (place, store):
            op.location = loop.location
            loop.body.block.insert_op_before(op, first_of_second)
        there = self._add(arith.SubiOp(self.body.args[0], loop.lb))
        self.known[value] = self._add(memref.LoadOp.get(kept.memref, [there]))
        self.known[value].name_hint = value.name_hint

    def _compute_again(self, value: SSAValue) -> SSAValue:
        """A value of the first part in the second loop."""
        if value not in self.known and value.owner in self.first:
            assert isinstance(value, OpResult)
            copy = value.op.clone({operand: self._compute_again(operand) for operand in value.op.operands})
            copy.location = value.op.location
            self.known[value] = self._add(copy, value.index)
            self.known[value].name_hint = value.name_hint
        return self.known.get(value, value)

    def _add(self, op: Operation, position: int = 0) -> SSAValue:
        if isinstance(op.location, UnknownLoc):
            op.location = self.loop.location
        self.body.add_op(op)
        return op.results[position] if op.results else self.counter
