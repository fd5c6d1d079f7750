"""Branch and bound over the slots of an interval: a shorter schedule, of the same interval, than a heuristic found.

Once it is said in which cycle, modulo the interval, each operation on a limited operator starts, the rest is a longest
path: a start that is too early moves to the next cycle of its slot. So slots are what is searched: those of the
operation that can start first, the earliest first, as long as the longest path stays below the best length so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gatewright.scheduling.precedence import Precedence
from gatewright.scheduling.problem import Problem, Schedule

NODES = 1000
"""How many choices of slots are looked at, of a loop of at most as many operations as `SMALL`."""

SMALL = 64
"""A larger loop gets proportionally fewer: each of them costs more."""

MOST_MOVES = 50
"""How often an operation may move on average while starts settle, before a choice counts as impossible."""

Slot: TypeAlias = tuple[str, int, int]
"""A unit of a resource in a cycle modulo the interval."""


@dataclass(frozen=True)
class _SlotAssignment:
    """Operations that have slots, and the earliest starts that these leave."""

    starts: list[int]
    slots: dict[int, int]
    """The cycle modulo the interval in which an operation starts."""
    taken: frozenset[Slot]


def shorter_schedule(problem: Problem, edges: list[Precedence], interval: int, start: list[int]) -> list[int]:
    """Valid starts that take fewer cycles than those given, or these if none are found."""
    if any(problem.operator_of(operation).interval > interval for operation in range(len(start))):
        return start
    return _SlotSearch(problem, edges, interval, start).run()


class _SlotSearch:
    """Searches for one loop."""

    def __init__(self, problem: Problem, edges: list[Precedence], interval: int, start: list[int]):
        self._problem, self._interval, self._best = problem, interval, start
        self._operators = [problem.operator_of(operation) for operation in range(len(start))]
        self._latencies = [max(1, operator.latency) for operator in self._operators]
        self._limited = [each for each, operator in enumerate(self._operators) if operator.limit is not None]
        self._length = Schedule(start, []).length(problem)
        self._outgoing: list[list[Precedence]] = [[] for _ in start]
        for edge in edges:
            self._outgoing[edge.source].append(edge)

    def run(self) -> list[int]:
        """The best starts."""
        nodes = NODES * SMALL // max(SMALL, len(self._operators))
        free = self._settled([0] * len(self._operators), {}, range(len(self._operators)))
        levels = [iter([_SlotAssignment(free, {}, frozenset())])] if free is not None else []
        while levels and nodes:
            choice = next(levels[-1], None)
            if choice is None:
                levels.pop()
                continue
            nodes -= 1
            if len(choice.slots) < len(self._limited):
                levels.append(self._choices(choice))
            elif (length := Schedule(choice.starts, []).length(self._problem)) < self._length:
                self._best, self._length = choice.starts, length
        return self._best

    def _choices(self, before: _SlotAssignment) -> Iterator[_SlotAssignment]:
        """The slots of the operation that can start first, the earliest first."""
        rest = (each for each in self._limited if each not in before.slots)
        operation = min(rest, key=lambda each: (before.starts[each], each))
        earliest = before.starts[operation]
        for cycle in range(earliest, earliest + self._interval):
            if cycle + self._latencies[operation] >= self._length:
                return
            used = self._free(operation, cycle, before.taken)
            if used is None:
                continue
            slots = {**before.slots, operation: cycle % self._interval}
            starts = list(before.starts)
            starts[operation] = cycle
            settled = self._settled(starts, slots, [operation])
            if settled is not None:
                yield _SlotAssignment(settled, slots, before.taken | used)

    def _free(self, operation: int, cycle: int, taken: frozenset[Slot]) -> frozenset[Slot] | None:
        """The slots of the first unit that is free for an operation in a cycle; None if none is."""
        operator = self._operators[operation]
        assert operator.limit is not None
        for unit in range(min(operator.limit, len(self._operators))):
            slots = ((operator.resource, unit, (cycle + k) % self._interval) for k in range(operator.interval))
            used = frozenset(slots)
            if taken.isdisjoint(used):
                return used
        return None

    def _settled(self, starts: list[int], slots: dict[int, int], moved: Iterable[int]) -> list[int] | None:
        """The earliest starts from some on that respect precedences and slots; None if they are no shorter."""
        pending, moves = list(moved), MOST_MOVES * len(starts)
        while pending:
            source = pending.pop()
            for edge in self._outgoing[source]:
                target, least = edge.target, starts[source] + edge.cycles - edge.distance * self._interval
                if least <= starts[target]:
                    continue
                if target in slots:
                    least += (slots[target] - least) % self._interval
                moves -= 1
                if not moves or least + self._latencies[target] >= self._length:
                    return None
                starts[target] = least
                pending.append(target)
        return starts
