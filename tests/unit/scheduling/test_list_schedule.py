"""List scheduling: whatever the problem, the schedule respects it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.scheduling.binding import bind
from gatewright.scheduling.list_schedule import list_schedule
from gatewright.scheduling.problem import OperatorType, Problem, Schedule, ScheduleError, verify

ADD = OperatorType("add", delay=3.0)
MULTIPLY = OperatorType("mul", latency=2, delay=1.0, output_delay=0.5, limit=1)
DIVIDE = OperatorType("div", latency=9, interval=9, limit=1)
LOAD = OperatorType("load", latency=1, output_delay=2.0, limit=1)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    problem = Problem(period=10.0)
    count = draw(st.integers(0, 14))
    for position in range(count):
        problem.add_operation(draw(st.sampled_from([ADD, MULTIPLY, DIVIDE, LOAD])))
        for source in draw(st.sets(st.integers(0, max(0, position - 1)), max_size=3)) if position else ():
            problem.add_dependence(source, position, "value", cycles=draw(st.sampled_from([None, None, 0, 1])))
    return problem


@settings(max_examples=300, deadline=None)
@given(problems())
def test_a_schedule_respects_its_problem(problem: Problem):
    verify(problem, list_schedule(problem))


@settings(max_examples=300, deadline=None)
@given(problems())
def test_no_unit_is_started_again_within_its_interval(problem: Problem):
    schedule = list_schedule(problem)
    units = bind(problem, schedule)
    for first in range(len(units)):
        for second in range(first + 1, len(units)):
            if (problem.operations[first], units[first]) == (problem.operations[second], units[second]):
                apart = abs(schedule.start[first] - schedule.start[second])
                assert apart >= problem.operator_of(first).interval
    for operation, unit in enumerate(units):
        limit = problem.operator_of(operation).limit
        assert limit is None or unit < limit


def test_operations_chain_within_the_period_and_no_further():
    problem = Problem(period=10.0)
    for position in range(5):
        problem.add_operation(ADD)
        if position:
            problem.add_dependence(position - 1, position, "value")
    assert list_schedule(problem).start == [0, 0, 0, 1, 1]


def test_an_operation_slower_than_the_period_gets_a_cycle_of_its_own():
    problem = Problem(period=2.0)
    problem.add_operation(ADD)
    problem.add_operation(ADD)
    problem.add_dependence(0, 1, "value")
    assert list_schedule(problem).start == [0, 1]


def test_one_divider_serves_two_divisions_one_after_the_other():
    problem = Problem(period=10.0)
    problem.add_operation(DIVIDE)
    problem.add_operation(DIVIDE)
    schedule = list_schedule(problem)
    assert schedule.start == [0, 9]
    assert schedule.length(problem) == 18


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([0, 1], "operation 1 starts in cycle 1, too early for operation 0 (value)"),
        ([-1, 3], "operation 0 starts before cycle 0"),
    ],
)
def test_verify_finds_a_broken_schedule(starts: list[int], message: str):
    problem = Problem(period=10.0)
    problem.add_operation(MULTIPLY)
    problem.add_operation(MULTIPLY)
    problem.add_dependence(0, 1, "value")
    with pytest.raises(ScheduleError) as error:
        verify(problem, Schedule(starts, [0.0, 0.5]))
    assert str(error.value) == message


def test_verify_finds_two_uses_of_one_unit():
    problem = Problem(period=10.0)
    problem.add_operation(LOAD)
    problem.add_operation(LOAD)
    with pytest.raises(ScheduleError, match="2 uses of 1 load in cycle 0"):
        verify(problem, Schedule([0, 0], [0.0, 0.0]))
