"""Iterative modulo scheduling: a schedule for a given interval, quickly and mostly the best, but without a proof.

Source: B. R. Rau, Iterative modulo scheduling: an algorithm for software pipelining loops, MICRO 1994. Operations are
placed in order of their height; one that finds no free unit displaces others, until all are placed or the budget is
spent. Passes that move all operations late and then early again shorten the result (forward-backward improvement:
K. Li and R. Willis, European Journal of Operational Research 56, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

from gatewright.scheduling.lifetimes import held_cycles, result_ends
from gatewright.scheduling.precedence import Precedence
from gatewright.scheduling.problem import Problem, Schedule

PLACEMENTS = 12
"""How often an operation may be placed on average before the attempt is given up."""

ROUNDS = 6
"""How often all operations may be moved to make a schedule better."""


def heuristic_modulo_schedule(problem: Problem, edges: list[Precedence], interval: int) -> list[int] | None:
    """Start cycles that respect all precedences and limits at an interval, or None if the search fails.

    The interval must be at least the recurrence bound.
    """
    search = _Search(problem, edges, interval)
    if not search.fits or not search.run(PLACEMENTS * len(problem.operations)):
        return None
    return search.shorten()


def compacted(
    problem: Problem, edges: list[Precedence], interval: int, start: list[int], units: list[int]
) -> list[int]:
    """A valid schedule that is no longer, and from which no single operation can be moved to an earlier cycle."""
    return _placed(problem, edges, interval, start, units).shorten()


def settled(
    problem: Problem, edges: list[Precedence], interval: int, start: list[int], units: list[int], latest: list[int]
) -> list[int]:
    """A valid schedule within the latest starts, in which no single operation can move so that fewer bits are held."""
    search = _placed(problem, edges, interval, start, units)
    search.settle(latest)
    return search.starts()


def _placed(problem: Problem, edges: list[Precedence], interval: int, start: list[int], units: list[int]) -> _Search:
    search = _Search(problem, edges, interval)
    for operation, cycle in enumerate(start):
        search.put(operation, cycle, units[operation])
    return search


class _ReservationTable:
    """Which operation occupies each unit of each limited operator in each slot of the interval."""

    def __init__(self, problem: Problem, interval: int):
        self.interval = interval
        self.slots: dict[str, list[list[int | None]]] = {}
        for operation in range(len(problem.operations)):
            operator = problem.operator_of(operation)
            if operator.limit is not None:
                units: list[list[int | None]] = [
                    [None] * interval for _ in range(min(operator.limit, len(problem.operations)))
                ]
                self.slots.setdefault(operator.resource, units)

    def occupants(self, resource: str, unit: int, start: int, cycles: int) -> list[int]:
        """The operations in the way of a use of a unit."""
        slots = self.slots[resource][unit]
        found = (slots[(start + cycle) % self.interval] for cycle in range(cycles))
        return list(dict.fromkeys(operation for operation in found if operation is not None))

    def mark(self, resource: str, unit: int, start: int, cycles: int, operation: int | None) -> None:
        """Occupy a unit with an operation, or free it with None."""
        slots = self.slots[resource][unit]
        for cycle in range(cycles):
            slots[(start + cycle) % self.interval] = operation


@dataclass
class _Search:
    problem: Problem
    edges: list[Precedence]
    interval: int

    def __post_init__(self):
        count = len(self.problem.operations)
        self.operators = [self.problem.operator_of(operation) for operation in range(count)]
        self.fits = all(operator.interval <= self.interval for operator in self.operators)
        self.incoming: list[list[Precedence]] = [[] for _ in range(count)]
        self.outgoing: list[list[Precedence]] = [[] for _ in range(count)]
        for edge in self.edges:
            if edge.source != edge.target:
                self.incoming[edge.target].append(edge)
                self.outgoing[edge.source].append(edge)
        self.units = _ReservationTable(self.problem, self.interval)
        self.placed: dict[int, tuple[int, int]] = {}
        """The start cycle and the unit of each operation that has been placed."""
        self.previous = [-1] * count
        """Where each operation was placed last."""
        self.height = self._heights()

    def _heights(self) -> list[int]:
        """The longest time from the start of each operation to the end of the iteration, in cycles."""
        height = [max(1, operator.latency) for operator in self.operators]
        changed = True
        while changed:
            changed = False
            for edge in reversed(self.edges):
                least = height[edge.target] + edge.cycles - edge.distance * self.interval
                if least > height[edge.source]:
                    height[edge.source], changed = least, True
        return height

    def run(self, budget: int) -> bool:
        """Place all operations with at most `budget` placements."""
        order = sorted(range(len(self.operators)), key=lambda operation: (-self.height[operation], operation))
        while len(self.placed) < len(order):
            if budget == 0:
                return False
            budget -= 1
            operation = next(each for each in order if each not in self.placed)
            self._place(operation)
        return True

    def _earliest(self, operation: int) -> int:
        starts = (
            self.placed[edge.source][0] + edge.cycles - edge.distance * self.interval
            for edge in self.incoming[operation]
            if edge.source in self.placed
        )
        return max(starts, default=0) if self.incoming[operation] else 0

    def _place(self, operation: int) -> None:
        earliest = max(0, self._earliest(operation))
        found = self._free(operation, range(earliest, earliest + self.interval))
        if found is None:
            start = max(earliest, self.previous[operation] + 1)
            found = start, self._displace(operation, start)
        self.put(operation, *found)
        for edge in self.outgoing[operation]:
            if edge.target in self.placed:
                least = found[0] + edge.cycles - edge.distance * self.interval
                if self.placed[edge.target][0] < least:
                    self._remove(edge.target)

    def _free(self, operation: int, cycles: range) -> tuple[int, int] | None:
        """The first cycle in which a unit is free for an operation, with the unit."""
        operator = self.operators[operation]
        if operator.limit is None:
            return cycles[0], 0
        for cycle in cycles:
            for unit in range(len(self.units.slots[operator.resource])):
                if not self.units.occupants(operator.resource, unit, cycle, operator.interval):
                    return cycle, unit
        return None

    def _displace(self, operation: int, start: int) -> int:
        """Free the unit of an operator whose occupants matter least, and return it."""
        operator = self.operators[operation]
        choices = [
            self.units.occupants(operator.resource, unit, start, operator.interval)
            for unit in range(len(self.units.slots[operator.resource]))
        ]
        unit = min(range(len(choices)), key=lambda each: max((self.height[o] for o in choices[each]), default=0))
        for occupant in choices[unit]:
            self._remove(occupant)
        return unit

    def put(self, operation: int, start: int, unit: int) -> None:
        """Place an operation on a unit that is free."""
        self.placed[operation] = start, unit
        self.previous[operation] = start
        operator = self.operators[operation]
        if operator.limit is not None:
            self.units.mark(operator.resource, unit, start, operator.interval, operation)

    def _remove(self, operation: int) -> None:
        start, unit = self.placed.pop(operation)
        operator = self.operators[operation]
        if operator.limit is not None:
            self.units.mark(operator.resource, unit, start, operator.interval, None)

    def starts(self) -> list[int]:
        """The start cycle of each operation."""
        return [self.placed[operation][0] for operation in range(len(self.operators))]

    def _length(self) -> int:
        return Schedule(self.starts(), []).length(self.problem)

    def shorten(self) -> list[int]:
        """Move operations to later cycles and back to earlier ones as long as the schedule becomes shorter."""
        self._move_early()
        best = self.starts()
        for _ in range(ROUNDS):
            length = self._length()
            self._move_late(length)
            self._move_early()
            if self._length() >= length:
                break
            best = self.starts()
        return best

    def _latest(self, operation: int, length: int) -> int:
        return self._allowed(operation, length - max(1, self.operators[operation].latency))

    def _allowed(self, operation: int, latest: int) -> int:
        """The latest start, of those up to a given one, that what waits for an operation allows."""
        for edge in self.outgoing[operation]:
            latest = min(latest, self.placed[edge.target][0] - edge.cycles + edge.distance * self.interval)
        return latest

    def _move_late(self, length: int) -> None:
        for operation in sorted(self.placed, key=lambda each: (-self.placed[each][0], each)):
            start, _ = self.placed[operation]
            self._move(operation, range(self._latest(operation, length), start, -1))

    def _move_early(self) -> None:
        moved = True
        while moved:
            moved = False
            for operation in sorted(self.placed, key=lambda each: (self.placed[each][0], each)):
                start, _ = self.placed[operation]
                moved |= self._move(operation, range(max(0, self._earliest(operation)), start))

    def _move(self, operation: int, cycles: range) -> bool:
        """Move an operation to the first of some cycles in which a unit is free; return whether there is one."""
        if not cycles:
            return False
        before = self.placed[operation]
        self._remove(operation)
        found = self._free(operation, cycles)
        self.put(operation, *(found or before))
        return found is not None

    def settle(self, latest: list[int]) -> None:
        """Move operations, none beyond its latest start, to where the fewest bits are held."""
        self.ends = result_ends(self.problem, self.interval)
        self.sources: list[list[int]] = [[] for _ in self.operators]
        for source, ends in self.ends.items():
            for target, _ in ends:
                self.sources[target].append(source)
        for _ in range(ROUNDS):
            before = dict(self.placed)
            for operation in sorted(self.placed, key=lambda each: (-self.placed[each][0], each)):
                self._settle_one(operation, latest[operation])
            if self.placed == before:
                break

    def _settle_one(self, operation: int, latest: int) -> None:
        start, unit = self.placed[operation]
        earliest, latest = max(0, self._earliest(operation)), self._allowed(operation, latest)
        if earliest >= latest:
            return
        self._remove(operation)
        cycles = (range(cycle, cycle + 1) for cycle in range(earliest, latest + 1))
        choices = [found for cycle in cycles if (found := self._free(operation, cycle))]
        best = min(choices, key=lambda found: (self._held(operation, found[0]), abs(found[0] - start)))
        if self._held(operation, best[0]) >= self._held(operation, start):
            best = start, unit
        self.put(operation, *best)

    def _held(self, operation: int, cycle: int) -> int:
        """Bits held for the result of an operation and for the results that it uses if it starts in a cycle."""
        self.previous[operation] = cycle
        start, held = self.previous, 0
        for source in dict.fromkeys([*self.sources[operation], operation]):
            if ends := self.ends.get(source):
                held += self.problem.widths[source] * held_cycles(self.problem, start, source, ends)
        return held
