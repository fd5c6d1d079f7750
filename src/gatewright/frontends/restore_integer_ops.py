"""Integer arithmetic that torch-mlir computes with floats, as integer arithmetic again.

Lowered from PyTorch, `-x` and `x // y` of integers come as conversions to a float type and back, which does not hold
every integer. What PyTorch computes is the integer operation.
"""

from __future__ import annotations

from xdsl.builder import Builder
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint


def undo_integer_detours(module: ModuleOp) -> None:
    """Replace conversions of a float result to integers by the integer operation that was meant, where it is one."""
    for op in list(module.walk()):
        if isinstance(op, arith.FPToSIOp) and (meant := _meant(op)) is not None:
            for new in meant:
                new.location = op.location
                Builder(InsertPoint.before(op)).insert(new)
            op.result.replace_all_uses_with(meant[-1].results[0])
            _erase_unused(op)


def _meant(op: arith.FPToSIOp) -> list[Operation] | None:
    """The integer operations that compute what `op` converts, if it is a negation or a floor of a quotient."""
    type_ = op.result.type
    assert isinstance(type_, IntegerType)
    match op.input.owner:
        case arith.NegfOp() as negation:
            if (value := _integer(negation.operand, type_)) is not None:
                zero = arith.ConstantOp(IntegerAttr(0, type_))
                return [zero, arith.SubiOp(zero.result, value)]
        case math.FloorOp() as floor if isinstance(quotient := floor.operand.owner, arith.DivfOp):
            left, right = _integer(quotient.lhs, type_), _integer(quotient.rhs, type_)
            if left is not None and right is not None:
                return [arith.FloorDivSIOp(left, right)]
    return None


def _integer(value: SSAValue, type_: IntegerType) -> SSAValue | None:
    """The integer of a type that a float was converted from."""
    if isinstance(value.owner, arith.SIToFPOp) and value.owner.input.type == type_:
        return value.owner.input
    return None


def _erase_unused(op: Operation) -> None:
    """Erase an operation without a use, and what only it used."""
    if any(result.first_use is not None for result in op.results):
        return
    owners = [operand.owner for operand in op.operands]
    op.detach()
    op.erase()
    for owner in dict.fromkeys(owners):
        if isinstance(owner, arith.SIToFPOp | arith.NegfOp | arith.DivfOp | math.FloorOp):
            _erase_unused(owner)
