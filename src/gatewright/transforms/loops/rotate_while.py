"""Make the condition of every `scf.while` one that a single cycle can decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.ir.loop_labels import take_place
from gatewright.ir.rewriting import copied, insert_before

CHEAP_OPERATIONS = (
    arith.ConstantOp,
    arith.CmpiOp,
    arith.AndIOp,
    arith.OrIOp,
    arith.XOrIOp,
    arith.ExtSIOp,
    arith.ExtUIOp,
    arith.TruncIOp,
    arith.IndexCastOp,
    arith.AddiOp,
    arith.SubiOp,
)
"""What a condition may compute beside its first comparison and still fit in a cycle."""

CHEAP_COUNT = 4
"""The most operations of a condition, constants aside, that fit into the cycle of the loop's control."""


@dataclass(frozen=True)
class RotateWhilePass(ModulePass):
    """Evaluate costly conditions once before the loop and at the end of each iteration.

    ```
    scf.while (%x = %a) {                %c0, %v0 = ...(%a)
      %c, %v = ...(%x)                   scf.while (%c = %c0, %v = %v0) {
      scf.condition(%c) %v        ->       scf.condition(%c) %c, %v
    } do {                               } do {
    ^bb(%y):                             ^bb(%cy, %y):
      scf.yield %z                         %c1, %v1 = ...(%z)
    }                                      scf.yield %c1, %v1
                                         }
    ```

    Afterwards the first region of every `scf.while` is combinational and passes its arguments on unchanged.
    """

    name = "rotate-while"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [inner for inner in op.walk() if isinstance(inner, scf.WhileOp)]:
            if not has_plain_condition(loop):
                _rotate(loop)


def has_plain_condition(loop: scf.WhileOp) -> bool:
    """True if the condition is cheap to decide and the arguments are passed on as they are."""
    block = loop.before_region.block
    condition = block.last_op
    assert isinstance(condition, scf.ConditionOp)
    if list(condition.args) != list(block.args):
        return False
    inner = list(block.ops)[:-1]
    counted = [op for op in inner if not isinstance(op, arith.ConstantOp)]
    return len(counted) <= CHEAP_COUNT and all(isinstance(op, CHEAP_OPERATIONS) for op in inner)


def _rotate(loop: scf.WhileOp) -> None:
    body = loop.after_region.block
    terminator = body.last_op
    assert isinstance(terminator, scf.YieldOp)
    before = loop.before_region.block
    initial = _clone_condition(before, list(loop.arguments), loop)
    following = _clone_condition(before, list(terminator.operands), terminator)
    Rewriter.replace_op(terminator, scf.YieldOp(*following), [])
    types = [value.type for value in initial]
    header = Block(arg_types=types)
    header.add_op(scf.ConditionOp(header.args[0], *header.args))
    body.insert_arg(types[0], 0)
    rotated = scf.WhileOp(initial, types, Region(header), Region(loop.after_region.detach_block(0)))
    rotated.location = loop.location
    take_place([loop], rotated)
    Rewriter.replace_op(loop, rotated, list(rotated.results[1:]))


def _clone_condition(before: Block, arguments: Sequence[SSAValue], anchor: Operation) -> list[SSAValue]:
    """Copy the condition region for given arguments before `anchor`; return the condition and what it passes on."""
    mapping: dict[SSAValue, SSAValue] = dict(zip(before.args, arguments, strict=True))
    for op in before.ops:
        if isinstance(op, scf.ConditionOp):
            return [mapping.get(value, value) for value in (op.condition, *op.args)]
        insert_before(copied(op, mapping), anchor, op)
    raise AssertionError("a condition region ends in scf.condition")
