"""Exact modulo scheduling with OR-tools CP-SAT, under a limit that does not depend on the speed of the machine.

The model has a start cycle for each operation and, for those whose operator is limited, its slot in the interval
(A. Eichenberger and E. Davidson, Efficient formulation for optimal modulo schedulers, PLDI 1997).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from gatewright.scheduling.bounds import Demand, demands
from gatewright.scheduling.lifetimes import result_ends
from gatewright.scheduling.precedence import Precedence
from gatewright.scheduling.problem import Problem

Aim = Callable[["ExactModel"], None]
"""Adds to a model what is wanted of its solution."""


class SolverOutcome(Enum):
    """What the solver found out."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    """A schedule, perhaps not the best."""
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"
    """The limit was reached before there was an answer."""


@dataclass
class Effort:
    """The deterministic time that the exact solver may still take, in CP-SAT's units (about a second each)."""

    left: float

    def spend(self, amount: float) -> None:
        """Take away what a solve has taken."""
        self.left = max(0.0, self.left - amount)


@dataclass
class ExactModel:
    """The schedules of a problem at one interval, as a constraint model."""

    problem: Problem
    edges: list[Precedence]
    interval: int
    horizon: int
    """No operation starts in this cycle or later."""
    ignored: frozenset[str] = frozenset()
    """Operators whose limits do not count."""
    start: list[Any] = field(default_factory=list)

    def __post_init__(self):
        from ortools.sat.python import cp_model  # takes most of a second, and most problems do without

        self.library = cp_model
        self.model = cp_model.CpModel()
        last = max(0, self.horizon - 1)
        self.start = [self.model.new_int_var(0, last, f"start_{each}") for each in range(len(self.problem.operations))]
        self.slots: dict[int, list[Any]] = {}
        self.linearization = 0  # for lengths and slots, propagation alone is several times faster than relaxations
        self.turns: dict[int, cp_model.IntVar] = {}
        for edge in self.edges:
            required = edge.cycles - edge.distance * self.interval
            if edge.source != edge.target:
                self.model.add(self.start[edge.target] - self.start[edge.source] >= required)
        for demand in demands(self.problem):
            if demand.resource not in self.ignored:
                self._limit(demand)

    def _limit(self, demand: Demand) -> None:
        """Share the units of an operator; an operation has the same unit in every iteration."""
        if demand.longest > self.interval:
            self.model.add_bool_or([])
        if demand.limit is None or demand.longest > self.interval:
            return
        if self.interval == 1:
            if len(demand.operations) > demand.limit:
                self.model.add_bool_or([])
            return
        for operation in demand.operations:
            self._slots_of(operation)
        for cycle in range(self.interval):
            users = [literal for operation in demand.operations for literal in self._busy(operation, cycle)]
            self.model.add(sum(users) <= demand.limit)
        if demand.limit > 1 and demand.longest > 1:
            self._assign_units(demand)

    def _slots_of(self, operation: int) -> None:
        """One literal for each slot of the interval that an operation may start in."""
        literals = [self.model.new_bool_var(f"slot_{operation}_{slot}") for slot in range(self.interval)]
        self.slots[operation] = literals
        self.model.add_exactly_one(literals)
        turn = self.turns[operation] = self.model.new_int_var(0, self.horizon // self.interval, f"turn_{operation}")
        slot = sum(position * literal for position, literal in enumerate(literals))
        self.model.add(self.start[operation] == self.interval * turn + slot)

    def _busy(self, operation: int, cycle: int) -> list[Any]:
        """The literals of the slots from which an operation still occupies its unit in a cycle."""
        cycles = self.problem.operator_of(operation).interval
        return [self.slots[operation][(cycle - back) % self.interval] for back in range(cycles)]

    def _assign_units(self, demand: Demand) -> None:
        """Give each operation a unit of its own choice that nobody else uses meanwhile.

        On a circle it is not enough that there are never more users than units: three arcs of two thirds of it each
        overlap pairwise, although only two meet at any point.
        """
        assert demand.limit is not None
        chosen: list[list[Any]] = []
        for rank, operation in enumerate(demand.operations):
            units = min(demand.limit, rank + 1)  # units are alike, so the first operation takes the first unit
            literals = [self.model.new_bool_var(f"unit_{operation}_{unit}") for unit in range(units)]
            self.model.add_exactly_one(literals)
            chosen.append(literals)
        for rank, literals in enumerate(chosen):
            for other in range(rank):
                for unit, literal in enumerate(chosen[other]):
                    for cycle in range(self.interval):
                        one = self._busy(demand.operations[rank], cycle)
                        two = self._busy(demand.operations[other], cycle)
                        self.model.add(sum(one) + sum(two) <= 1).only_enforce_if([literal, literals[unit]])

    def fix_rotation(self) -> None:
        """Let one limited operation start in slot 0, which excludes nothing: every schedule can be delayed."""
        if self.slots:
            self.model.add(self.slots[min(self.slots)][0] == 1)

    def minimise_length(self, least: int) -> None:
        """Ask for the schedule whose results are all there soonest; `least` is a known lower bound."""
        latencies = [max(1, self.problem.operator_of(operation).latency) for operation in range(len(self.start))]
        length = self.model.new_int_var(least, self.horizon + max(latencies, default=1), "length")
        for start, latency in zip(self.start, latencies, strict=True):
            self.model.add(length >= start + latency)
        self.model.minimize(length)

    def limit_starts(self, latest: list[int]) -> None:
        """Let no operation start later than its latest start."""
        for start, cycle in zip(self.start, latest, strict=True):
            self.model.add(start <= cycle)

    def minimise_lifetimes(self) -> None:
        """Ask for the schedule that holds the fewest bits in registers, summed over cycles."""
        self.linearization = 2  # the sum is a linear program but for the slots
        cost = []
        for source, ends in result_ends(self.problem, self.interval).items():
            most = self.horizon + max(shift for _, shift in ends)
            held = self.model.new_int_var(0, most, f"held_{source}")
            latency = self.problem.operator_of(source).latency
            for target, shift in ends:
                self.model.add(held >= self.start[target] + shift - self.start[source] - latency)
            cost.append(self.problem.widths[source] * held)
        self.model.minimize(sum(cost))

    def _hint(self, start: Sequence[int]) -> None:
        """Begin with a schedule; the more variables are given, the surer the solver has a first answer at once."""
        for operation, cycle in enumerate(start):
            self.model.add_hint(self.start[operation], cycle)
            if operation in self.slots:
                self.model.add_hint(self.turns[operation], cycle // self.interval)
                for slot, literal in enumerate(self.slots[operation]):
                    self.model.add_hint(literal, slot == cycle % self.interval)

    def solve(self, effort: Effort, hint: Sequence[int] | None = None) -> tuple[SolverOutcome, list[int] | None]:
        """Solve within the effort that is left; `hint` is a schedule to begin with."""
        if effort.left <= 0:
            return SolverOutcome.UNKNOWN, None
        if hint is not None:
            self._hint(hint)
        solver = self.library.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.linearization_level = self.linearization
        solver.parameters.max_deterministic_time = effort.left
        try:
            status = solver.solve(self.model)
        except IndexError:  # OR-tools 9.15 fails inside on a few models, always the same ones: they tell nothing
            return SolverOutcome.UNKNOWN, None
        effort.spend(solver.response_proto.deterministic_time)
        outcome = {
            self.library.OPTIMAL: SolverOutcome.OPTIMAL,
            self.library.FEASIBLE: SolverOutcome.FEASIBLE,
            self.library.INFEASIBLE: SolverOutcome.INFEASIBLE,
        }.get(status, SolverOutcome.UNKNOWN)
        if outcome in (SolverOutcome.INFEASIBLE, SolverOutcome.UNKNOWN):
            return outcome, None
        return outcome, [solver.value(variable) for variable in self.start]


def sufficient_horizon(edges: list[Precedence], count: int, interval: int) -> int:
    """Cycles within which a problem has a schedule at an interval if it has one at all.

    With its slots given, a schedule is a longest path; each step of it takes what the precedence demands and at most
    the rest of an interval more.
    """
    longest = [0] * count
    for edge in edges:
        longest[edge.source] = max(longest[edge.source], edge.cycles - edge.distance * interval)
    return sum(cycles + interval - 1 for cycles in longest) + interval


def feasible(
    problem: Problem,
    edges: list[Precedence],
    interval: int,
    effort: Effort,
    ignored: frozenset[str] = frozenset(),
) -> tuple[SolverOutcome, list[int] | None]:
    """Whether a problem has a schedule at an interval, and one if so."""
    horizon = sufficient_horizon(edges, len(problem.operations), interval)
    model = ExactModel(problem, edges, interval, horizon, ignored)
    model.fix_rotation()
    return model.solve(effort)


def improved(
    problem: Problem, edges: list[Precedence], interval: int, start: list[int], aim: Aim, effort: Effort
) -> tuple[SolverOutcome, list[int]]:
    """A schedule that is at least as good as the given one in what `aim` asks for; OPTIMAL if there is none better."""
    horizon = max(start, default=0) + 1
    model = ExactModel(problem, edges, interval, horizon)
    aim(model)
    outcome, found = model.solve(effort, start)
    assert outcome is not SolverOutcome.INFEASIBLE, "the solver refutes a schedule that exists"
    return outcome, found or start
