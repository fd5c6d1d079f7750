"""Register rotation: its prologue, which fills the registers by iterations of the loop that do nothing else.

::

    scf.for %i {                                     scf.for %i {
      scf.for %j = 1 to %n {                           scf.for %j = -1 to %n iter_args(%w1, %w2) {
        %x = memref.load %a[%i, %j - 1]                  %z = memref.load %a[%i, %j + 1]
        %y = memref.load %a[%i, %j]             ->       scf.if %j >= 1 {
        %z = memref.load %a[%i, %j + 1]                    ... with %w2 for %x and %w1 for %y
        ...                                              }
      }                                                  scf.yield %z, %w1
    }                                                  }
                                                     }

A nest runs as one loop, in which loads in front of the inner loop would be part of every iteration. So the loop starts
early by as many iterations as the window has elements but one; what they load is what the loads that are gone would
have loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, func, memref, scf
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.backward_slice import backward_slice
from gatewright.ir.constants import zero_of
from gatewright.ir.loop_labels import take_place
from gatewright.ir.rewriting import copied, insert_before, keep_names, located

RotationChains = dict[MemoryAccess, list[tuple[memref.LoadOp, int]]]
"""For each store, or load, the loads that read what it wrote, or read, and how many iterations before."""


def can_skew(loop: scf.ForOp, chains: RotationChains) -> bool:
    """Whether a loop could start early: an innermost one with constant bounds, inside another, that carries loads."""
    inside = isinstance(loop.parent_op(), scf.ForOp)
    if counted_trips(loop) is None or not inside or not all(isinstance(source, memref.LoadOp) for source in chains):
        return False
    return not any(isinstance(op, scf.ForOp | scf.WhileOp | func.CallOp) for op in loop.body.block.ops)


def skew(loop: scf.ForOp, chains: RotationChains) -> None:
    """Replace a loop by one that starts early and carries its windows."""
    _Skewed(loop, {source: loads for source, loads in chains.items() if isinstance(source, memref.LoadOp)}).replace()


class _Skewed:
    """The loop that takes the place of another one."""

    def __init__(self, loop: scf.ForOp, chains: dict[memref.LoadOp, list[tuple[memref.LoadOp, int]]]):
        self.loop, self.chains = loop, chains
        self.old = loop.body.block
        self.lengths = {source: max(distance for _, distance in loads) for source, loads in chains.items()}
        types = [source.res.type for source, length in self.lengths.items() for _ in range(length)]
        self.zeros = [insert_before(arith.ConstantOp(zero_of(type_)), loop).result for type_ in types]
        self.block = Block(arg_types=[*(value.type for value in self.old.args), *types])
        self.values: dict[SSAValue, SSAValue] = dict(zip(self.old.args, self.block.args, strict=False))
        for before, after in self.values.items():
            after.name_hint = before.name_hint
        elements = iter(self.block.args[len(self.old.args) :])
        self.windows = {source: [next(elements) for _ in range(length)] for source, length in self.lengths.items()}

    def replace(self) -> None:
        """Build the loop and put it in place."""
        loop = self.loop
        start = loop.lb
        for _ in range(max(self.lengths.values())):
            start = insert_before(arith.SubiOp(start, loop.step), loop).result
        for source in self.chains:
            for op in [*backward_slice(self.old, source.indices), source]:
                self._copy(op, self.block)
        following = [*self._iteration()]
        for source, window in self.windows.items():
            following += [self.values[source.res], *window[:-1]]
        self.block.add_op(scf.YieldOp(*following))
        new = scf.ForOp(start, loop.ub, loop.step, [*loop.iter_args, *self.zeros], Region(self.block))
        located(new, loop)
        take_place([loop], new)
        keep_names(loop, new)
        Rewriter.replace_op(loop, new, list(new.results[: len(loop.results)]))

    def _iteration(self) -> Sequence[SSAValue]:
        """Append what an iteration does, unless it is an early one; return what it yields."""
        loop, carried = self.loop, self.block.args[1 : len(self.old.args)]
        begun = located(arith.CmpiOp(self.block.args[0], loop.lb, "sge"), loop)
        self.block.add_op(begun)
        gone: set[Operation] = set()
        for source, loads in self.chains.items():
            for load, distance in loads:
                self.values[load.res] = self.windows[source][distance - 1]
                gone.add(load)
        inner = Block()
        for op in self.old.ops:
            if isinstance(op, scf.YieldOp):
                inner.add_op(scf.YieldOp(*(self.values.get(value, value) for value in op.operands)))
            elif op not in gone and op not in self.chains:
                self._copy(op, inner)
        idle = Region(Block([scf.YieldOp(*carried)])) if carried else None
        choice = located(scf.IfOp(begun.result, [value.type for value in carried], Region(inner), idle), loop)
        self.block.add_op(choice)
        return choice.results

    def _copy(self, op: Operation, block: Block) -> None:
        """Append a copy of an operation that has none yet."""
        if op.results and all(result in self.values for result in op.results):
            return
        block.add_op(copied(op, self.values))
