"""A good choice of points and layouts, by changing one or two nests at a time as long as that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TypeVar

from xdsl.ir import SSAValue

from gatewright.planning.lanes.banks import Layout
from gatewright.planning.lanes.candidates import BANK, LANE, LaneCandidate

Looked = TypeVar("Looked")
CacheKey = tuple[int, int, SSAValue, Layout]

MOST_ROUNDS = 8
"""How often all nests are looked at again."""


@dataclass
class Descent:
    """Points of nests and layouts of arrays that fit each other, from one lane and one bank on.

    A step gives a nest, or two that share an array, other points, and their arrays the cheapest layouts that fit all
    their nests. (The neighbourhoods of an iterated local search; H. R. Lourenço, O. C. Martin and T. Stützle, 2003.)
    """

    candidates: Sequence[Sequence[LaneCandidate]]
    offered: Mapping[SSAValue, Sequence[Layout]]
    worth: int
    """What a cycle is worth, in look-up tables times `least`."""
    least: int
    chosen: list[int] = field(default_factory=list)
    laid: dict[SSAValue, Layout] = field(default_factory=dict)
    users: dict[SSAValue, list[int]] = field(default_factory=dict)
    """The nests that access each array."""
    _fits: dict[CacheKey, bool] = field(default_factory=dict)
    _costs: dict[CacheKey, int] = field(default_factory=dict)

    def run(self) -> bool:
        """Find a choice; False if even one lane and one bank do not go together."""
        self.chosen = [len(options) - 1 for options in self.candidates]
        self.users: dict[SSAValue, list[int]] = {array: [] for array in self.offered}
        for number, options in enumerate(self.candidates):
            for array in dict.fromkeys(array for each in options for array, _ in each.needs):
                self.users[array].append(number)
        layouts = {array: self._best(array, self.chosen) for array in self.offered}
        if any(layout is None for layout in layouts.values()):
            return False
        self.laid = {array: layout for array, layout in layouts.items() if layout is not None}
        for _ in range(MOST_ROUNDS):
            if not any([self._improve(nests) for nests in self._moves()]):
                break
        return True

    def _moves(self) -> Iterator[tuple[int, ...]]:
        """The nests that are changed together: each, and those that share an array."""
        yield from ((number,) for number in range(len(self.candidates)))
        pairs = {(one, other) for users in self.users.values() for one in users for other in users if one < other}
        yield from sorted(pairs)

    def _improve(self, nests: tuple[int, ...]) -> bool:
        """Give some nests the points that are best with all else as it is; return whether that changes anything."""
        arrays = list(
            dict.fromkeys(array for number in nests for each in self.candidates[number] for array, _ in each.needs)
        )
        affected = sorted({number for array in arrays for number in self.users[array]} | set(nests))
        best, found = self._value(affected, self.chosen, self.laid), None
        for points in product(*(range(len(self.candidates[number])) for number in nests)):
            chosen = list(self.chosen)
            for number, point in zip(nests, points, strict=True):
                chosen[number] = point
            layouts = {array: self._best(array, chosen) for array in arrays}
            if any(layout is None for layout in layouts.values()):
                continue
            laid = self.laid | {array: layout for array, layout in layouts.items() if layout is not None}
            if (value := self._value(affected, chosen, laid)) < best:
                best, found = value, (chosen, laid)
        if found is not None:
            self.chosen, self.laid = found
        return found is not None

    def _value(self, nests: Sequence[int], chosen: Sequence[int], laid: Mapping[SSAValue, Layout]) -> int:
        """What some nests and their arrays cost."""
        cycles = hardware = 0
        arrays: dict[SSAValue, None] = {}
        for number in nests:
            candidate = self.candidates[number][chosen[number]]
            mine = dict.fromkeys(array for array, _ in candidate.needs)
            arrays |= mine
            cycles += candidate.cycles + max((candidate.waits(array, laid[array]) for array in mine), default=0)
            hardware += LANE * (candidate.point.lanes + candidate.point.interval)
            hardware += sum(self._cost(number, chosen[number], array, laid[array]) for array in mine)
        hardware += sum(BANK * prod(laid[array]) for array in arrays)
        return self.worth * cycles + self.least * hardware

    def _best(self, array: SSAValue, chosen: Sequence[int]) -> Layout | None:
        """The cheapest layout of an array with which all its nests find what they access at once."""
        users = self.users[array]
        best: tuple[int, Layout] | None = None
        for layout in self.offered[array]:
            if all(self._does_fit(number, chosen[number], array, layout) for number in users):
                cost = BANK * prod(layout)
                cost += sum(self._cost(number, chosen[number], array, layout) for number in users)
                if best is None or cost < best[0]:
                    best = cost, layout
        return None if best is None else best[1]

    def _does_fit(self, number: int, point: int, array: SSAValue, layout: Layout) -> bool:
        return _kept(self._fits, (number, point, array, layout), lambda: self._at(number, point).fits(array, layout))

    def _cost(self, number: int, point: int, array: SSAValue, layout: Layout) -> int:
        return _kept(
            self._costs, (number, point, array, layout), lambda: self._at(number, point).crossbars(array, layout)
        )

    def _at(self, number: int, point: int) -> LaneCandidate:
        return self.candidates[number][point]


def _kept(known: dict[CacheKey, Looked], key: CacheKey, make: Callable[[], Looked]) -> Looked:
    if key not in known:
        known[key] = make()
    return known[key]
