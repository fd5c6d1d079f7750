"""Loop distribution: take out of a nest what would keep it from being one loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, MemRefType, ModuleOp, UnknownLoc
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.analysis.distances import DESCRIPTION_EFFORT, MOST_ACCESSES, QUESTION_EFFORT
from gatewright.analysis.multiplication import ProductKind, product_kind
from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import DISTRIBUTED
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value
from gatewright.ir.floats import scalar_bits
from gatewright.ir.purity import is_pure
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS, is_predicated_store
from gatewright.transforms.loops.nest import nest_of

MOST_ITERATIONS = 1024
"""Loops with more iterations stay: what one part hands the other takes a word for each."""

ENOUGH = 1024
"""Loops around are split too, until the inner ones run so often that starting both parts does not matter."""


@dataclass(frozen=True)
class SplitLoopsPass(ModulePass):
    """Give divisions, roots and products in front of inner loops, or behind them, a loop of their own.

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
    iteration. So would products, and where inner loops have products too they would need more than the `multipliers`
    that there are for an iteration a cycle. Apart, the nest is one pipeline, and so are they. What one part computes
    and the other uses goes through an array, a word for each iteration; what is computed from counters is computed
    again. Legal if nothing in the first part depends on the second part of an earlier iteration (K. Kennedy and
    K. McKinley, Loop distribution with arbitrary control flow, 1990).
    """

    name = "split-loops"

    multipliers: int | None = None
    """The most multipliers, of integers and of floating-point numbers; any number by default."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            loops = [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]
            for loop in reversed(loops):
                _split(function, loop, self.multipliers)


def _split(function: func.FuncOp, loop: scf.ForOp, multipliers: int | None) -> None:
    """Split a loop until no part of it has inner loops and operations beside them that should be apart, as far as that
    is legal."""
    if not _can_be_split(loop):
        return
    apart = _Distribution(loop, multipliers)
    cut = _cut(loop, apart)
    if cut is None:
        return
    loops = _around(loop, cut[0] + cut[1])
    if not _is_legal(function, loops, *cut):
        return
    rest = _Splitter(loops, apart, *cut).split()
    if rest is not None:
        _split(function, rest, multipliers)


def _can_be_split(loop: scf.ForOp) -> bool:
    """True for a loop with a known number of iterations, not too many, that carries nothing."""
    trips = counted_trips(loop)
    if trips is None or trips > MOST_ITERATIONS or constant_value(loop.step) != 1 or loop.iter_args:
        return False
    return isinstance(loop.lb.type, IndexType)


def _around(loop: scf.ForOp, body: Sequence[Operation]) -> list[scf.ForOp]:
    """The loop, and as many of those around it as it takes for enough iterations, the outermost first."""
    nests = [nest_of(op) for op in body if isinstance(op, scf.ForOp)]
    inner = [nest.iterations if nest is not None else None for nest in nests]
    loops, words = [loop], counted_trips(loop) or 1
    runs = words * sum(count or ENOUGH for count in inner)
    while runs < ENOUGH:
        outer = loops[0].parent_op()
        if not isinstance(outer, scf.ForOp) or not _can_be_split(outer):
            break
        trips = counted_trips(outer) or 1
        others = [op for op in list(outer.body.block.ops)[:-1] if op is not loops[0]]
        if words * trips > MOST_ITERATIONS or not all(map(is_pure, others)):
            break
        loops.insert(0, outer)
        words, runs = words * trips, runs * trips
    return loops


