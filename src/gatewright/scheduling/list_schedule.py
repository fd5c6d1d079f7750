"""Resource-constrained list scheduling of one block, with chaining within the clock period.

Source: G. De Micheli, Synthesis and Optimization of Digital Circuits, 1994, section 5.4.3; the priority of an
operation is the longest path from it to the end of the block.
"""

from __future__ import annotations

import heapq

from gatewright.scheduling.problem import TOLERANCE, OperatorType, Problem, Schedule


def list_schedule(problem: Problem) -> Schedule:
    """A valid schedule of a problem whose dependences of distance 0 have no cycle."""
    count = len(problem.operations)
    incoming: list[list[int]] = [[] for _ in range(count)]
    outgoing: list[list[int]] = [[] for _ in range(count)]
    for position, dependence in enumerate(problem.dependences):
        if dependence.distance == 0:
            incoming[dependence.target].append(position)
            outgoing[dependence.source].append(position)
    priority = _priorities(problem, outgoing)
    schedule = Schedule([0] * count, [0.0] * count)
    units = _UnitCounts()
    waiting = [len(edges) for edges in incoming]
    ready = [(-priority[operation], operation) for operation in range(count) if waiting[operation] == 0]
    heapq.heapify(ready)
    placed = 0
    while ready:
        _, operation = heapq.heappop(ready)
        _place(problem, schedule, units, operation, incoming[operation])
        placed += 1
        for position in outgoing[operation]:
            target = problem.dependences[position].target
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, (-priority[target], target))
    assert placed == count, "the dependences of one iteration form a cycle"
    return schedule


class _UnitCounts:
    """How many units of each operator are in use in each cycle."""

    def __init__(self):
        self.busy: dict[tuple[str, int], int] = {}

    def free(self, operator: OperatorType, cycle: int) -> bool:
        """True if an operation may start in a cycle."""
        if operator.limit is None:
            return True
        span = range(cycle, cycle + operator.interval)
        return all(self.busy.get((operator.resource, at), 0) < operator.limit for at in span)

    def take(self, operator: OperatorType, cycle: int) -> None:
        """Occupy a unit from a cycle on."""
        for at in range(cycle, cycle + operator.interval):
            self.busy[operator.resource, at] = self.busy.get((operator.resource, at), 0) + 1


def _place(problem: Problem, schedule: Schedule, units: _UnitCounts, operation: int, incoming: list[int]) -> None:
    operator = problem.operator_of(operation)
    cycle, offset = 0, 0.0
    for position in incoming:
        dependence = problem.dependences[position]
        source = problem.operator_of(dependence.source)
        start = schedule.start[dependence.source]
        if dependence.cycles is not None:
            at = (start + dependence.cycles, 0.0)
        elif source.latency == 0:
            at = (start, schedule.offset[dependence.source] + source.delay)
        else:
            at = (start + source.latency, source.output_delay)
        cycle, offset = max((cycle, offset), at)
    if offset > 0 and offset + operator.delay > problem.period + TOLERANCE:
        cycle, offset = cycle + 1, 0.0
    while not units.free(operator, cycle):
        cycle, offset = cycle + 1, 0.0
    units.take(operator, cycle)
    schedule.start[operation], schedule.offset[operation] = cycle, offset


def _priorities(problem: Problem, outgoing: list[list[int]]) -> list[float]:
    """The longest time in nanoseconds from the start of each operation to the end of the block."""
    count = len(problem.operations)
    priority = [-1.0] * count
    for root in range(count):
        stack = [root]
        while stack:
            operation = stack[-1]
            targets = [problem.dependences[position].target for position in outgoing[operation]]
            open_targets = [target for target in targets if priority[target] < 0]
            if priority[operation] < 0 and open_targets:
                stack.extend(open_targets)
                continue
            stack.pop()
            if priority[operation] < 0:
                operator = problem.operator_of(operation)
                own = operator.delay + operator.latency * problem.period
                priority[operation] = own + max((priority[target] for target in targets), default=0.0)
    return priority
