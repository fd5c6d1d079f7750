"""Time points: cycles relative to the start of a region, as far as they are known before the program runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from xdsl.ir import Block, Operation

from gatewright.dialects.loopschedule.ops import PipelineOp
from gatewright.machine.duration import CycleSpan, Item, items_of, span_of, span_when_active


@dataclass(eq=False)
class Timeline:
    """A sequence of steps and loops: each begins in the cycle after the one before has ended."""

    block: Block
    """The block that the items are in."""
    outer: TimePoint | None = None
    """Where the loop begins whose body this is; None for the function's own sequence."""
    items: Sequence[Item] = field(init=False)
    positions: dict[Operation, int] = field(init=False)

    def __post_init__(self):
        self.items = items_of(self.block)
        self.positions = {item: position for position, item in enumerate(self.items)}

    @cached_property
    def _spans(self) -> list[CycleSpan]:
        return [span_of(item) for item in self.items]

    @cached_property
    def _least(self) -> list[int]:
        return list(accumulate((span.least for span in self._spans), initial=0))

    @cached_property
    def _most(self) -> list[int]:
        return list(accumulate((span.most or 0 for span in self._spans), initial=0))

    @cached_property
    def _unbounded(self) -> list[int]:
        return list(accumulate((int(span.most is None) for span in self._spans), initial=0))

    def between(self, first: int, second: int) -> CycleSpan:
        """From the beginning of one item to the beginning of another, or of the same or the end with `len(items)`."""
        bounded = self._unbounded[first] == self._unbounded[second]
        least = self._least[second] - self._least[first]
        return CycleSpan(least, self._most[second] - self._most[first] if bounded else None)

    def place(self, position: int) -> TimePoint:
        """The first cycle of an item; with `len(items)`, the cycle after the last."""
        return TimePoint(self, position)


@dataclass(eq=False)
class IterationCycles(Timeline):
    """The cycles of an iteration of a pipeline: here a position is a cycle, not an item."""

    loop: PipelineOp = field(kw_only=True)

    def between(self, first: int, second: int) -> CycleSpan:
        """From one cycle to another."""
        return CycleSpan(second - first, second - first)


@dataclass(frozen=True, eq=False)
class TimePoint:
    """The first cycle of an item of a timeline, which nested steps and the operations directly in it share."""

    timeline: Timeline
    position: int
    last: bool = False
    """True for the last cycle of the item instead."""
    onwards: bool = False
    """True for that cycle and all later ones."""

    def ancestors(self) -> list[TimePoint]:
        """This place, the item that the loop of its timeline is in, and so on outwards."""
        found: list[TimePoint] = []
        place: TimePoint | None = self
        while place is not None:
            found.append(place)
            place = place.timeline.outer
        return found


def distance(start: TimePoint, use: TimePoint) -> CycleSpan:
    """The cycles from the first cycle of `start` to the cycle of `use`, given that `start` is active.

    `use` is in the timeline of `start` or in a loop within it, and not before it.
    """
    span = CycleSpan(0, 0)
    place = use
    while place.timeline is not start.timeline:
        # In the first iteration of a loop the items before have been passed, in later ones any number of cycles.
        span = CycleSpan(span.least + _into(place), None)
        assert place.timeline.outer is not None, "a value is used outside the sequence that computes it"
        place = place.timeline.outer
    timeline, first, second = start.timeline, start.position, place.position
    assert first <= second, "a value is used before it is computed"
    if first == second:
        own = CycleSpan(0, 0)
    else:
        own = span_when_active(timeline.items[first]) + timeline.between(first + 1, second)
    if place.last:
        item = timeline.items[second]
        tail = span_when_active(item) if first == second else span_of(item)
        own = own + CycleSpan(tail.least - 1, None if tail.most is None else tail.most - 1)
    total = span + own
    return CycleSpan(total.least, None) if use.onwards else total


def _into(place: TimePoint) -> int:
    """The least number of cycles from the start of a loop to a place in its body."""
    least = place.timeline.between(0, place.position).least
    return least + (span_of(place.timeline.items[place.position]).least - 1 if place.last else 0)
