"""What a design uses of a device: multipliers, DSP blocks, look-up tables, memory bits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import ceil

from xdsl.dialects import comb
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Operation

from gatewright.devices.device import Costs
from gatewright.operators.library import MULTIPLIERS, Area
from gatewright.options import Budget

_COMPARISONS_OF_EQUALITY = (0, 1)
"""The predicates of `comb.icmp` that no carry chain decides: equal, not equal."""


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
    ram_blocks: int = 0
    """Blocks of RAM of the target that the memories would take."""

    def __add__(self, other: Use) -> Use:
        return Use(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def beyond(self, budget: Budget) -> dict[str, tuple[int, int]]:
        """What is used beyond a budget: how much, and how much there is. Multipliers are the scheduler's to keep."""
        used, given = asdict(self), asdict(budget)
        names = ("dsp", "luts", "memory_bits", "ram_blocks")
        return {
            name: (used[name], given[name]) for name in names if given[name] is not None and used[name] > given[name]
        }


def use_of_operator(kind: str, area: Area) -> Use:
    """What one unit of an operator uses."""
    return Use(multipliers=int(kind in MULTIPLIERS), dsp=area.multipliers, luts=area.luts)


def luts_of(module: ModuleOp, costs: Costs) -> int:
    """Look-up tables for the logic of a module, without that of operators in modules of their own."""
    return ceil(sum(_luts(op, costs) for top in list(module.ops)[:1] for op in top.walk()))


def _luts(op: Operation, costs: Costs) -> float:
    if not op.results or not isinstance(type_ := op.results[0].type, IntegerType):
        return 0
    width = type_.width.data
    match op:
        case comb.AddOp() | comb.SubOp():
            return costs.add * width
        case comb.MuxOp():
            return costs.select * width
        case comb.ICmpOp():
            is_equality = op.predicate.value.data in _COMPARISONS_OF_EQUALITY
            operand = op.operands[0].type
            bits = operand.width.data if isinstance(operand, IntegerType) else 0
            return bits * (costs.equal if is_equality else costs.compare)
        case comb.AndOp() | comb.OrOp() | comb.XorOp():
            return costs.gate * width * (len(op.operands) - 1)
        case comb.ShlOp() | comb.ShrUOp() | comb.ShrSOp():
            return costs.shift * width * max(1, (width - 1).bit_length())
    return 0
