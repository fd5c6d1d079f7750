"""A problem's dependences and clock period as plain inequalities between start cycles.

Chaining within the clock period becomes inequalities too: the operations of a chain that does not fit in one cycle
cannot all start together, so its last operation starts at least a cycle after its first one. Start cycles that respect
all inequalities can always be completed by offsets within the cycles (`chained_offsets`), so that the solvers need not
know of nanoseconds. CIRCT's ChainingProblem breaks chains in the same way (`computeChainBreakingDependences`); here
chains also cross from one iteration to the next.
"""

from __future__ import annotations

import heapq
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
    chains = _LongChains(problem)
    for source in range(len(problem.operations)):
        found += chains.broken(source)
    return _strongest(found)


@dataclass(frozen=True)
class _Chain:
    """A chain of operations that fits in one cycle."""

    time: float
    """Nanoseconds into the cycle at which the result of its last operation is there."""
    rest: float
    """The same if its first operation were not there."""
    path: tuple[int, ...]


class _LongChains:
    """Finds the chains that are too long for a cycle."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.outgoing: list[list[int]] = [[] for _ in problem.operations]
        """For each operation, the positions of the dependences that carry its result."""
        for position, dependence in enumerate(problem.dependences):
            assert dependence.distance >= 0, "an operation waits for a later iteration"
            if dependence.cycles is None:
                self.outgoing[dependence.source].append(position)
        self.rank, self.after = _order(problem)

    def broken(self, source: int) -> list[Precedence]:
        """The inequalities from an operation to those that end chains too long for a cycle which begin with its result.

        Goes over the operations in the order of one iteration, and from iteration to iteration, with the longest chain
        to each. Left out is what others imply: chains that are too long even without their first operation, operations
        after one that is known to start a cycle later, and chains that cross more iterations without being longer.
        """
        operator = self.problem.operator_of(source)
        time = operator.output_delay if operator.latency else operator.delay
        if time == 0:
            return []
        found: list[Precedence] = []
        later = 0
        longest: dict[int, float] = {}
        pending = {(0, self.rank[source], source): _Chain(time, 0.0, ())}
        queue = list(pending)
        while queue:
            key = heapq.heappop(queue)
            distance, _, end = key
            chain = pending.pop(key)
            if (distance or chain.path) and (later >> end & 1 or chain.time <= longest.get(end, -1.0)):
                continue
            longest[end] = chain.time
            for position in self.outgoing[end]:
                dependence = self.problem.dependences[position]
                target, iterations = dependence.target, distance + dependence.distance
                if later >> target & 1:
                    continue
                if self._too_long(chain.time, target):
                    if not self._too_long(chain.rest, target):
                        path = (*chain.path, position)
                        found.append(Precedence(source, target, operator.latency + 1, iterations, path))
                    later |= self.after[target] if iterations == 0 else 0
                    continue
                if self.problem.operator_of(target).latency:
                    continue
                delay = self.problem.operator_of(target).delay
                longer = _Chain(chain.time + delay, chain.rest + delay, (*chain.path, position))
                key = (iterations, self.rank[target], target)
                if key not in pending:
                    heapq.heappush(queue, key)
                elif pending[key].time >= longer.time:
                    continue
                pending[key] = longer
        return found

    def _too_long(self, time: float, target: int) -> bool:
        """Whether an operation whose inputs are there at a time within a cycle does not fit in the rest of it."""
        return time > 0 and time + self.problem.operator_of(target).delay > self.problem.period + TOLERANCE


def _order(problem: Problem) -> tuple[list[int], list[int]]:
    """A rank of the operations in which those of one iteration wait only for lower ones, and who starts after whom.

    The latter is a set of bits for each operation, with itself.
    """
    following: list[list[int]] = [[] for _ in problem.operations]
    waiting = [0] * len(problem.operations)
    for dependence in problem.dependences:
        if dependence.distance == 0 and (dependence.cycles or 0) >= 0:
            following[dependence.source].append(dependence.target)
            waiting[dependence.target] += 1
    order = [operation for operation, count in enumerate(waiting) if count == 0]
    for operation in order:
        for target in following[operation]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    rank = [len(order)] * len(problem.operations)
    after = [1 << operation for operation in range(len(problem.operations))]
    for position, operation in reversed(list(enumerate(order))):
        rank[operation] = position
        for target in following[operation]:
            after[operation] |= after[target]
    return rank, after


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
