"""Which loops to distribute, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.multiplication import ProductKind, product_kind
from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import label_of, labelled, name_loops
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS
from gatewright.transforms.loops.nest import nest_of
from gatewright.transforms.loops.split_loops import Cut, can_be_split, cut_behind, distribute, is_simple, obstacle

MOST_ITERATIONS = 1024
"""Loops with more iterations stay: what one part hands the other takes a word for each."""

ENOUGH = 1024
"""Loops around are split too, until the inner ones run so often that starting both parts does not matter."""


@dataclass(frozen=True)
class PlanDistributionPass(ModulePass):
    """Decide which loops are distributed: those with divisions, roots or products in front of inner loops, or behind.

    A nest with operations that take many cycles between its loops cannot be flattened: they would be part of every
    iteration. So would products, and where inner loops have products too they would need more than the `multipliers`
    that there are for an iteration a cycle. Apart, the nest is one pipeline, and so are they; `split-loops` does it.
    """

    name = "plan-distribution"

    multipliers: int | None = None
    """The most multipliers, of integers and of floating-point numbers; any number by default."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            loops = [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]
            for loop in reversed(loops):
                _plan(function, loop, self.multipliers)


def _plan(function: func.FuncOp, loop: scf.ForOp, multipliers: int | None) -> None:
    """Distribute a loop until no part of it has inner loops and operations beside them that should be apart."""
    given = asked(function).find("distribute", label_of(loop))
    if given is not None:
        assert isinstance(given.value, int)
        loops = [each for name in given.subject if (each := labelled(function, name)) is not None]
        if len(loops) < len(given.subject):
            return
        record(function, Decision("distribute", given.subject, given.value))
        if given.value < 0:
            return
        _plan(function, distribute(function, loops, given.value), multipliers)
        return
    if not can_be_split(loop) or (counted_trips(loop) or 0) > MOST_ITERATIONS:
        return
    beside = _Beside(loop, multipliers)
    after = _place(loop, beside)
    cut = cut_behind(loop, after) if after is not None else None
    if after is None or cut is None:
        return
    loops = _around(loop, cut[0] + cut[1])
    names = tuple(map(label_of, loops))
    if (reason := obstacle(function, loops, cut)) is not None:
        record(function, Decision("distribute", names, -1, reason))
        return
    record(function, Decision("distribute", names, after, beside.reason(cut)))
    _plan(function, distribute(function, loops, after), multipliers)


def _around(loop: scf.ForOp, body: Sequence[Operation]) -> list[scf.ForOp]:
    """The loop, and as many of those around it as it takes for enough iterations, the outermost first."""
    nests = [nest_of(op) for op in body if isinstance(op, scf.ForOp)]
    inner = [nest.iterations if nest is not None else None for nest in nests]
    loops, words = [loop], counted_trips(loop) or 1
    runs = words * sum(count or ENOUGH for count in inner)
    while runs < ENOUGH:
        outer = loops[0].parent_op()
        if not isinstance(outer, scf.ForOp) or not can_be_split(outer):
            break
        trips = counted_trips(outer) or 1
        others = [op for op in list(outer.body.block.ops)[:-1] if op is not loops[0]]
        if words * trips > MOST_ITERATIONS or not all(map(is_pure, others)):
            break
        loops.insert(0, outer)
        words, runs = words * trips, runs * trips
    return loops


class _Beside:
    """Whether an operation should not be in one loop with the inner loops of a body."""

    def __init__(self, loop: scf.ForOp, multipliers: int | None):
        self.crowded: set[ProductKind] = set()
        """The kinds of products of which an iteration would have too many."""
        self.of_counters: dict[SSAValue, bool] = {}
        """What is known of values."""
        self.multipliers = multipliers
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

    def reason(self, cut: Cut) -> str:
        """Why what is beside the inner loops should be apart from them."""
        ops = [op for part in cut for op in part if self(op)]
        if any(isinstance(op, LONG_OPERATIONS) for op in ops):
            return "between inner loops an operation of many cycles would be part of every iteration"
        return f"its products beside those of inner loops are more than {self.multipliers} for an iteration a cycle"

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


def _place(loop: scf.ForOp, apart: Callable[[Operation], bool]) -> int | None:
    """Behind how many inner loops to cut: up to those behind what should be apart, or up to it behind inner loops."""
    ops = list(loop.body.block.ops)[:-1]
    if not all(map(is_simple, ops)):
        return None
    inner = [position for position, op in enumerate(ops) if isinstance(op, scf.ForOp)]
    first = next((position for position, op in enumerate(ops) if apart(op)), None)
    if not inner or first is None:
        return None
    return sum(position < first for position in inner)
