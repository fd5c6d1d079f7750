"""Modulo scheduling: the least interval at which the iterations of a loop can overlap, and a schedule for it.

First the interval, then the length of the schedule, then the bits it holds in registers. A heuristic comes first; where
its answer meets the lower bound it is proven, and the exact solver has only the questions that remain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from gatewright.scheduling.binding import bind
from gatewright.scheduling.bounds import IntervalBound, demands, interval_bound
from gatewright.scheduling.lifetimes import held_bits
from gatewright.scheduling.list_schedule import list_schedule
from gatewright.scheduling.modulo_exact import Effort, ExactModel, SolverOutcome, feasible, improved
from gatewright.scheduling.modulo_heuristic import compacted, heuristic_modulo_schedule, settled
from gatewright.scheduling.modulo_slots import shorter_schedule
from gatewright.scheduling.precedence import Precedence, chained_offsets, earliest_starts, precedences
from gatewright.scheduling.problem import Problem, Schedule, verify

EFFORT = 1.0
"""Deterministic time that the exact solver may take for each of its questions; about a second each."""

LARGE = 200
"""A loop of more operations gets proportionally less effort for its length and registers: its steps cost more."""


class Solver(Enum):
    """Which algorithm found the interval."""

    HEURISTIC = "heuristic"
    EXACT = "exact"
    SEQUENTIAL = "sequential"
    """None did: the iterations hardly overlap, or not at all."""


class IntervalError(Exception):
    """There is no schedule at the interval that was asked for, or none was found."""


@dataclass(frozen=True)
class ModuloResult:
    """A schedule with an interval, and what is known of the quality of both."""

    schedule: Schedule
    bound: IntervalBound
    """The lower bound of the interval that recurrences and limits give."""
    undecided: tuple[int, ...]
    """Smaller intervals that were neither found nor excluded within the effort."""
    contended: tuple[str, ...]
    """Operators whose limits, together with the dependences, exclude the next smaller interval."""
    shortest: bool
    """True if no schedule with this interval is shorter."""
    solver: Solver

    @property
    def interval(self) -> int:
        """Cycles between iterations."""
        assert self.schedule.interval is not None
        return self.schedule.interval

    @property
    def proven(self) -> bool:
        """True if there is no smaller interval."""
        return not self.undecided

    def describe(self, problem: Problem) -> str:
        """One line for the user: what keeps the interval from being smaller."""
        if self.interval == self.bound.interval:
            return self.bound.describe(problem)
        reason = f"at least {self.bound.interval} because {self.bound.describe(problem)}"
        if self.undecided:
            first, last = self.undecided[0], self.undecided[-1]
            tried = str(first) if first == last else f"{first} to {last}"
            return f"{reason}; a schedule at {tried} was neither found nor excluded within the effort"
        return f"{reason}; at {self.interval - 1} the dependences leave no room for {', '.join(self.contended)}"


def modulo_schedule(problem: Problem, interval: int | None = None, effort: float = EFFORT) -> ModuloResult:
    """A valid schedule of a loop with the least interval that was found, or with the given one.

    `effort` bounds each question to the exact solver in deterministic time, so that the answer is the same on every
    machine; with 0 there is only the heuristic. Raises ScheduleError if operations of one iteration wait for each
    other, and IntervalError if there is no schedule at the given interval.
    """
    return feasible_interval(problem, interval, effort).result()


@dataclass(frozen=True)
class FeasibleInterval:
    """An interval at which there is a schedule, which is not yet a good one otherwise."""

    problem: Problem
    edges: list[Precedence]
    bound: IntervalBound
    interval: int
    start: list[int]
    undecided: tuple[int, ...]
    solver: Solver
    effort: float
    is_given: bool
    """Whether the interval was asked for."""

    @cached_property
    def shortened(self) -> list[int]:
        """A schedule that is as short as it becomes without the exact solver."""
        unlimited = earliest_starts(len(self.start), self.edges, self.interval)
        assert isinstance(unlimited, list)
        if Schedule(self.start, []).length(self.problem) == Schedule(unlimited, []).length(self.problem):
            return self.start
        return shorter_schedule(self.problem, self.edges, self.interval, self.start)

    def result(self) -> ModuloResult:
        """The schedule: as short as was found, and with few bits in registers."""
        problem, edges, chosen = self.problem, self.edges, self.interval
        start, shortest = _polished(problem, edges, chosen, self.shortened, self.effort)
        contended = ()
        if not self.is_given and chosen > self.bound.interval and not self.undecided:
            contended = _contended(problem, edges, chosen - 1, Effort(self.effort))
        schedule = Schedule(start, chained_offsets(problem, start, chosen), chosen)
        verify(problem, schedule)
        return ModuloResult(schedule, self.bound, self.undecided, contended, shortest, self.solver)


def feasible_interval(problem: Problem, interval: int | None = None, effort: float = EFFORT) -> FeasibleInterval:
    """The least interval that is found, or the given one, as `modulo_schedule` has it."""
    edges = precedences(problem)
    bound = interval_bound(problem, edges)
    if interval is not None and interval < bound.interval:
        raise IntervalError(
            f"an interval of {interval} is impossible; at least {bound.interval} because {bound.describe(problem)}"
        )
    search = _IntervalSearch(problem, edges, bound, Effort(effort))
    chosen, start = search.at(interval) if interval is not None else search.least()
    return FeasibleInterval(
        problem, edges, bound, chosen, start, tuple(search.undecided), search.solver, effort, interval is not None
    )


class _IntervalSearch:
    """Tries one interval after the other."""

    def __init__(self, problem: Problem, edges: list[Precedence], bound: IntervalBound, effort: Effort):
        self.problem, self.edges, self.bound, self.effort = problem, edges, bound, effort
        self.undecided: list[int] = []
        self.solver = Solver.HEURISTIC
        self.sequential = list_schedule(problem).start
        self.last = _sequential_interval(problem, edges, self.sequential)

    def least(self) -> tuple[int, list[int]]:
        """The first interval from the bound on at which there is a schedule, and the schedule."""
        interval = self.bound.interval
        while (start := self._try(interval)) is None:
            interval += 1
        return interval, start

    def at(self, interval: int) -> tuple[int, list[int]]:
        """A schedule at the given interval; raises IntervalError if there is none."""
        start = self._try(interval)
        if start is None:
            found = "was not found within the effort" if self.undecided else "is impossible"
            raise IntervalError(f"a schedule at interval {interval} {found}")
        return interval, start

    def _try(self, interval: int) -> list[int] | None:
        start = heuristic_modulo_schedule(self.problem, self.edges, interval)
        if start is not None:
            self.solver = Solver.HEURISTIC
            return start
        outcome, start = feasible(self.problem, self.edges, interval, self.effort)
        if start is not None:
            self.solver = Solver.EXACT
            units = bind(self.problem, Schedule(start, [], interval))
            return compacted(self.problem, self.edges, interval, start, units)
        if interval >= self.last:
            self.solver = Solver.SEQUENTIAL
            return self.sequential
        if outcome is SolverOutcome.UNKNOWN:
            self.undecided.append(interval)
        return None


def _sequential_interval(problem: Problem, edges: list[Precedence], start: list[int]) -> int:
    """The least interval for which a schedule of one iteration respects what iterations demand of each other."""
    ends = [cycle + problem.operator_of(operation).interval for operation, cycle in enumerate(start)]
    waits = [
        -(-(start[edge.source] + edge.cycles - start[edge.target]) // edge.distance) for edge in edges if edge.distance
    ]
    return max([1, *ends, *waits])


def _polished(
    problem: Problem, edges: list[Precedence], interval: int, start: list[int], effort: float
) -> tuple[list[int], bool]:
    """A schedule that is as short as possible and then holds as few bits as possible, and whether it is shortest."""
    unlimited = earliest_starts(len(start), edges, interval)
    assert isinstance(unlimited, list)
    effort *= min(1.0, LARGE / max(1, len(start)))
    least = Schedule(unlimited, []).length(problem)
    shortest = Schedule(start, []).length(problem) == least
    if not shortest:
        outcome, start = improved(
            problem, edges, interval, start, lambda model: model.minimise_length(least), Effort(effort)
        )
        shortest = outcome is SolverOutcome.OPTIMAL

    latest = _latest_starts(problem, interval, start)
    start = settled(problem, edges, interval, start, bind(problem, Schedule(start, [], interval)), latest)
    if held_bits(problem, start, interval) == 0:
        return start, shortest

    def aim(model: ExactModel) -> None:
        model.limit_starts(latest)
        model.minimise_lifetimes()

    return improved(problem, edges, interval, start, aim, Effort(effort / 2))[1], shortest


def _latest_starts(problem: Problem, interval: int, start: list[int]) -> list[int]:
    """For each operation the latest start with which a schedule is as long, and the loop's end known as soon."""
    length = Schedule(start, []).length(problem)
    latencies = [max(1, problem.operator_of(operation).latency) for operation in range(len(start))]
    latest = [length - latency for latency in latencies]
    for operation in problem.deciding:
        # Up to the start of the next iteration it is decided soon enough.
        latest[operation] = min(latest[operation], max(start[operation], interval - latencies[operation]))
    return latest


def _contended(problem: Problem, edges: list[Precedence], interval: int, effort: Effort) -> tuple[str, ...]:
    """Operators of which no one can be left out if an interval is to remain impossible."""
    resources = [demand.resource for demand in demands(problem)]
    ignored: frozenset[str] = frozenset()
    for resource in resources:
        outcome, _ = feasible(problem, edges, interval, effort, ignored | {resource})
        if outcome is SolverOutcome.INFEASIBLE:
            ignored |= {resource}
    return tuple(resource for resource in resources if resource not in ignored)
