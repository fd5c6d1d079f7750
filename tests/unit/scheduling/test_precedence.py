"""Chains within the clock period as inequalities between start cycles: the same schedules are valid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.scheduling.bounds import interval_bound, recurrence_bound
from gatewright.scheduling.precedence import PositiveCycle, chained_offsets, earliest_starts, precedences
from gatewright.scheduling.problem import OperatorType, Problem, Schedule, ScheduleError, verify

NOTHING = OperatorType("nothing")
ADD = OperatorType("add", delay=3.0)
WIDE = OperatorType("wide", delay=7.5)
SLOW = OperatorType("slow", delay=11.0)
REGISTERED = OperatorType("registered", latency=1, delay=1.0, output_delay=4.0)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Problem, list[int], int]:
    """A problem without limits, and start cycles that may or may not be valid."""
    problem = Problem(period=10.0)
    count = draw(st.integers(1, 6))
    for _ in range(count):
        problem.add_operation(draw(st.sampled_from([NOTHING, ADD, WIDE, SLOW, REGISTERED])))
    operations = st.integers(0, count - 1)
    for source, target, distance in draw(st.lists(st.tuples(operations, operations, st.integers(0, 2)), max_size=9)):
        if source < target or distance:
            cycles = draw(st.sampled_from([None, None, None, -1, 0, 1]))
            problem.add_dependence(source, target, "value", cycles=cycles, distance=distance)
    start = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    return problem, start, draw(st.integers(1, 3))


@settings(max_examples=400, deadline=None)
@given(schedules())
def test_starts_are_valid_exactly_if_they_respect_all_precedences(case: tuple[Problem, list[int], int]):
    problem, start, interval = case
    respected = all(edge.slack(start, interval) >= 0 for edge in precedences(problem))
    try:
        verify(problem, Schedule(start, chained_offsets(problem, start, interval), interval))
        valid = True
    except ScheduleError:
        valid = False
    assert valid == respected


@settings(max_examples=200, deadline=None)
@given(schedules())
def test_the_recurrence_bound_is_the_least_interval_without_limits(case: tuple[Problem, list[int], int]):
    problem = case[0]
    edges = precedences(problem)
    bound, recurrence = recurrence_bound(problem, edges)
    start = earliest_starts(len(problem.operations), edges, bound)
    assert isinstance(start, list)
    verify(problem, Schedule(start, chained_offsets(problem, start, bound), bound))
    if bound > 1:
        assert recurrence is not None and recurrence.interval == bound
        assert isinstance(earliest_starts(len(problem.operations), edges, bound - 1), PositiveCycle)


def chain(*operators: OperatorType) -> Problem:
    """Operations that use the result of the one before, the first that of the last of the iteration before."""
    problem = Problem(period=10.0)
    for position, operator in enumerate(operators):
        problem.add_operation(operator, f"{operator.name} {position}")
        if position:
            problem.add_dependence(position - 1, position, "value")
    problem.add_dependence(len(operators) - 1, 0, "carried", distance=1)
    return problem


@pytest.mark.parametrize(
    ("operators", "interval"),
    [
        ([ADD, ADD, ADD], 1),
        ([ADD, ADD, ADD, ADD], 2),  # 12 ns in cycles of 10
        ([WIDE, WIDE, WIDE], 3),  # no two of them fit in a cycle
        ([SLOW], 1),
        ([SLOW, SLOW], 2),
        ([REGISTERED, ADD, ADD], 2),  # 4 + 3 + 3 ns leave nothing for the 1 ns before the register
        ([REGISTERED, ADD], 1),
        ([NOTHING] * 5, 1),
    ],
)
def test_a_recurrence_costs_what_its_chain_costs(operators: list[OperatorType], interval: int):
    problem = chain(*operators)
    assert recurrence_bound(problem, precedences(problem))[0] == interval


def test_a_recurrence_names_its_operations_in_order():
    problem = chain(REGISTERED, WIDE, REGISTERED)
    bound = interval_bound(problem, precedences(problem))
    assert bound.describe(problem) == (
        "registered 0 -> wide 1 -> registered 2 -> registered 0 takes 3 cycles and comes back after 1 iteration"
    )
