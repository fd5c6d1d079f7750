"""Names of the source for the wires of the design."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from gatewright.ir.location import source_location


def label(kind: str, position: int, operation: Operation) -> str:
    """The name of a step or loop: `line12_step3`, or `step3` where the line is not known."""
    place = source_location(operation)
    return f"line{place.line}_{kind}{position}" if place is not None else f"{kind}{position}"


def value_name(value: SSAValue, operation: Operation) -> str:
    """The name of a value: that of the source, else that of the operation which computes it."""
    return value.name_hint or operation.name.rpartition(".")[2]
