"""Turn the conditionals that are left into loops that run at most once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import BoolAttr, ModuleOp
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.ir.constants import zero_of
from gatewright.ir.rewriting import insert_before
from gatewright.transforms.loops.if_convert import is_predicated_store


@dataclass(frozen=True)
class IfToGuardPass(ModulePass):
    """Write a conditional as a loop whose condition is the conditional's.

    ```
    %r = scf.if %c -> (i32) {      %r = scf.while (%go = %c, %v = %0) : (i1, i32) -> (i1, i32) {
      ...                            scf.condition(%go) %go, %v
      scf.yield %x             ->  } do {
    }                                ...
                                     scf.yield %false, %x
                                   }
    ```

    A branch that is not taken then costs one cycle, however long it is. An else branch that computes something becomes
    a second loop under the inverted condition. Conditionals that hold only stores stay: they are predicates.
    """

    name = "if-to-guard"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        conditionals = [inner for inner in op.walk() if isinstance(inner, scf.IfOp)]
        for conditional in reversed(conditionals):
            if not is_predicated_store(conditional):
                _to_guards(conditional)


def _to_guards(conditional: scf.IfOp) -> None:
    condition, branches = conditional.cond, list(conditional.regions)
    if _only_yields(conditional.true_region) and not _only_yields(conditional.false_region):
        condition = _invert(conditional, condition)
        branches.reverse()
    taken, other = branches
    if _only_yields(other):
        values = _yielded(other)
        values = _guard(conditional, condition, values, taken)
    else:
        zeros = [arith.ConstantOp(zero_of(result.type)) for result in conditional.results]
        values: Sequence[SSAValue] = [insert_before(zero, conditional).result for zero in zeros]
        values = _guard(conditional, condition, values, taken)
        values = _guard(conditional, _invert(conditional, condition), values, other)
    Rewriter.replace_op(conditional, [], list(values))


def _only_yields(branch: Region) -> bool:
    return not branch.blocks or isinstance(branch.block.first_op, scf.YieldOp)


def _yielded(branch: Region) -> Sequence[SSAValue]:
    terminator = branch.block.last_op if branch.blocks else None
    return list(terminator.operands) if terminator else []


def _invert(conditional: scf.IfOp, condition: SSAValue) -> SSAValue:
    true = insert_before(arith.ConstantOp(BoolAttr.from_bool(True)), conditional)
    return insert_before(arith.XOrIOp(condition, true.result), conditional).result


def _guard(
    conditional: scf.IfOp, condition: SSAValue, values: Sequence[SSAValue], branch: Region
) -> Sequence[SSAValue]:
    """The loop in front of the conditional that runs `branch` once if `condition` holds: what `values` become."""
    types = [condition.type, *(value.type for value in values)]
    before = Block(arg_types=types)
    before.add_op(scf.ConditionOp(before.args[0], *before.args))
    body = branch.detach_block(0)
    for type_ in types:
        body.insert_arg(type_, len(body.args))
    terminator = body.last_op
    assert isinstance(terminator, scf.YieldOp)
    false = arith.ConstantOp(BoolAttr.from_bool(False))
    body.insert_op_before(false, terminator)
    Rewriter.replace_op(terminator, scf.YieldOp(false.result, *terminator.operands), [])
    loop = insert_before(scf.WhileOp([condition, *values], types, Region(before), Region(body)), conditional)
    return loop.results[1:]
