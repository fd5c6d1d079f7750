"""Replace short conditionals by selections and predicated stores."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, math, memref, scf
from xdsl.dialects.builtin import BoolAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.dialects.gw import IsqrtOp
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import insert_before, located

LONG_OPERATIONS = (
    arith.DivUIOp,
    arith.DivSIOp,
    arith.FloorDivSIOp,
    arith.RemUIOp,
    arith.RemSIOp,
    IsqrtOp,
    arith.DivfOp,
    math.SqrtOp,
)
"""Operations that take so many cycles that a branch not taken should not pay for them."""


def is_predicated_store(op: Operation) -> bool:
    """True for a conditional that holds nothing but stores: it takes one cycle and no control."""
    return (
        isinstance(op, scf.IfOp)
        and not op.results
        and not any(block.ops for region in (op.false_region,) for block in region.blocks)
        and all(isinstance(inner, memref.StoreOp | scf.YieldOp) for inner in op.true_region.block.ops)
    )


@dataclass(frozen=True)
class IfConvertPass(ModulePass):
    """Execute both branches of a short conditional and keep the right values.

    ```
    %r = scf.if %c -> (i32) {          %v = memref.load %a[%i]
      %v = memref.load %a[%i]          scf.if %c {
      memref.store %v, %b[%i]    ->      memref.store %v, %b[%i]
      scf.yield %v                     }
    } else {                           %r = arith.select %c, %v, %w
      scf.yield %w
    }
    ```

    Stores stay in conditionals of their own, which the schedule turns into predicates. No operation faults
    (`docs/levels.md`), so both branches may run. A branch that holds loops, or operations that take many cycles, or
    more than `limit` operations, stays in a conditional; the other one need not.
    """

    name = "if-convert"

    limit: int
    """The most operations of a branch that is executed whether it is taken or not."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        conditionals = [inner for inner in op.walk(reverse=False) if isinstance(inner, scf.IfOp)]
        for conditional in reversed(conditionals):
            if is_predicated_store(conditional):
                continue
            short = [self._is_short(region) for region in conditional.regions]
            if all(short):
                _flatten(conditional)
            elif any(short):
                _hoist_branch(conditional, short[0])

    def _is_short(self, region: Region) -> bool:
        inner = [op for block in region.blocks for op in block.ops]
        return len(inner) <= self.limit and all(_may_speculate(op) for op in inner)


def _may_speculate(op: Operation) -> bool:
    if isinstance(op, LONG_OPERATIONS):
        return False
    if isinstance(op, MemoryAccess | scf.YieldOp) or is_predicated_store(op):
        return True
    return is_pure(op)


def _flatten(conditional: scf.IfOp) -> None:
    then_values = _hoist(conditional.true_region, conditional, conditional.cond)
    else_values: list[SSAValue] = []
    if conditional.false_region.blocks:
        inverted = _invert(conditional)
        else_values = _hoist(conditional.false_region, conditional, inverted)
    selected: list[SSAValue] = []
    for then_value, else_value in zip(then_values, else_values, strict=False):
        select = insert_before(arith.SelectOp(conditional.cond, then_value, else_value), conditional)
        selected.append(select.results[0])
    Rewriter.replace_op(conditional, [], selected)


def _hoist_branch(conditional: scf.IfOp, taken: bool) -> None:
    """Move what one branch does in front of the conditional; the branch then only yields."""
    region = conditional.true_region if taken else conditional.false_region
    if not region.blocks or isinstance(region.block.first_op, scf.YieldOp):
        return
    terminator = region.block.last_op
    assert isinstance(terminator, scf.YieldOp)
    _hoist(region, conditional, conditional.cond if taken else _invert(conditional))


def _invert(conditional: scf.IfOp) -> SSAValue:
    true = insert_before(arith.ConstantOp(BoolAttr.from_bool(True)), conditional)
    return insert_before(arith.XOrIOp(conditional.cond, true.results[0]), conditional).results[0]


def _hoist(region: Region, conditional: scf.IfOp, predicate: SSAValue) -> list[SSAValue]:
    """Move the operations of a branch before the conditional, stores under `predicate`; return what it yields."""
    block = conditional.parent_block()
    assert block is not None
    for op in list(region.block.ops):
        if isinstance(op, scf.YieldOp):
            return list(op.operands)
        op.detach()
        if isinstance(op, memref.StoreOp):
            op = located(scf.IfOp(predicate, [], Region(Block([op, scf.YieldOp()]))), op)
        elif isinstance(op, scf.IfOp):
            both = insert_before(arith.AndIOp(op.cond, predicate), conditional)
            op.operands[0] = both.results[0]
        block.insert_op_before(op, conditional)
    return []
