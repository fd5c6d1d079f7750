"""Put the loop whose iterations can best be interleaved around a reduction."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import IndexType, ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.parallel_loops import is_parallel
from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.purity import is_pure
from gatewright.operators.library import OperatorLibrary
from gatewright.transforms.loops.interleave_loops import InterleaveCandidate, plan_of


@dataclass(frozen=True)
class PermuteLoopsPass(ModulePass):
    """Move a loop of a nest next to a reduction inside it.

    ```
    for c in 0..16 {                         for x in 0..4 {
      for x in 0..4 {                          for c in 0..16 {
        s = for k in 0..72 carries s ...         s = for k in 0..72 carries s ...
        store s, y[c, x]               ->        store s, y[c, x]
      }                                        }
    }                                        }
    ```

    An addition that takes seven cycles wants seven sums side by side for one an iteration a cycle, and the loop around
    the sum has but four. Legal for a loop of which no iteration depends on another: it may go as far inside as it likes
    (R. Allen and K. Kennedy, Optimizing Compilers for Modern Architectures, 2001, section 5.2). Done where
    `interleave-loops` saves an eighth of the cycles by it.
    """

    name = "permute-loops"

    clock_mhz: float = 100.0
    target: str = "generic"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            for loop in [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]:
                plan = plan_of(loop, library)
                nest = _around(loop)
                at = _better(plan, nest) if plan is not None else None
                if at is not None and is_parallel(function, nest[at]):
                    _move_inside(nest[at:])


def _around(loop: scf.ForOp) -> list[scf.ForOp]:
    """The loops of the perfect nest that ends with a loop, but for operations without effects, from the outermost."""
    nest = [loop]
    while isinstance(outer := nest[0].parent_op(), scf.ForOp):
        others = [op for op in list(outer.body.block.ops)[:-1] if op is not nest[0]]
        if outer.iter_args or counted_trips(outer) is None or not isinstance(outer.lb.type, IndexType):
            break
        if not all(map(is_pure, others)) or any(_is_inside(bound, outer) for bound in _bounds(nest[0])):
            break
        nest.insert(0, outer)
    return nest


def _bounds(loop: scf.ForOp) -> tuple[SSAValue, SSAValue, SSAValue]:
    return loop.lb, loop.ub, loop.step


def _is_inside(value: SSAValue, loop: scf.ForOp) -> bool:
    owner = value.owner
    return loop.is_ancestor(owner)


def _better(plan: InterleaveCandidate, nest: list[scf.ForOp]) -> int | None:
    """Which loop of a nest would be better inside than the one that is; None if none is by an eighth."""

    def interval(loop: scf.ForOp) -> float:
        trips = counted_trips(loop) or 1
        return plan.cycles(trips, plan.best(trips)) / trips

    best = min(range(len(nest)), key=lambda at: (interval(nest[at]), -at))
    return best if 8 * interval(nest[best]) <= 7 * interval(nest[-1]) else None


def _move_inside(nest: list[scf.ForOp]) -> None:
    """Make the outermost loop of a perfect nest the innermost one."""
    innermost = nest[-1]
    first = innermost.body.block.first_op
    assert first is not None
    for loop in nest[:-1]:
        for op in list(loop.body.block.ops)[:-1]:
            if not isinstance(op, scf.ForOp):
                op.detach()
                innermost.body.block.insert_op_before(op, first)
    counters = [loop.body.block.args[0] for loop in nest]
    headers = [(_bounds(loop), counter.name_hint) for loop, counter in zip(nest, counters, strict=True)]
    moved: dict[SSAValue, SSAValue] = dict(zip(counters, [counters[-1], *counters[:-1]], strict=True))
    for op in innermost.body.walk():
        for position, operand in enumerate(op.operands):
            if operand in moved:
                op.operands[position] = moved[operand]
    for loop, (bounds, name) in zip(nest, [*headers[1:], headers[0]], strict=True):
        for position, bound in enumerate(bounds):
            loop.operands[position] = bound
        loop.body.block.args[0].name_hint = name
