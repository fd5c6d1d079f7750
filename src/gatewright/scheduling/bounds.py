"""Lower bounds of the interval of a loop, and what causes them: a recurrence, or the limit of an operator.

Source: B. R. Rau, Iterative modulo scheduling, MICRO 1994 (RecMII and ResMII). Here recurrences also count the cycles
that chains lose at the clock period, and an operation keeps its unit from iteration to iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatewright.scheduling.precedence import PositiveCycle, Precedence, earliest_starts
from gatewright.scheduling.problem import Problem, ScheduleError


@dataclass(frozen=True)
class Recurrence:
    """Operations that wait for each other around a loop."""

    operations: tuple[int, ...]
    """In the order in which they wait; the first waits for the last of an earlier iteration."""
    dependences: tuple[int, ...]
    """The positions of the dependences between them."""
    cycles: int
    """What one turn takes."""
    distance: int
    """How many iterations one turn advances."""

    @property
    def interval(self) -> int:
        """The least interval that it allows."""
        return -(-self.cycles // self.distance)

    def describe(self, problem: Problem) -> str:
        """One line for the user."""
        names = " -> ".join(problem.labels[operation] for operation in (*self.operations, self.operations[0]))
        iterations = "1 iteration" if self.distance == 1 else f"{self.distance} iterations"
        cycles = "1 cycle" if self.cycles == 1 else f"{self.cycles} cycles"
        return f"{names} takes {cycles} and comes back after {iterations}"


@dataclass(frozen=True)
class Demand:
    """The operations that share the units of an operator."""

    resource: str
    operations: tuple[int, ...]
    limit: int | None
    occupied: int
    """Cycles that all of them together occupy a unit in one iteration."""
    shortest: int
    longest: int
    """The shortest and the longest time that one of them occupies a unit, in cycles."""

    @property
    def interval(self) -> int:
        """The least interval that its limit allows."""
        if self.limit is None:
            return self.longest
        interval = max(self.longest, -(-self.occupied // self.limit))
        while len(self.operations) > self.limit * (interval // self.shortest):
            interval += 1
        return interval

    def describe(self) -> str:
        """One line for the user."""
        uses = "1 use" if len(self.operations) == 1 else f"{len(self.operations)} uses"
        units = "" if self.limit is None else f" on {self.limit} unit" + ("s" if self.limit > 1 else "")
        each = "" if self.longest == 1 else f", each for {self.longest} cycles"
        return f"{uses} of {self.resource}{units}{each}"


@dataclass(frozen=True)
class IntervalBound:
    """The least interval that recurrences and limits each allow, with the cause of the larger one."""

    interval: int
    recurrence: Recurrence | None
    """The recurrence that needs the longest interval, if there is one that needs a cycle at all."""
    demand: Demand | None
    """The operator that needs the longest interval, if any is used."""

    def describe(self, problem: Problem) -> str:
        """One line for the user: why the interval cannot be smaller."""
        if self.recurrence is not None and self.recurrence.interval == self.interval:
            return self.recurrence.describe(problem)
        if self.demand is not None and self.demand.interval == self.interval:
            return self.demand.describe()
        return "an iteration starts at most once a cycle"


def demands(problem: Problem) -> list[Demand]:
    """What each operator has to do in one iteration, for operators that are limited or not fully pipelined."""
    users: dict[str, list[int]] = {}
    for operation in range(len(problem.operations)):
        users.setdefault(problem.operator_of(operation).resource, []).append(operation)
    found = []
    for resource, operations in users.items():
        operators = [problem.operator_of(operation) for operation in operations]
        limit = operators[0].limit
        assert all(operator.limit == limit for operator in operators), f"{resource} has two limits"
        occupied = [operator.interval for operator in operators]
        if limit is not None or max(occupied) > 1:
            demand = Demand(resource, tuple(operations), limit, sum(occupied), min(occupied), max(occupied))
            found.append(demand)
    return found


def recurrence_bound(problem: Problem, edges: list[Precedence]) -> tuple[int, Recurrence | None]:
    """The least interval that all recurrences allow, and the one that needs it.

    Follows one cycle of positive length after the other: each gives an interval at which it is harmless (E. Lawler,
    Combinatorial Optimization, 1976, section 3.13, in integers). Raises ScheduleError where operations of one iteration
    wait for each other.
    """
    interval, critical = 1, None
    while True:
        found = earliest_starts(len(problem.operations), edges, interval)
        if not isinstance(found, PositiveCycle):
            return interval, critical
        critical = _recurrence(problem, found)
        if critical.distance <= 0:
            names = " -> ".join(problem.labels[operation] for operation in critical.operations)
            raise ScheduleError(f"{names} wait for each other in one iteration")
        interval = critical.interval


def _recurrence(problem: Problem, cycle: PositiveCycle) -> Recurrence:
    first = min(range(len(cycle.precedences)), key=lambda each: cycle.precedences[each].source)
    turn = (*cycle.precedences[first:], *cycle.precedences[:first])
    path = tuple(position for edge in turn for position in edge.path)
    operations = tuple(dict.fromkeys(problem.dependences[position].source for position in path))
    return Recurrence(operations, path, sum(edge.cycles for edge in turn), sum(edge.distance for edge in turn))


def interval_bound(problem: Problem, edges: list[Precedence]) -> IntervalBound:
    """The lower bound of the interval of a problem."""
    interval, recurrence = recurrence_bound(problem, edges)
    demand = max(demands(problem), key=lambda each: each.interval, default=None)
    return IntervalBound(max(interval, demand.interval if demand else 1), recurrence, demand)
