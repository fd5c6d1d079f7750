"""How often a loop runs, where that is known: noted at loops that are not counted any more."""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Operation

from gatewright.ir.constants import constant_value

TRIPS = "gw.trip_count"
"""The attribute of a loop with a known number of iterations."""


def counted_trips(loop: scf.ForOp) -> int | None:
    """The number of iterations of a counted loop with constant bounds."""
    low, high, step = (constant_value(value) for value in (loop.lb, loop.ub, loop.step))
    if low is None or high is None or step is None or step <= 0:
        return None
    return max(0, -(-(high - low) // step))


def note_trips(loop: Operation, trips: int | None) -> None:
    """Note the number of iterations at a loop, if it is known."""
    if trips is not None:
        loop.attributes[TRIPS] = IntegerAttr(trips, i64)


def trip_count(loop: Operation) -> int | None:
    """The number of iterations that is noted at a loop."""
    known = loop.attributes.get(TRIPS)
    return known.value.data if isinstance(known, IntegerAttr) else None
