"""Read arrays themselves instead of copies of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.ir.constants import constant_value
from gatewright.ir.decisions import asked
from gatewright.ir.loop_labels import names_in
from gatewright.ir.rewriting import copied, functions_of, insert_before

_CASTS = (arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp, arith.ExtFOp)
"""Conversions that take no hardware to speak of, wherever they are done again."""


@dataclass(frozen=True)
class ForwardCopiesPass(ModulePass):
    """Forward an array to the loads of a copy of it, which then has no memory.

    ```
    for i, j { store (extsi (load %a[%i, %j])), %x[%i, %j] }
    ... load %x[%p, %q] ...                                       ->      ... extsi (load %a[%p, %q]) ...
    ```

    A copy is a local array that one nest fills, element by element, with those of another array, converted or not.
    Nothing else stores to it, nothing stores to the other array behind the nest, and where the copy is read the other
    array is not: two arrays have two ports, one has one. An element that was converted is as narrow as it was before,
    and so is a multiplier of it. A nest about which something is asked for stays.
    """

    name = "forward-copies"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            decided = {name for decision in asked(function) for name in decision.subject}
            for nest in list(function.body.block.ops):
                copy = _Copy.of(nest, function.body.block)
                if copy is not None and copy.may_be_read_through() and not decided & names_in(nest):
                    copy.forward()


@dataclass(frozen=True)
class _Copy:
    """A nest that copies."""

    nest: scf.ForOp
    block: Block
    counters: Sequence[SSAValue]
    source: memref.LoadOp
    casts: Sequence[Operation]
    """What is done to an element on its way."""
    stored: memref.StoreOp

    @classmethod
    def of(cls, nest: Operation, block: Block) -> _Copy | None:
        """The copy that a nest of a function's block makes, if that is all it does."""
        counters: list[SSAValue] = []
        extents: list[int] = []
        loop, inside = nest, [nest]
        while len(inside) == 1 and isinstance(loop := inside[0], scf.ForOp) and not loop.iter_args:
            bounds = [constant_value(value) for value in (loop.lb, loop.ub, loop.step)]
            if bounds[0] != 0 or bounds[1] is None or bounds[2] != 1:
                return None
            counters.append(loop.body.block.args[0])
            extents.append(bounds[1])
            inside = [op for op in loop.body.block.ops if not isinstance(op, scf.YieldOp | arith.ConstantOp)]
        if not isinstance(nest, scf.ForOp) or len(inside) < 2:
            return None
        source, *casts, stored = inside
        if not (isinstance(source, memref.LoadOp) and isinstance(stored, memref.StoreOp)):
            return None
        type_ = stored.memref.type
        assert isinstance(type_, MemRefType)
        if not all(isinstance(each, _CASTS) for each in casts) or list(stored.indices) != counters:
            return None
        chain = [source.res, *(each.results[0] for each in casts)]
        chained = all(each.operands[0] is value for each, value in zip(casts, chain, strict=False))
        if not chained or stored.value is not chain[-1] or list(type_.get_shape()) != extents:
            return None
        if not all(index in counters or not _is_inside(index, nest) for index in source.indices):
            return None
        return cls(nest, block, counters, source, casts, stored)

    def may_be_read_through(self) -> bool:
        """Whether every load of the copy can be one of what is copied."""
        copy, source = self.stored.memref, self.source.memref
        if not isinstance(copy.owner, memref.AllocOp) or copy is source or _changes(source, self._behind()):
            return False
        for use in copy.uses:
            op = use.operation
            if op is self.stored:
                continue
            if not isinstance(op, memref.LoadOp) or self._ancestor(op) not in self._behind():
                return False
        return not any(use.operation.parent is load.parent for use in source.uses for load in self._loads())

    def forward(self) -> None:
        """Read what is copied, and copy nothing."""
        for load in self._loads():
            values = dict(zip(self.counters, load.indices, strict=True))
            element: Operation = load
            for op in (self.source, *self.casts):
                element = insert_before(copied(op, values), load)
            element.results[0].name_hint = load.res.name_hint
            Rewriter.replace_op(load, [], [element.results[0]])
        array = self.stored.memref.owner
        assert isinstance(array, memref.AllocOp)
        Rewriter.erase_op(self.nest)
        Rewriter.erase_op(array)

    def _loads(self) -> list[memref.LoadOp]:
        uses = [use.operation for use in self.stored.memref.uses]
        return [op for op in uses if isinstance(op, memref.LoadOp)]

    def _behind(self) -> list[Operation]:
        found, op = list[Operation](), self.nest.next_op
        while op is not None:
            found.append(op)
            op = op.next_op
        return found

    def _ancestor(self, op: Operation) -> Operation | None:
        """The operation of the function's block that an operation is in."""
        inner: Operation | None = op
        while inner is not None and inner.parent is not self.block:
            inner = inner.parent_op()
        return inner


def _is_inside(value: SSAValue, nest: Operation) -> bool:
    owner = value.owner
    return nest.is_ancestor(owner if isinstance(owner, Operation) else owner.parent_op() or nest)


def _changes(array: SSAValue, behind: Sequence[Operation]) -> bool:
    """Whether operations may store to an array."""
    return any(
        isinstance(inner, func.CallOp) or (isinstance(inner, memref.StoreOp) and inner.memref is array)
        for op in behind
        for inner in op.walk()
    )
