"""What a design uses of a device: multipliers, DSP blocks, look-up tables, memory bits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import ceil

from xdsl.dialects import comb
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Operation

from gatewright.operators.library import MULTIPLIERS, Area
from gatewright.options import Budget

_WORD_WIDE = (comb.AddOp, comb.SubOp, comb.MuxOp)
"""A look-up table for each bit, with a carry chain or without."""
_GATES = (comb.AndOp, comb.OrOp, comb.XorOp)
_SHIFTS = (comb.ShlOp, comb.ShrUOp, comb.ShrSOp)
_GATES_IN_A_TABLE = 3
"""Operands beyond the first that a table of four inputs combines."""


@dataclass(frozen=True)
class Use:
    """An amount of hardware."""

    multipliers: int = 0
    """Units that make products, of whatever type."""
    dsp: int = 0
    """Hardware multipliers, those inside divisions and elementary functions among them."""
    luts: int = 0
    """Look-up tables, estimated: those of operators from their netlists, the rest from its logic before synthesis."""
    memory_bits: int = 0

    def __add__(self, other: Use) -> Use:
        return Use(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def beyond(self, budget: Budget) -> dict[str, tuple[int, int]]:
        """What is used beyond a budget: how much, and how much there is. Multipliers are the scheduler's to keep."""
        used, given = asdict(self), asdict(budget)
        names = ("dsp", "luts", "memory_bits")
        return {
            name: (used[name], given[name]) for name in names if given[name] is not None and used[name] > given[name]
        }


def use_of_operator(kind: str, area: Area) -> Use:
    """What one unit of an operator uses."""
    return Use(multipliers=int(kind in MULTIPLIERS), dsp=area.multipliers, luts=area.luts)


def luts_of(module: ModuleOp) -> int:
    """Look-up tables of four inputs for the logic of a module, without that of operators in modules of their own."""
    return ceil(sum(_luts(op) for top in list(module.ops)[:1] for op in top.walk()))


def _luts(op: Operation) -> float:
    if not op.results or not isinstance(type_ := op.results[0].type, IntegerType):
        return 0
    width = type_.width.data
    if isinstance(op, _WORD_WIDE):
        return width
    if isinstance(op, comb.ICmpOp):
        operand = op.operands[0].type
        return operand.width.data / 2 if isinstance(operand, IntegerType) else 0
    if isinstance(op, _GATES):
        return width * (len(op.operands) - 1) / _GATES_IN_A_TABLE
    if isinstance(op, _SHIFTS):
        return width * max(1, (width - 1).bit_length())
    return 0
