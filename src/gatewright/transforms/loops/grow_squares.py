"""Growing squares: an order of two loops in which what they read is wanted no sooner than it can arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.parallel_loops import carried
from gatewright.analysis.trip_count import counted_trips
from gatewright.errors import UnsupportedError
from gatewright.ir.constants import constant_value
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import labelled
from gatewright.ir.rewriting import functions_of, insert_before
from gatewright.transforms.loops.permute_loops import perfect_nest


@dataclass(frozen=True)
class GrowSquaresPass(ModulePass):
    """Let two loops over a square visit it by squares that grow: what is new in each is a column, and then a row.

    ```
    for i in 0..8 {              for i in 0..8 {
      for j in 0..8 {              for j in 0..2 * i + 1 {
        c[i, j] = ...       ->       row, column = min(j, i), min(2 * i - j, i)
      }                              c[row, column] = ...
    }                              }
                                 }
    ```

    After m rows of one operand and m columns of the other have arrived m * m results are possible: in the order of rows
    the first row waits for the last column. Legal where no iteration depends on another one. (Index-set splitting: R.
    Allen and K. Kennedy, Optimizing Compilers for Modern Architectures, 2001, section 5.8.) `loops` are the names of
    the outer and the inner loop.
    """

    name = "grow-squares"

    loops: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if any(labelled(function, name) is not None for name in self.loops):
                grow_squares(function, self.loops)


def grow_squares(function: func.FuncOp, names: Sequence[str]) -> None:
    """Visit the square of two loops by growing squares. Raises UnsupportedError where that is not legal."""
    if reason := no_square(function, names):
        found = next((loop for name in names if (loop := labelled(function, name)) is not None), None)
        raise UnsupportedError(
            f"the loops {', '.join(names)} cannot be visited by growing squares",
            where=source_location(found or function),
            why=reason,
        )
    outer, inner = (loop for name in names if (loop := labelled(function, name)) is not None)
    first = inner.body.block.first_op
    assert first is not None
    for op in [op for op in outer.body.block.ops if op is not inner and op is not outer.body.block.last_op]:
        op.detach()
        inner.body.block.insert_op_before(op, first)
    start = inner.body.block.first_op
    assert start is not None
    row, column = (_Counter.of(loop) for loop in (outer, inner))
    trips = counted_trips(outer)
    assert trips is not None
    zero, one, end = (insert_before(_index(number), outer).result for number in (0, 1, trips))
    for loop, bound in ((outer, end), (inner, None)):
        loop.operands[0], loop.operands[2] = zero, one
        if bound is not None:
            loop.operands[1] = bound
    size, at = outer.body.block.args[0], inner.body.block.args[0]
    twice = insert_before(arith.AddiOp(size, size), inner).result
    inner.operands[1] = insert_before(arith.AddiOp(twice, one), inner).result
    back = insert_before(arith.SubiOp(twice, at), start).result
    places = [insert_before(arith.MinSIOp(each, size), start).result for each in (at, back)]
    for counter, place in zip((row, column), places, strict=True):
        counter.move(place, start)


def no_square(function: func.FuncOp, names: Sequence[str]) -> str | None:
    """Why two loops cannot visit what they do by growing squares, in words; None if they can."""
    loops = [loop for name in names if (loop := labelled(function, name)) is not None]
    if len(loops) != 2:
        return "it takes two counted loops"
    outer, inner = loops
    if inner.parent_op() is not outer or outer not in perfect_nest(inner) or inner.iter_args:
        return "one is not the other with nothing around it, or carries a value"
    trips = counted_trips(outer), counted_trips(inner)
    if trips[0] is None or trips[0] != trips[1] or any(constant_value(loop.lb) is None for loop in loops):
        return "it takes as many iterations of one as of the other, with constant bounds"
    return next((reason for loop in loops if (reason := carried(function, loop)) is not None), None)


@dataclass
class _Counter:
    """A counter that other values take the place of."""

    value: SSAValue
    uses: list[tuple[Operation, int]]
    low: int
    step: int

    @staticmethod
    def of(loop: scf.ForOp) -> _Counter:
        """The counter of a loop as it is used."""
        value = loop.body.block.args[0]
        low, step = constant_value(loop.lb), constant_value(loop.step)
        assert low is not None and step is not None
        return _Counter(value, [(use.operation, use.index) for use in value.uses], low, step)

    def move(self, place: SSAValue, anchor: Operation) -> None:
        """Let what the counter was be found from how many iterations are in front of it."""
        place.name_hint = self.value.name_hint
        if self.step != 1:
            step = insert_before(_index(self.step), anchor).result
            place = insert_before(arith.MuliOp(place, step), anchor).result
        if self.low:
            low = insert_before(_index(self.low), anchor).result
            place = insert_before(arith.AddiOp(place, low), anchor).result
        for operation, index in self.uses:
            operation.operands[index] = place


def _index(number: int) -> arith.ConstantOp:
    return arith.ConstantOp(IntegerAttr(number, IndexType()))
