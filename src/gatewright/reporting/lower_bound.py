"""The fewest cycles that a scheduled program's work takes on the hardware it has."""

from __future__ import annotations

from collections import Counter
from math import ceil

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.ir import Block, Operation, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, SeqWhileOp, StepOp
from gatewright.machine.occupancy import port_of

Resource = str | tuple[str, SSAValue]
"""An operator by name, or a port of an array."""


def lower_bound(function: func.FuncOp) -> tuple[int, str] | None:
    """The bound in cycles and what sets it; None if the number of iterations of a loop is not known.

    Each use of an operator keeps a unit busy for its interval, and each access of an array its port for a cycle; the
    busiest of them is the bound. Accesses under a condition count as none.
    """
    uses: Counter[Resource] = Counter()
    units: dict[Resource, set[int]] = {}
    if not _count(function.body.block, 1, uses, units):
        return None
    bounds = {name: ceil(count / max(1, len(units.get(name, ())))) for name, count in uses.items()}
    if not bounds:
        return 0, "nothing"
    busiest = max(bounds, key=lambda resource: bounds[resource])
    return bounds[busiest], busiest if isinstance(busiest, str) else f"{busiest[0]} of {_array_name(busiest[1])}"


def _count(block: Block, times: int, uses: Counter[Resource], units: dict[Resource, set[int]]) -> bool:
    for op in block.ops:
        match op:
            case StepOp() | PipelineStageOp():
                if not _count(op.body.block, 0 if op.when is not None else times, uses, units):
                    return False
            case SeqWhileOp() | PipelineOp():
                if op.trip_count is None and times:
                    return False
                if not _count(op.body.block, times * (op.trip_count or 0), uses, units):
                    return False
            case memref.LoadOp() | memref.StoreOp():
                port = port_of(op)
                dual = port.startswith("port ")
                uses["ports" if dual else port, op.memref] += times
                if dual:
                    units["ports", op.memref] = {0, 1}
            case _:
                _count_operator(op, times, uses, units)
    return True


def _count_operator(op: Operation, times: int, uses: Counter[Resource], units: dict[Resource, set[int]]) -> None:
    operator, unit, interval = (op.attributes.get(f"gw.{key}") for key in ("operator", "unit", "interval"))
    if isinstance(operator, StringAttr):
        uses[operator.data] += times * (interval.value.data if isinstance(interval, IntegerAttr) else 1)
        units.setdefault(operator.data, set()).add(unit.value.data if isinstance(unit, IntegerAttr) else 0)


def _array_name(array: SSAValue) -> str:
    return array.name_hint or ("a local array" if isinstance(array.owner, Operation) else "an argument")
