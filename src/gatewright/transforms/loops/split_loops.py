"""Loop distribution: take out of a nest what would keep it from being one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, MemRefType, ModuleOp, UnknownLoc
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.function_dependences import FunctionDependences
from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import DISTRIBUTED, LOOP
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess, accesses
from gatewright.ir.constants import constant_value
from gatewright.ir.floats import scalar_bits
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import base_name, fresh_label, label_of, labelled
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import copied, functions_of
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS, is_predicated_store
from gatewright.transforms.loops.nest import nest_of


@dataclass(frozen=True)
class SplitLoopsPass(ModulePass):
    """Give what is in front of inner loops, or behind them, a loop of its own.

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

    `loops=c,x` names the loops that are split, from the outermost one; `after` is the number of inner loops that stay
    in the first part, which ends behind the last of them; 0 cuts in front of the first one. What one part computes
    and the other uses goes through an array, a word for each iteration; what is computed from counters is computed
    again.
    Legal if nothing in the first part depends on the second part of an earlier iteration (K. Kennedy and K. McKinley,
    Loop distribution with arbitrary control flow, 1990); refused, with the dependence, if something may.
    """

    name = "split-loops"

    loops: tuple[str, ...] = ()
    after: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            found = [labelled(function, name) for name in self.loops]
            if loops := [loop for loop in found if loop is not None]:
                distribute(function, loops, self.after)


def distribute(function: func.FuncOp, loops: Sequence[scf.ForOp], after: int) -> scf.ForOp:
    """Split loops, the last of which is cut behind so many inner loops; the innermost loop of the second part.

    Raises UnsupportedError where that is not possible or not legal.
    """
    cut = cut_behind(loops[-1], after)
    reason = obstacle(function, loops, cut) if cut is not None else "there are not that many inner loops to cut between"
    if cut is None or reason is not None:
        what = f"loop {label_of(loops[-1])} cannot be distributed"
        raise UnsupportedError(what, where=source_location(loops[-1]), why=reason)
    return _Splitter(function, loops, *cut).split()


def can_be_split(loop: scf.ForOp) -> bool:
    """True for a loop with a known number of iterations that carries nothing."""
    if counted_trips(loop) is None or constant_value(loop.step) != 1 or loop.iter_args:
        return False
    return isinstance(loop.lb.type, IndexType)


def obstacle(function: func.FuncOp, loops: Sequence[scf.ForOp], cut: Cut) -> str | None:
    """Why loops cannot be split there, in words; None if they can."""
    if not all(map(can_be_split, loops)):
        return "its bounds are not constants, or it carries a value from iteration to iteration"
    for outer, inner in pairwise(loops):
        others = [op for op in list(outer.body.block.ops)[:-1] if op is not inner]
        if inner.parent_op() is not outer or not all(map(is_pure, others)):
            return f"{label_of(inner)} is not all there is in loop {label_of(outer)}"
    if not all(map(is_simple, (*cut[0], *cut[1]))):
        return "there is control in it that is no counted loop"
    if not _Splitter(function, loops, *cut).is_possible:
        return "what the first part hands to the second has no form in memory"
    return FunctionDependences.of(function).forbidding(accesses(*cut[1]), accesses(*cut[0]), loops)


Cut = tuple[list[Operation], list[Operation]]
"""The operations of a body in front of a cut, and those behind it."""


def cut_behind(loop: scf.ForOp, after: int) -> Cut | None:
    """The body of a loop cut behind so many inner loops, or in front of the first; None if there are not as many."""
    ops = list(loop.body.block.ops)[:-1]
    inner = [position for position, op in enumerate(ops) if isinstance(op, scf.ForOp)]
    if not inner or not 0 <= after <= len(inner):
        return None
    at = inner[after - 1] + 1 if after else inner[0]
    return (ops[:at], ops[at:]) if ops[at:] and ops[:at] else None


def is_simple(op: Operation) -> bool:
    """True for nests that can be flattened, and for straight-line code."""
    if isinstance(op, scf.ForOp):
        return nest_of(op) is not None
    return is_pure(op) or isinstance(op, MemoryAccess) or is_predicated_store(op)


class _Splitter:
    """Makes two nests of loops of one, whose innermost body is cut."""

    def __init__(
        self,
        function: func.FuncOp,
        loops: Sequence[scf.ForOp],
        first: Sequence[Operation],
        second: Sequence[Operation],
    ):
        self.function, self.loops, self.first, self.second = function, loops, first, second
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

    @property
    def handed(self) -> list[SSAValue]:
        """What the first part hands on to the second through memory."""
        return [value for value in self.crossing if not self._is_computed_again(value)]

    @property
    def is_possible(self) -> bool:
        """Whether what is handed on can be kept in memory."""
        return not any(isinstance(each.type, IndexType) or scalar_bits(each.type) is None for each in self.handed)

    def split(self) -> scf.ForOp:
        """Move the second part into loops of its own behind the first; its innermost one."""
        handed = self.handed
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
        for made in [op for op in nest.walk() if isinstance(op, scf.ForOp) and not LOOP.value(op)]:
            LOOP.set(made, [fresh_label(self.function, base_name(made.body.block.args[0]))])
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
        return not isinstance(op, LONG_OPERATIONS) and all(map(self._is_computed_again, op.operands))

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
            copy = copied(value.op, {operand: self._compute_again(operand) for operand in value.op.operands})
            self.known[value] = self._add(copy, value.index)
            self.known[value].name_hint = value.name_hint
        return self.known.get(value, value)

    def _add(self, op: Operation, position: int = 0) -> SSAValue:
        if isinstance(op.location, UnknownLoc):
            op.location = self.loops[-1].location
        self.body.add_op(op)
        return op.results[position] if op.results else self.counters[-1]
