"""How often a loop runs, where that is known: noted at loops that are not counted any more."""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.ir import Operation

from gatewright.dialects.notes import TRIP_COUNT
from gatewright.ir.constants import constant_value


def counted_trips(loop: scf.ForOp) -> int | None:
    """The number of iterations of a counted loop with constant bounds."""
    low, high, step = (constant_value(value) for value in (loop.lb, loop.ub, loop.step))
    if low is None or high is None or step is None or step <= 0:
        return None
    return max(0, -(-(high - low) // step))


def note_trips(loop: Operation, trips: int | None) -> None:
    """Note the number of iterations at a loop, if it is known."""
    if trips is not None:
        TRIP_COUNT.set(loop, trips)


def trip_count(loop: Operation) -> int | None:
    """The number of iterations that is noted at a loop."""
    return TRIP_COUNT.value(loop)
