"""Store once, behind a conditional, what both of its branches store to one element."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.ir.rewriting import functions_of, located


@dataclass(frozen=True)
class SinkStoresPass(ModulePass):
    """Sink the last store of both branches to an element behind the conditional, which yields what is stored.

    ```
    scf.if %c {                          %x = scf.if %c -> (i32) {
      memref.store %v, %a[%i]              scf.yield %v
    } else {                       ->    } else {
      memref.store %w, %a[%i]              scf.yield %w
    }                                    }
                                         memref.store %x, %a[%i]
    ```

    There is one store instead of two, and it happens whatever the condition is: what was in the element before is
    overwritten for certain.
    """

    name = "sink-stores"

    limit: int
    """The most operations of a branch whose stores sink: of a long one, results are more to keep than stores."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            conditionals = [inner for inner in function.walk() if isinstance(inner, scf.IfOp)]
            for conditional in reversed(conditionals):
                self._sink(conditional)

    def _sink(self, conditional: scf.IfOp) -> None:
        branches = [region.block for region in conditional.regions if region.blocks]
        if len(branches) < 2 or not all(self._is_plain(block) for block in branches):
            return
        pairs = [
            (one, other)
            for one in _last_stores(branches[0])
            for other in _last_stores(branches[1])
            if one.memref is other.memref and list(one.indices) == list(other.indices)
        ]
        if pairs:
            _yield_instead(conditional, pairs)

    def _is_plain(self, block: Block) -> bool:
        inside = [op for each in block.ops for op in each.walk()]
        return len(inside) <= self.limit and not any(isinstance(op, scf.ForOp | scf.WhileOp) for op in inside)


def _last_stores(block: Block) -> list[memref.StoreOp]:
    """The stores of a block behind which nothing there accesses the same array."""
    found: list[memref.StoreOp] = []
    seen: set[SSAValue] = set()
    for op in reversed(list(block.ops)):
        if isinstance(op, memref.StoreOp) and op.memref not in seen:
            found.append(op)
        operands = [operand for inner in op.walk() for operand in inner.operands]
        seen.update(operand for operand in operands if isinstance(operand.type, MemRefType))
    return found[::-1]


def _yield_instead(conditional: scf.IfOp, pairs: list[tuple[memref.StoreOp, memref.StoreOp]]) -> None:
    """Replace a conditional by one that yields what pairs of its stores store, each in one branch."""
    for number, region in enumerate(conditional.regions):
        terminator = region.block.last_op
        assert isinstance(terminator, scf.YieldOp)
        values = [*terminator.operands, *(pair[number].value for pair in pairs)]
        Rewriter.replace_op(terminator, located(scf.YieldOp(*values), terminator), [])
    taken, otherwise = (conditional.detach_region(region) for region in list(conditional.regions))
    types = [*conditional.result_types, *(one.value.type for one, _ in pairs)]
    new = located(scf.IfOp(conditional.cond, types, taken, otherwise), conditional)
    new.attributes.update(conditional.attributes)
    block = conditional.parent
    assert block is not None
    stores = [
        located(memref.StoreOp.get(result, one.memref, list(one.indices)), one)
        for result, (one, _) in zip(new.results[len(conditional.results) :], pairs, strict=True)
    ]
    block.insert_ops_after([new, *stores], conditional)
    for result, (one, _) in zip(new.results[len(conditional.results) :], pairs, strict=True):
        result.name_hint = one.value.name_hint
    for pair in pairs:
        for store in pair:
            Rewriter.erase_op(store)
    Rewriter.replace_op(conditional, [], list(new.results[: len(conditional.results)]))
