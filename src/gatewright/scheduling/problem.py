"""Scheduling problems, their solutions, and what makes a solution valid.

A problem is a set of operations, the dependences between them, and the operators that execute them. A schedule gives
each operation a start cycle, and a time within that cycle for chaining. The shape follows CIRCT's scheduling library
(Problem, CyclicProblem, SharedOperatorsProblem, ChainingProblem), joined into one.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OperatorType:
    """What a kind of operator costs in time, and how many of it there may be."""

    name: str
    latency: int = 0
    """Cycles from start to result; 0 for combinational."""
    interval: int = 1
    """Least number of cycles between two starts on one unit."""
    delay: float = 0.0
    """Nanoseconds from the inputs to the output (combinational) or to the first register."""
    output_delay: float = 0.0
    """Nanoseconds from the last register to the output, where the latency is at least 1."""
    limit: int | None = None
    """The number of units; None for as many as needed."""
    shared_as: str | None = None
    """The name under which operator types with different delays share the same units; None for the own name."""

    @property
    def resource(self) -> str:
        """What the limit counts."""
        return self.shared_as or self.name


@dataclass(frozen=True)
class Dependence:
    """`target` may not start before `source` allows it.

    A dependence without `cycles` carries data: the target waits for the latency of the source, and chains with it in
    one cycle where both fit in the clock period. One with `cycles` only orders: the target starts at least that many
    cycles after the source starts. `distance` is the number of iterations between the two.
    """

    source: int
    target: int
    reason: str
    cycles: int | None = None
    distance: int = 0


@dataclass
class Problem:
    """Operations (by position), the operator type of each, and their dependences."""

    period: float
    """The clock period in nanoseconds that chains of operations may fill."""
    operators: dict[str, OperatorType] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    """The name of the operator type of each operation."""
    labels: list[str] = field(default_factory=list)
    """What to call each operation in messages."""
    widths: list[int] = field(default_factory=list)
    """Bits of the result of each operation, which a register holds from cycle to cycle."""
    dependences: list[Dependence] = field(default_factory=list)
    deciding: list[int] = field(default_factory=list)
    """Operations of a loop whose results say whether another iteration takes place: what follows the loop waits."""

    def add_operation(self, operator: OperatorType, label: str = "", width: int = 1) -> int:
        """Add an operation and return its position; the operator type is registered by its name."""
        known = self.operators.setdefault(operator.name, operator)
        assert known == operator, f"two operator types are called {operator.name}"
        self.operations.append(operator.name)
        self.labels.append(label or f"operation {len(self.operations) - 1}")
        self.widths.append(width)
        return len(self.operations) - 1

    def add_dependence(
        self, source: int, target: int, reason: str, *, cycles: int | None = None, distance: int = 0
    ) -> None:
        """Let `target` wait for `source`."""
        self.dependences.append(Dependence(source, target, reason, cycles, distance))

    def operator_of(self, operation: int) -> OperatorType:
        """The operator type of an operation."""
        return self.operators[self.operations[operation]]


@dataclass
class Schedule:
    """A start for every operation of a problem."""

    start: list[int]
    """The start cycle of each operation."""
    offset: list[float]
    """Nanoseconds into its start cycle at which an operation's inputs are there."""
    interval: int | None = None
    """Cycles between iterations; None for a block that is not repeated in overlap."""

    def length(self, problem: Problem) -> int:
        """Cycles until every operation has started and every result is available; 0 without operations."""
        ends = [start + max(1, problem.operator_of(operation).latency) for operation, start in enumerate(self.start)]
        return max(ends, default=0)


class ScheduleError(Exception):
    """A schedule does not respect its problem."""


TOLERANCE = 1e-9
"""Nanoseconds by which sums of delays may be off."""


def available(problem: Problem, schedule: Schedule, operation: int) -> tuple[int, float]:
    """The cycle and the time within it at which the result of an operation is there."""
    operator = problem.operator_of(operation)
    if operator.latency == 0:
        return schedule.start[operation], schedule.offset[operation] + operator.delay
    return schedule.start[operation] + operator.latency, operator.output_delay


def verify(problem: Problem, schedule: Schedule) -> None:
    """Raise ScheduleError unless the schedule is valid.

    A schedule is valid if (1) every operation starts at a cycle >= 0 at an offset >= 0, (2) every dependence is
    respected, with chains in one cycle in order, (3) every operation fits in the clock period unless it is alone too
    slow for it, (4) in no cycle are more units of an operator in use than there are, and (5) no unit is still in use
    when the next iteration starts the same operation on it.
    """
    for operation, start in enumerate(schedule.start):
        if start < 0 or schedule.offset[operation] < 0:
            raise ScheduleError(f"{problem.labels[operation]} starts before cycle 0")
    for dependence in problem.dependences:
        _verify_dependence(problem, schedule, dependence)
    for operation in range(len(problem.operations)):
        operator, offset = problem.operator_of(operation), schedule.offset[operation]
        if offset > 0 and offset + operator.delay > problem.period + TOLERANCE:
            raise ScheduleError(f"{problem.labels[operation]} ends {offset + operator.delay:.2f} ns into its cycle")
    _verify_limits(problem, schedule)


def _verify_dependence(problem: Problem, schedule: Schedule, dependence: Dependence) -> None:
    shift = dependence.distance * (schedule.interval or 0)
    if dependence.distance and schedule.interval is None:
        return  # the iteration that needs it starts after the whole block has ended
    start = schedule.start[dependence.target] + shift
    if dependence.cycles is not None:
        met = start >= schedule.start[dependence.source] + dependence.cycles
    else:
        cycle, time = available(problem, schedule, dependence.source)
        met = start > cycle or (start == cycle and schedule.offset[dependence.target] >= time - TOLERANCE)
    if not met:
        raise ScheduleError(
            f"{problem.labels[dependence.target]} starts in cycle {start}, too early for"
            f" {problem.labels[dependence.source]} ({dependence.reason})"
        )


def _verify_limits(problem: Problem, schedule: Schedule) -> None:
    busy: dict[tuple[str, int], int] = {}
    for operation, start in enumerate(schedule.start):
        operator = problem.operator_of(operation)
        if schedule.interval is not None and operator.interval > schedule.interval:
            raise ScheduleError(
                f"{problem.labels[operation]} occupies its unit for {operator.interval} cycles,"
                f" but an iteration starts every {schedule.interval}"
            )
        if operator.limit is None:
            continue
        for cycle in range(start, start + operator.interval):
            slot = (operator.resource, cycle % schedule.interval if schedule.interval else cycle)
            busy[slot] = busy.get(slot, 0) + 1
            if busy[slot] > operator.limit:
                raise ScheduleError(f"{busy[slot]} uses of {operator.limit} {operator.resource} in cycle {cycle}")