class _Distribution:
    """Whether an operation should not be in one loop with the inner loops of a body."""

    def __init__(self, loop: scf.ForOp, multipliers: int | None):
        self.crowded: set[ProductKind] = set()
        """The kinds of products of which an iteration would have too many."""
        self.of_counters: dict[SSAValue, bool] = {}
        """What is known of values."""
        if multipliers is None:
            return
        products = [op for op in loop.body.walk() if product_kind(op) is not None and not self._is_address(op)]
        beside = Counter(product_kind(op) for op in products if op.parent_block() is loop.body.block)
        inner = Counter(product_kind(op) for op in products if op.parent_block() is not loop.body.block)
        for kind in ProductKind:
            if inner[kind] and -(-(inner[kind] + beside[kind]) // multipliers) > -(-inner[kind] // multipliers):
                self.crowded.add(kind)

    def __call__(self, op: Operation) -> bool:
        return isinstance(op, LONG_OPERATIONS) or (product_kind(op) in self.crowded and not self._is_address(op))

    def _is_address(self, op: Operation) -> bool:
        """True if an operation depends on counters and scalar arguments alone: it will be counted along."""
        return is_pure(op) and all(map(self._is_of_counters, op.operands))

    def _is_of_counters(self, value: SSAValue) -> bool:
        if value not in self.of_counters:
            if isinstance(value.owner, Operation):
                self.of_counters[value] = self._is_address(value.owner)
            else:
                loop = value.owner.parent_op()
                self.of_counters[value] = not isinstance(loop, scf.ForOp) or value is loop.body.block.args[0]
        return self.of_counters[value]


def _cut(loop: scf.ForOp, apart: Callable[[Operation], bool]) -> tuple[list[Operation], list[Operation]] | None:
    """Two parts of a body: up to the inner loops behind what should be apart, or up to that behind inner loops."""
    ops = list(loop.body.block.ops)[:-1]
    if not all(_is_simple(op) for op in ops):
        return None
    inner = [position for position, op in enumerate(ops) if isinstance(op, scf.ForOp)]
    first = next((position for position, op in enumerate(ops) if apart(op)), None)
    if not inner or first is None:
        return None
    before = [position for position in inner if position < first]
    at = before[-1] + 1 if before else inner[0]
    return ops[:at], ops[at:]


def _is_simple(op: Operation) -> bool:
    """True for nests that can be flattened, and for straight-line code."""
    if isinstance(op, scf.ForOp):
        return nest_of(op) is not None
    return is_pure(op) or isinstance(op, MemoryAccess) or is_predicated_store(op)


def _is_legal(
    function: func.FuncOp, loops: Sequence[scf.ForOp], first: Sequence[Operation], second: Sequence[Operation]
) -> bool:
    """True if no access of the first part depends on one of the second part in an earlier iteration of any loop."""
    try:
        with limited(DESCRIPTION_EFFORT):
            described = describe(function)
            analysis = DependenceAnalysis(described.description)
        earlier, later = _accesses(second), _accesses(first)
        if len(earlier) + len(later) > MOST_ACCESSES:
            return False
        with limited(QUESTION_EFFORT * (len(earlier) + len(later))):
            return not any(_carried(described, analysis, loops, one, other) for one in earlier for other in later)
    except EffortError:
        return False


def _carried(
    described: DescribedFunction,
    analysis: DependenceAnalysis,
    loops: Sequence[scf.ForOp],
    one: Operation,
    other: Operation,
) -> bool:
    """True if an access depends on another one in an earlier iteration of a loop."""
    carriers = [described.loop_of[loop] for loop in loops]
    between = analysis.between(described.access_of[one], described.access_of[other])
    return any(dependence.carrier is carrier for dependence in between for carrier in carriers)


def _accesses(ops: Sequence[Operation]) -> list[Operation]:
    return [inner for op in ops for inner in op.walk() if isinstance(inner, MemoryAccess)]


class _Splitter:
    """Makes two nests of loops of one, whose innermost body is cut."""

    def __init__(
        self,
        loops: Sequence[scf.ForOp],
        apart: Callable[[Operation], bool],
        first: Sequence[Operation],
        second: Sequence[Operation],
    ):
        self.loops, self.apart, self.first, self.second = loops, apart, first, second
        self.counters = [loop.body.block.args[0] for loop in loops]
        between = [op for loop in loops[:-1] for op in loop.body.block.ops if not isinstance(op, scf.ForOp)]
        self.shared = {*between, *first}
        """What runs in front of the second part."""
        used = {operand: None for op in second for inner in op.walk() for operand in inner.operands}
        mine = {result for op in self.shared for result in op.results}
        self.crossing = [value for value in used if value in mine]
        """What is computed in front of the second part and used there."""
        self.body = Block(arg_types=[IndexType()])
        self.known: dict[SSAValue, SSAValue] = {self.counters[-1]: self.body.args[0]}
        """What values from in front of the second part are in its loop."""

    def split(self) -> scf.ForOp | None:
        """Move the second part into loops of its own behind the first; its innermost one. None if what is handed on
        cannot be kept."""
        handed = [value for value in self.crossing if not self._is_computed_again(value)]
        if any(isinstance(value.type, IndexType) or scalar_bits(value.type) is None for value in handed):
            return None
        nest, bodies = self._loops()
        for counter, body in zip(self.counters, bodies, strict=True):
            body.args[0].name_hint = counter.name_hint
            self.known[counter] = body.args[0]
        for value in handed:
            self._hand_on(value)
        for value in self.crossing:
            self._compute_again(value)
        for op in self.second:
            op.detach()
            self.body.add_op(op)
            for inner in op.walk():
                for position, operand in enumerate(inner.operands):
                    inner.operands[position] = self.known.get(operand, operand)
        self._add(scf.YieldOp())
        outermost = self.loops[0]
        DISTRIBUTED.set(outermost)
        DISTRIBUTED.set(nest)
        assert outermost.parent is not None
        outermost.parent.insert_op_after(nest, outermost)
        rest = self.body.parent_op()
        assert isinstance(rest, scf.ForOp)
        return rest

    def _loops(self) -> tuple[scf.ForOp, list[Block]]:
        """The loops of the second part, the innermost one without a terminator yet: the outermost, and all bodies."""
        bodies = [self.body]
        for loop in reversed(self.loops):
            made = scf.ForOp(loop.lb, loop.ub, loop.step, [], Region(bodies[0]))
            made.location = loop.location
            if loop is self.loops[0]:
                return made, bodies
            end = scf.YieldOp()
            end.location = loop.location
            bodies.insert(0, Block([made, end], arg_types=[IndexType()]))
        raise AssertionError("no loops")

    def _is_computed_again(self, value: SSAValue) -> bool:
        """True if a value depends on the counters, and on what is outside of the loops, alone."""
        if value in self.counters or value.owner not in self.shared:
            return True
        return isinstance(value.owner, Operation) and is_pure(value.owner) and self._are_computed_again(value.owner)

    def _are_computed_again(self, op: Operation) -> bool:
        return not self.apart(op) and all(map(self._is_computed_again, op.operands))

    def _hand_on(self, value: SSAValue) -> None:
        """Store a value at the end of the first part, and load it in the loop of the second one."""
        outermost, loop = self.loops[0], self.loops[-1]
        type_ = MemRefType(value.type, [counted_trips(loop) or 1 for loop in self.loops])
        kept = memref.AllocOp((), (), type_)
        kept.memref.name_hint = value.name_hint
        kept.location = loop.location
        assert outermost.parent is not None
        outermost.parent.insert_op_before(kept, outermost)
        places = [arith.SubiOp(counter, each.lb) for counter, each in zip(self.counters, self.loops, strict=True)]
        store = memref.StoreOp.get(value, kept.memref, [place.result for place in places])
        for op in (*places, store):
            op.location = loop.location
            loop.body.block.insert_op_before(op, self.second[0])
        there = [
            self._add(arith.SubiOp(self.known[counter], each.lb))
            for counter, each in zip(self.counters, self.loops, strict=True)
        ]
        self.known[value] = self._add(memref.LoadOp.get(kept.memref, there))
        self.known[value].name_hint = value.name_hint

    def _compute_again(self, value: SSAValue) -> SSAValue:
        """A value from in front of the second part in its loop."""
        if value not in self.known and value.owner in self.shared:
            assert isinstance(value, OpResult)
            copy = value.op.clone({operand: self._compute_again(operand) for operand in value.op.operands})
            copy.location = value.op.location
            self.known[value] = self._add(copy, value.index)
            self.known[value].name_hint = value.name_hint
        return self.known.get(value, value)

    def _add(self, op: Operation, position: int = 0) -> SSAValue:
        if isinstance(op.location, UnknownLoc):
            op.location = self.loops[-1].location
        self.body.add_op(op)
        return op.results[position] if op.results else self.counters[-1]
