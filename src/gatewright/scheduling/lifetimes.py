"""How long results are held in registers between the operation that computes them and those that use them."""

from __future__ import annotations

from gatewright.scheduling.problem import Problem


def result_ends(problem: Problem, interval: int) -> dict[int, list[tuple[int, int]]]:
    """For each operation, who uses its result, and how many cycles later than in its own iteration."""
    ends: dict[int, list[tuple[int, int]]] = {}
    for dependence in problem.dependences:
        if dependence.cycles is None:
            ends.setdefault(dependence.source, []).append((dependence.target, dependence.distance * interval))
    return ends


def held_cycles(problem: Problem, start: list[int], source: int, ends: list[tuple[int, int]]) -> int:
    """Cycles from when a result is there to its last use; each takes a register of its width."""
    last = max(start[target] + shift for target, shift in ends)
    return max(0, last - start[source] - problem.operator_of(source).latency)


def held_bits(problem: Problem, start: list[int], interval: int) -> int:
    """Bits held in registers for the results of one iteration, summed over cycles."""
    return sum(
        problem.widths[source] * held_cycles(problem, start, source, ends)
        for source, ends in result_ends(problem, interval).items()
    )
