"""Use stored values instead of loading them again, and drop stores that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.index_inequalities import Order
from gatewright.analysis.ranges import value_ranges
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class ForwardStoresPass(ModulePass):
    """Forward the value of a store to the loads of the same element behind it; erase stores that are overwritten.

    ```
    memref.store %v, %a[%i]
    %w = memref.load %a[%i]      ->      memref.store %x, %a[%i]     with %v in place of %w
    memref.store %x, %a[%i]
    ```

    Within one block, and into conditionals in it. A loop or conditional in between ends it for the arrays that it
    stores to; another store ends it unless it is proven to touch another element.
    """

    name = "forward-stores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            order = Order(value_ranges(function))
            _forward(function.body.block, order, [])
            for block in list(_blocks(function)):
                _drop_overwritten(block, order)


def _blocks(op: Operation) -> Iterator[Block]:
    for region in op.regions:
        for block in region.blocks:
            yield block
            for inner in block.ops:
                yield from _blocks(inner)


def _forward(block: Block, order: Order, known: list[tuple[MemoryAccess, SSAValue]]) -> None:
    """Replace loads of elements whose value is known, from earlier stores and loads.

    What is known in front of a conditional is known in its branches; a loop is entered knowing nothing.
    """
    for op in list(block.ops):
        if isinstance(op, memref.LoadOp):
            value = next((v for a, v in known if _same(a, op, order)), None)
            if value is not None:
                Rewriter.replace_op(op, [], [value])
            else:
                known.append((op, op.res))
        elif isinstance(op, memref.StoreOp):
            known = [(a, v) for a, v in known if a.memref is not op.memref or order.never_meet(a, op)]
            known.append((op, op.value))
        elif op.regions:
            for region in op.regions:
                for inner in region.blocks:
                    _forward(inner, order, list(known) if isinstance(op, scf.IfOp) else [])
            stores = [inner for inner in op.walk() if isinstance(inner, memref.StoreOp)]
            known = [(a, v) for a, v in known if not _may_change(a, stores, op, order)]


def _may_change(access: MemoryAccess, stores: list[memref.StoreOp], op: Operation, order: Order) -> bool:
    """True if one of the stores inside an operation may touch the element of an access."""
    return any(
        store.memref is access.memref and not (isinstance(op, scf.IfOp) and order.never_meet(access, store))
        for store in stores
    )


def _same(one: MemoryAccess, other: MemoryAccess, order: Order) -> bool:
    return one.memref is other.memref and order.same_element(one.indices, other.indices)


def _drop_overwritten(block: Block, order: Order) -> None:
    """Erase stores to elements that are stored to again before anything may read them."""
    overwritten: list[MemoryAccess] = []
    for op in reversed(list(block.ops)):
        if isinstance(op, memref.StoreOp):
            if any(_same(later, op, order) for later in overwritten):
                Rewriter.erase_op(op)
            else:
                overwritten.append(op)
        elif isinstance(op, memref.LoadOp):
            overwritten = [s for s in overwritten if s.memref is not op.memref or order.never_meet(s, op)]
        elif op.regions:
            loaded = {inner.memref for inner in op.walk() if isinstance(inner, memref.LoadOp)}
            overwritten = [s for s in overwritten if s.memref not in loaded]
