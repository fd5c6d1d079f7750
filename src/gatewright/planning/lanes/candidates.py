"""A point of a nest with what it needs: accesses at once, banks for them, and about how much hardware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import prod

from xdsl.ir import SSAValue

from gatewright.planning.lanes.banks import Accesses, Layout, crossbars, layouts
from gatewright.planning.lanes.points import LanePoint, extents_of, width_of_elements

BANK = 16
"""What a bank costs beside its memory, in look-up tables, as all of these are."""
DIVIDER = 5000
"""What it costs to divide a subscript by a number of banks that is no power of two."""
LANE = 32
"""What a lane costs, or a cycle of an interval, in which operands are chosen."""
MOST_LAYOUTS = 2
"""The layouts that are considered for an array from each point of a nest."""


@dataclass(frozen=True)
class LaneCandidate:
    """A point of a nest with what it costs."""

    point: LanePoint
    cycles: int
    needs: Mapping[tuple[SSAValue, bool], Sequence[Accesses]]
    """What it accesses at once of the arrays that can be banked: those, and whether it stores."""
    square: int | None = None
    """The loop that with the one in it visits its iterations by growing squares."""

    @cached_property
    def layouts(self) -> Mapping[SSAValue, Sequence[Layout]]:
        """For each array the layouts that it needs least banks and choices for."""
        found: dict[SSAValue, Sequence[Layout]] = {}
        for array in dict.fromkeys(array for array, _ in self.needs):
            every = [groups for (each, _), groups in self.needs.items() if each is array]
            found[array] = list(islice(layouts(every, self.point.interval, extents_of(array)), MOST_LAYOUTS))
        return found

    @property
    def hardware(self) -> int:
        """About how much hardware it takes, if no other nest wants other layouts of its arrays."""
        banks = sum(BANK * prod(best) + self.crossbars(array, best) for array, (best, *_) in self.layouts.items())
        return banks + LANE * (self.point.lanes + self.point.interval)

    def in_turn(self) -> LaneCandidate:
        """The same with all accesses of each array one after the other."""
        whole = [sum(group.conflicts((1,) * len(group.steps)) for group in groups) for groups in self.needs.values()]
        point = replace(self.point, interval=max([self.point.interval, *whole]))
        return replace(self, point=point)

    def fits(self, array: SSAValue, layout: Layout) -> bool:
        """Whether all accesses of an array find their banks within the interval of the point."""
        return all(
            sum(group.conflicts(layout) for group in groups) <= self.point.interval
            for (each, _), groups in self.needs.items()
            if each is array
        )

    def waits(self, array: SSAValue, layout: Layout) -> int:
        """Cycles until the last load of an array, which the first of an iteration's products do not wait for."""
        loads = [groups for (each, stores), groups in self.needs.items() if each is array and not stores]
        return max((sum(group.conflicts(layout) for group in groups) - 1 for groups in loads), default=0)

    def crossbars(self, array: SSAValue, layout: Layout) -> int:
        """What the choices between banks cost that its accesses of an array need."""
        width = width_of_elements(array)
        mine = [groups for (each, _), groups in self.needs.items() if each is array]
        chosen = sum(crossbars(groups, layout) for groups in mine)
        cheap = all(group.is_cheap(layout) for groups in mine for group in groups)
        return -(-chosen * width // 2) + (0 if cheap else DIVIDER)
