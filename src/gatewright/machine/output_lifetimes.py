"""Lifetimes of results at the outputs of shared hardware: until the next operation there replaces them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from xdsl.ir import Block, Operation

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineStageOp, StepOp
from gatewright.machine.time_points import Timeline, TimePoint


@dataclass
class OutputLifetimes:
    """The operations that use each piece of hardware whose output stays as it is until the next use begins.

    Such are the read ports of memories and the iterative operators: the output changes at the earliest in the cycle
    after that of the next use's start.
    """

    users: dict[Hashable, list[Operation]] = field(default_factory=dict)

    def add(self, hardware: Hashable, operation: Operation) -> None:
        """Note a use; all have to be noted before the first question."""
        self.users.setdefault(hardware, []).append(operation)

    def stays(self, hardware: Hashable, operation: Operation, place: TimePoint, use: TimePoint) -> bool:
        """Whether the result of an operation that started at `place` is certainly still there at a use of it."""
        return not any(
            _replaces(other, operation, place, use) for other in self.users.get(hardware, ()) if other is not operation
        )


def _replaces(other: Operation, operation: Operation, place: TimePoint, use: TimePoint) -> bool:
    """Whether another operation may start between the start of an operation and a use of its result, or with it."""
    within = _item_in(other, place.timeline.block)
    if within is None:
        return _side_by_side(other, operation)
    item, in_loop = within
    position = place.timeline.positions[item]
    at_use = next(ancestor for ancestor in use.ancestors() if ancestor.timeline is place.timeline)
    in_first_cycle = at_use is use and not use.last and not use.onwards
    drains = not in_first_cycle and _drains(place.timeline, at_use.position)
    if not place.position <= position <= at_use.position + drains:
        return False
    if position == place.position:
        # Outside loops it starts in the same cycle, so that a condition excludes it where the operation is executed.
        return in_loop
    if position == at_use.position:
        return not in_first_cycle
    return True


def _drains(timeline: Timeline, position: int) -> bool:
    """Whether a pipeline of an item may still use results when the next item runs."""
    item = timeline.items[position] if position < len(timeline.items) else None
    return isinstance(item, StepOp) and item.overlap > 0


def _item_in(operation: Operation, block: Block) -> tuple[Operation, bool] | None:
    """The item of a block's sequence that an operation is in, and whether it is in a loop within that item."""
    item, in_loop = operation, False
    while (parent := item.parent_block()) is not None and parent is not block:
        above = item.parent_op()
        if above is None:
            return None
        in_loop = in_loop or isinstance(above, LoopOp)
        item = above
    return (item, in_loop) if item.parent_block() is block else None


def _side_by_side(one: Operation, other: Operation) -> bool:
    """Whether two operations are in different members of one step, which run at the same time."""
    above: set[Operation] = set()
    parent: Operation | None = one
    while parent is not None:
        above.add(parent)
        parent = parent.parent_op()
    parent = other
    while parent is not None and parent not in above:
        parent = parent.parent_op()
    return isinstance(parent, StepOp | PipelineStageOp)
