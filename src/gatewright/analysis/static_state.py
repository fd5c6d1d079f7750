"""What a loop carries after some iterations, where that depends on nothing but constants and counters."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import BoolAttr, IndexType, IntegerAttr, IntegerType, ModuleOp, i1
from xdsl.ir import Block, Operation, Region, SSAValue

from gatewright.analysis.traced_dependences import StaticValues
from gatewright.interpreters import loops
from gatewright.ir.program import Program


def state_after(loop: scf.WhileOp, initial: Sequence[SSAValue], trips: int) -> dict[int, IntegerAttr]:
    """The integers that a loop carries after so many iterations from `initial` on, by position, as far as known."""
    body, known = loop.after_region.block, StaticValues()
    end = body.last_op
    assert isinstance(end, scf.YieldOp)
    static = [
        number
        for number, (argument, value) in enumerate(zip(body.args, initial, strict=True))
        if known.covers(argument) and isinstance(value.owner, arith.ConstantOp) and _is_integer(argument)
    ]
    if not static:
        return {}
    entry = Block()
    first = [_constant(entry, initial[number]) for number in static]
    count, bound, one = (_number(entry, number) for number in (0, trips, 1))
    types = [value.type for value in (*first, count)]
    before, after = Block(arg_types=types), Block(arg_types=types)
    going = arith.CmpiOp(before.args[-1], bound, "slt")
    before.add_ops([going, scf.ConditionOp(going.result, *before.args)])
    values: dict[SSAValue, SSAValue] = {body.args[n]: after.args[at] for at, n in enumerate(static)}
    following = [_copied(end.operands[number], values, after) for number in static]
    counted = arith.AddiOp(after.args[-1], one)
    after.add_ops([counted, scf.YieldOp(*following, counted.result)])
    made = scf.WhileOp([*first, count], types, Region(before), Region(after))
    entry.add_ops([made, func.ReturnOp(*made.results[:-1])])
    function = func.FuncOp("state", ([], types[:-1]), Region(entry))
    found = loops.run(Program("loops", ModuleOp([function]), "state"), [], trips + 1).results
    return {number: _attribute(int(value), body.args[number]) for number, value in zip(static, found, strict=True)}


def _is_integer(value: SSAValue) -> bool:
    return isinstance(value.type, IndexType | IntegerType)


def _attribute(value: int, argument: SSAValue) -> IntegerAttr:
    type_ = argument.type
    assert isinstance(type_, IndexType | IntegerType)
    return BoolAttr.from_bool(bool(value)) if type_ == i1 else IntegerAttr(value, type_)


def _constant(block: Block, value: SSAValue) -> SSAValue:
    owner = value.owner
    assert isinstance(owner, Operation)
    copy = owner.clone()
    block.add_op(copy)
    return copy.results[0]


def _number(block: Block, number: int) -> SSAValue:
    op = arith.ConstantOp(IntegerAttr(number, IndexType()))
    block.add_op(op)
    return op.result


def _copied(value: SSAValue, values: dict[SSAValue, SSAValue], block: Block) -> SSAValue:
    if value not in values:
        owner = value.owner
        assert isinstance(owner, Operation), "only what depends on no data is copied"
        copy = owner.clone({operand: _copied(operand, values, block) for operand in owner.operands})
        block.add_op(copy)
        values[value] = copy.results[0]
    return values[value]
