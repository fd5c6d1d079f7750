"""A problem's dependences and clock period as plain inequalities between start cycles.

Chaining within the clock period becomes inequalities too: the operations of a chain that does not fit in one cycle
cannot all start together, so its last operation starts at least a cycle after its first one. Start cycles that respect
all inequalities can always be completed by offsets within the cycles (`chained_offsets`), so that the solvers need not
know of nanoseconds. CIRCT's ChainingProblem breaks chains in the same way (`computeChainBreakingDependences`); here
chains also cross from one iteration to the next.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from gatewright.scheduling.problem import TOLERANCE, Problem


@dataclass(frozen=True)
class Precedence:
    """`start[target] >= start[source] + cycles - distance * interval`, whatever the interval."""

    source: int
    target: int
    cycles: int
    distance: int
    path: tuple[int, ...]
    """The positions of the dependences that it follows from: one, or those of a chain that is too long for a cycle."""

    def slack(self, start: list[int], interval: int) -> int:
        """By how many cycles a schedule exceeds what is required; negative if it breaks the inequality."""
        return start[self.target] - start[self.source] - self.cycles + self.distance * interval


def precedences(problem: Problem) -> list[Precedence]:
    """All inequalities between the start cycles of a problem, without those that others of the same pair imply."""
    found = []
    for position, dependence in enumerate(problem.dependences):
        cycles = dependence.cycles
        if cycles is None:
            cycles = problem.operator_of(dependence.source).latency
        found.append(Precedence(dependence.source, dependence.target, cycles, dependence.distance, (position,)))
    outgoing = _data_dependences(problem)
    for source in range(len(problem.operations)):
        found += _broken_chains(problem, outgoing, source)
    return _strongest(found)


def _data_dependences(problem: Problem) -> list[list[int]]:
    """For each operation, the positions of the dependences that carry its result."""
    outgoing: list[list[int]] = [[] for _ in problem.operations]
    for position, dependence in enumerate(problem.dependences):
        if dependence.cycles is None:
            outgoing[dependence.source].append(position)
    return outgoing


@dataclass(frozen=True)
class _Chain:
    """A chain of operations that fits in one cycle."""

    end: int
    distance: int
    time: float
    """Nanoseconds into the cycle at which the result of its last operation is there."""
    rest: float
    """The same if its first operation were not there."""
    path: tuple[int, ...]


def _broken_chains(problem: Problem, outgoing: list[list[int]], source: int) -> list[Precedence]:
    """The inequalities from an operation to those that end chains too long for a cycle which begin with its result.

    A chain that is too long even without its first operation says nothing new, and neither does one that crosses more
    iterations than another without being longer.
    """
    operator = problem.operator_of(source)
    time = operator.output_delay if operator.latency else operator.delay
    if time == 0:
        return []
    found = []
    kept: dict[int, list[_Chain]] = {}
    waiting = deque([_Chain(source, 0, time, 0.0, ())])
    while waiting:
        chain = waiting.popleft()
        for position in outgoing[chain.end]:
            dependence = problem.dependences[position]
            reached = problem.operator_of(dependence.target)
            distance, path = chain.distance + dependence.distance, (*chain.path, position)
            if chain.rest > 0 and chain.rest + reached.delay > problem.period + TOLERANCE:
                continue
            if chain.time + reached.delay > problem.period + TOLERANCE:
                found.append(Precedence(source, dependence.target, operator.latency + 1, distance, path))
                continue
            if reached.latency:
                continue
            longer = _Chain(
                dependence.target, distance, chain.time + reached.delay, chain.rest + reached.delay, path
            )
            others = kept.setdefault(longer.end, [])
            if not any(other.distance <= distance and other.time >= longer.time for other in others):
                others.append(longer)
                waiting.append(longer)
    return found


def _strongest(found: list[Precedence]) -> list[Precedence]:
    """Only the inequalities that no other one of the same two operations implies for every interval."""
    by_pair: dict[tuple[int, int], list[Precedence]] = {}
    for precedence in found:
        others = by_pair.setdefault((precedence.source, precedence.target), [])
        if any(o.cycles >= precedence.cycles and o.distance <= precedence.distance for o in others):
            continue
        others[:] = [o for o in others if o.cycles > precedence.cycles or o.distance < precedence.distance]
        others.append(precedence)
    return [precedence for others in by_pair.values() for precedence in others]


def chained_offsets(problem: Problem, start: list[int], interval: int) -> list[float]:
    """The earliest time within its cycle at which the inputs of each operation are there, in nanoseconds."""
    incoming: list[list[tuple[int, bool]]] = [[] for _ in problem.operations]
    offset = [0.0] * len(problem.operations)
    waiting = [0] * len(problem.operations)
    outgoing: list[list[int]] = [[] for _ in problem.operations]
    for dependence in problem.dependences:
        if dependence.cycles is not None:
            continue
        source, target = dependence.source, dependence.target
        latency = problem.operator_of(source).latency
        if start[target] + dependence.distance * interval != start[source] + latency:
            continue
        incoming[target].append((source, latency == 0))
        if latency == 0:
            waiting[target] += 1
            outgoing[source].append(target)
    ready = deque(operation for operation, count in enumerate(waiting) if count == 0)
    settled = 0
    while ready:
        operation = ready.popleft()
        settled += 1
        for source, chained in incoming[operation]:
            operator = problem.operator_of(source)
            time = offset[source] + operator.delay if chained else operator.output_delay
            offset[operation] = max(offset[operation], time)
        for target in outgoing[operation]:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    assert settled == len(problem.operations), "a chain within one cycle bites its tail"
    return offset


@dataclass(frozen=True)
class PositiveCycle:
    """Precedences that lead from an operation back to itself and demand more cycles than their iterations give."""

    precedences: tuple[Precedence, ...]


def earliest_starts(count: int, edges: list[Precedence], interval: int) -> list[int] | PositiveCycle:
    """The least start cycle >= 0 of each operation without regard to limits, or why there is none.

    Bellman-Ford for longest paths (R. Bellman, Quarterly of Applied Mathematics 16, 1958); the graph of latest
    predecessors has a cycle as soon as there is a cycle of positive length.
    """
    start = [0] * count
    because: list[Precedence | None] = [None] * count
    while True:
        changed = False
        for edge in edges:
            least = start[edge.source] + edge.cycles - edge.distance * interval
            if least > start[edge.target]:
                start[edge.target], because[edge.target] = least, edge
                changed = True
        if not changed:
            return start
        if cycle := _cycle_of(because):
            return PositiveCycle(cycle)


def _cycle_of(because: list[Precedence | None]) -> tuple[Precedence, ...]:
    """A cycle in the graph of latest predecessors, in the order of its precedences, or nothing."""
    seen = [-1] * len(because)
    for root in range(len(because)):
        at = root
        while seen[at] < 0:
            seen[at] = root
            edge = because[at]
            if edge is None:
                break
            at = edge.source
        else:
            if seen[at] == root:
                return _walk_back(because, at)
    return ()


def _walk_back(because: list[Precedence | None], operation: int) -> tuple[Precedence, ...]:
    backwards: list[Precedence] = []
    at = operation
    while not backwards or at != operation:
        edge = because[at]
        assert edge is not None
        backwards.append(edge)
        at = edge.source
    return tuple(reversed(backwards))
