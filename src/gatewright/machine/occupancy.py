"""What an operation occupies: ports of arrays and units of operators."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from xdsl.dialects import memref
from xdsl.ir import Operation

from gatewright.dialects.notes import OPERATOR, PORT, UNIT, OperatorAttr
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


@dataclass(frozen=True)
class BoundUnit:
    """An instance of an operator."""

    operator: OperatorAttr
    number: int

    def __str__(self) -> str:
        return f"unit {self.number} of {self.operator.label}"


@dataclass(frozen=True)
class MemoryPort:
    """A port of an array."""

    array: Hashable
    name: str
    """See `port_of`."""
    label: str = field(compare=False)
    """What messages call it."""

    def __str__(self) -> str:
        return self.label


def port_used_by(op: MemoryAccess) -> MemoryPort:
    """The port that a load or store uses."""
    return MemoryPort(array_of(op), port_of(op), f"the port of {array_label(op)}")


def occupied_by(op: Operation) -> Iterator[tuple[MemoryPort | BoundUnit, int]]:
    """What an operation occupies, which nothing else can use meanwhile, and for how many cycles from its start on."""
    if isinstance(op, MemoryAccess):
        yield port_used_by(op), 1
    if (unit := unit_of(op)) is not None:
        yield unit, interval_of(op)


def unit_of(op: Operation) -> BoundUnit | None:
    """The unit that executes an operation, if it says so."""
    operator, number = OPERATOR.value(op), UNIT.value(op)
    return BoundUnit(operator, number) if operator is not None and number is not None else None


def interval_of(op: Operation) -> int:
    """Cycles after which the unit of an operation can be started again."""
    operator = OPERATOR.value(op)
    return 1 if operator is None else operator.interval.data


def port_of(op: Operation) -> str:
    """The port of its array that a load or store uses: of a true dual port memory the one that is noted."""
    if (stated := PORT.value(op)) is not None:
        return f"port {stated}"
    return "read port" if op.name == "memref.load" else "write port"
