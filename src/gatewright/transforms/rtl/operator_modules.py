"""The modules of operators as IR."""

from __future__ import annotations

from functools import lru_cache

from xdsl.dialects.builtin import IntegerType, StringAttr
from xdsl.ir import Operation, SSAValue

from gatewright.dialects import comb, hw, seq
from gatewright.operators.integer import module_of
from gatewright.operators.library import Operator, OperatorLibrary
from gatewright.operators.netlist import Cell, NetlistModule

MODULES = 64
"""How many modules are kept: programs use the same few operators again and again."""


def build(operator: Operator, library: OperatorLibrary) -> hw.HWModuleOp:
    """The `hw.module` of an operator with latency, a new one each time."""
    return _kept(operator, library.target, library.clock_mhz).clone()


@lru_cache(maxsize=MODULES)
def _kept(operator: Operator, target: str, clock_mhz: float) -> hw.HWModuleOp:
    return module_ir(module_of(operator, OperatorLibrary(target, clock_mhz)))


def module_ir(netlist: NetlistModule) -> hw.HWModuleOp:
    """The `hw.module` of a netlist, the same as that of its text."""
    ports = [hw.Port("clk", seq.clock), *(hw.Port(name, IntegerType(bits)) for name, bits in netlist.inputs)]
    module = hw.module(netlist.name, [*ports, hw.Port("result", IntegerType(netlist.result.width), True)])
    module.sym_visibility = StringAttr("private")
    block = module.body.block
    clock, *inputs = block.args
    values: dict[str, SSAValue] = {f"%{name}": value for (name, _), value in zip(netlist.inputs, inputs, strict=True)}
    registers = [cell for cell in netlist.cells if cell.kind in REGISTERS]
    made = {cell: _register(cell, clock) for cell in registers}
    values.update((cell.result.name, op.results[0]) for cell, op in made.items())
    for cell in netlist.cells:
        operands = [values[wire.name] for wire in cell.operands]
        if cell in made:
            op = made[cell]
            op.operands[0] = operands[0]
            if len(operands) > 1:
                op.operands[2] = operands[1]
        else:
            op = _operation(cell, operands)
            values[cell.result.name] = op.results[0]
        block.add_op(op)
    block.add_op(hw.OutputOp([values[netlist.result.name]]))
    return module


def _register(cell: Cell, clock: SSAValue) -> seq.CompRegOp | seq.CompRegClockEnabledOp:
    """A register whose operands are yet to come: others may use it before they are known."""
    anything = hw.ConstantOp(0, cell.result.width).result
    if cell.kind == "seq.compreg":
        op = seq.CompRegOp(anything, clock)
    else:
        op = seq.CompRegClockEnabledOp(anything, clock, hw.ConstantOp(0, 1).result)
    op.data.name_hint = cell.result.name.removeprefix("%")
    return op


def _operation(cell: Cell, operands: list[SSAValue]) -> Operation:
    """The operation of a cell that is no register."""
    type_ = IntegerType(cell.result.width)
    match cell.kind:
        case "hw.constant":
            return hw.ConstantOp(cell.number, type_)
        case "comb.icmp":
            return comb.ICmpOp(operands[0], operands[1], cell.predicate)
        case "comb.mux":
            return comb.MuxOp(operands[0], operands[1], operands[2])
        case "comb.extract":
            return comb.ExtractOp(operands[0], cell.number, cell.result.width)
        case "comb.concat":
            return comb.ConcatOp(operands, type_)
        case "comb.replicate":
            return comb.ReplicateOp(operands[0], type_)
        case "comb.sub":
            return comb.SubOp(operands[0], operands[1])
    return VARIADIC[cell.kind](operands)


VARIADIC: dict[str, type[comb.AddOp | comb.MulOp | comb.AndOp | comb.OrOp | comb.XorOp]] = {
    "comb.add": comb.AddOp,
    "comb.mul": comb.MulOp,
    "comb.and": comb.AndOp,
    "comb.or": comb.OrOp,
    "comb.xor": comb.XorOp,
}
"""The operations of any number of operands."""
REGISTERS = ("seq.compreg", "seq.compreg.ce")
