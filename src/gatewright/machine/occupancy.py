"""What an operation occupies: ports of arrays and units of operators."""

from __future__ import annotations

from collections.abc import Hashable

from xdsl.dialects import memref
from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.ir import Operation

from gatewright.ir.accesses import MemoryAccess


def array_of(op: MemoryAccess) -> Hashable:
    """What identifies the memory that a load or store accesses."""
    owner = op.memref.owner
    return owner.name_.string_value() if isinstance(owner, memref.GetGlobalOp) else op.memref


def array_label(op: MemoryAccess) -> str:
    """The name of the accessed array for a message."""
    owner = op.memref.owner
    if isinstance(owner, memref.GetGlobalOp):
        return f"@{owner.name_.string_value()}"
    return f"%{op.memref.name_hint}" if op.memref.name_hint else "an array"


def unit_of(op: Operation) -> tuple[str, int] | None:
    """The operator and the number of the unit that executes an operation, if it says so."""
    operator, unit = op.attributes.get("gw.operator"), op.attributes.get("gw.unit")
    if isinstance(operator, StringAttr) and isinstance(unit, IntegerAttr):
        return operator.data, unit.value.data
    return None


def interval_of(op: Operation) -> int:
    """Cycles after which the unit of an operation can be started again."""
    stated = op.attributes.get("gw.interval")
    return stated.value.data if isinstance(stated, IntegerAttr) else 1


def port_of(op: Operation) -> str:
    """The port of its array that a load or store uses: of a true dual port memory the one that `gw.port` names."""
    if isinstance(stated := op.attributes.get("gw.port"), IntegerAttr):
        return f"port {stated.value.data}"
    return "read port" if op.name == "memref.load" else "write port"
