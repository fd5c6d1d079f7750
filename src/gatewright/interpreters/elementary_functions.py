"""Elementary functions for a compiler that would take them from a library, whose last digits are others than ours."""

from __future__ import annotations

from xdsl.dialects import arith, func
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Block, Region
from xdsl.rewriter import Rewriter

from gatewright.interpreters.arith_logic import ArithLogic
from gatewright.ir.float_operations import ELEMENTARY, float_operation
from gatewright.ir.floats import format_of
from gatewright.operators.float_operators import FUNCTIONS


def expand_elementary_functions(module: ModuleOp) -> None:
    """Replace each by a call of a function on bits that computes what the hardware does."""
    made: dict[str, func.FuncOp] = {}
    for op in [op for op in module.walk() if isinstance(op, ELEMENTARY)]:
        form, described = format_of(op.results[0].type), float_operation(op)
        assert form is not None and described is not None
        name = f"gw_{described.kind}_{form.name}"
        bits = IntegerType(form.width)
        if name not in made:
            block = Block(arg_types=[bits] * len(op.operands))
            logic = ArithLogic(block)
            result = FUNCTIONS[described.kind](logic, form, *map(logic.word, block.args))
            block.add_op(func.ReturnOp(result.value))
            made[name] = func.FuncOp(name, ([bits] * len(op.operands), [bits]), Region(block), "private")
            module.body.block.add_op(made[name])
        given = [arith.BitcastOp(operand, bits) for operand in op.operands]
        call = func.CallOp(name, [cast.results[0] for cast in given], [bits])
        Rewriter.replace_op(op, [*given, call, arith.BitcastOp(call.results[0], op.results[0].type)])
