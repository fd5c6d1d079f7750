"""Binding: which unit of its operator executes each operation of a scheduled block."""

from __future__ import annotations

from gatewright.scheduling.problem import Problem, Schedule


def bind(problem: Problem, schedule: Schedule) -> list[int]:
    """The unit of each operation, from 0, so that no unit is started again within its interval.

    Takes the lowest free unit in order of start (the left-edge algorithm: A. Hashimoto and J. Stevens, DAC 1971), which
    needs no more units than are in use at once.
    """
    unit = [0] * len(problem.operations)
    free_from: dict[str, list[int]] = {}
    for operation in sorted(range(len(problem.operations)), key=lambda each: (schedule.start[each], each)):
        operator = problem.operator_of(operation)
        units = free_from.setdefault(operator.resource, [])
        start = schedule.start[operation]
        free = [number for number, since in enumerate(units) if since <= start]
        if not free:
            free = [len(units)]
            units.append(0)
        units[free[0]] = start + operator.interval
        unit[operation] = free[0]
    return unit
