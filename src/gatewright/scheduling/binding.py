"""Binding: which unit of its operator executes each operation of a schedule."""

from __future__ import annotations

from gatewright.scheduling.problem import Problem, Schedule


def bind(problem: Problem, schedule: Schedule) -> list[int]:
    """The unit of each operation, from 0, so that no unit is started again within its interval.

    In a schedule with an interval an operation has the same unit in every iteration.
    """
    if schedule.interval is None:
        return _bind_once(problem, schedule)
    unit = [0] * len(problem.operations)
    users: dict[str, list[int]] = {}
    for operation in range(len(problem.operations)):
        users.setdefault(problem.operator_of(operation).resource, []).append(operation)
    for operations in users.values():
        arcs = [
            (schedule.start[operation] % schedule.interval, problem.operator_of(operation).interval)
            for operation in operations
        ]
        limit = problem.operator_of(operations[0]).limit
        for operation, chosen in zip(operations, _colour(arcs, schedule.interval, limit), strict=True):
            unit[operation] = chosen
    return unit


def _bind_once(problem: Problem, schedule: Schedule) -> list[int]:
    """The units of a block that runs without overlap.

    Takes the lowest free unit in order of start (the left-edge algorithm: A. Hashimoto and J. Stevens, DAC 1971), which
    needs no more units than are in use at once.
    """
    unit = [0] * len(problem.operations)
    free_from: dict[str, list[int]] = {}
    for operation in sorted(range(len(problem.operations)), key=lambda each: (schedule.start[each], each)):
        operator = problem.operator_of(operation)
        units = free_from.setdefault(operator.resource, [])
        start = schedule.start[operation]
        candidate = next((each for each, since in enumerate(units) if since <= start), len(units))
        if candidate == len(units):
            units.append(0)
        units[candidate] = start + operator.interval
        unit[operation] = candidate
    return unit


Arc = tuple[int, int]
"""A slot of the interval in which a use of a unit begins, and the number of slots that it takes."""


def _colour(arcs: list[Arc], interval: int, limit: int | None) -> list[int]:
    """The unit of each use so that uses of one unit do not overlap; units are few, and within the limit if possible.

    Goes once around the circle from every slot and takes the lowest unit that is free, which is optimal for uses of one
    slot. Circular arcs in general may need a search (M. Garey, D. Johnson, G. Miller and C. Papadimitriou, The
    complexity of coloring circular arcs and chords, 1980).
    """
    cuts = range(interval) if any(cycles > 1 for _, cycles in arcs) else range(1)
    best = min((_first_fit(arcs, interval, cut) for cut in cuts), key=max)
    if limit is None or max(best) < limit:
        return best
    return _search(arcs, interval, limit)


def _covers(arc: Arc, slot: int, interval: int) -> bool:
    return (slot - arc[0]) % interval < arc[1]


def _overlap(one: Arc, other: Arc, interval: int) -> bool:
    return _covers(one, other[0], interval) or _covers(other, one[0], interval)


def _first_fit(arcs: list[Arc], interval: int, cut: int) -> list[int]:
    unit = [-1] * len(arcs)
    users: list[list[Arc]] = []
    for position in sorted(range(len(arcs)), key=lambda each: ((arcs[each][0] - cut) % interval, each)):
        arc = arcs[position]
        candidate = next(
            (each for each, others in enumerate(users) if not any(_overlap(arc, o, interval) for o in others)),
            len(users),
        )
        if candidate == len(users):
            users.append([])
        users[candidate].append(arc)
        unit[position] = candidate
    return unit


def _search(arcs: list[Arc], interval: int, limit: int) -> list[int]:
    """An assignment to at most `limit` units by exhaustive search, the longest uses first."""
    order = sorted(range(len(arcs)), key=lambda each: (-arcs[each][1], arcs[each][0], each))
    unit = [-1] * len(arcs)

    def assign(rank: int, opened: int) -> bool:
        if rank == len(order):
            return True
        position = order[rank]
        for candidate in range(min(opened + 1, limit)):
            others = (other for other in order[:rank] if unit[other] == candidate)
            if any(_overlap(arcs[position], arcs[other], interval) for other in others):
                continue
            unit[position] = candidate
            if assign(rank + 1, max(opened, candidate + 1)):
                return True
        return False

    assert assign(0, 0), "the uses of an operator cannot be shared among its units"
    return unit
