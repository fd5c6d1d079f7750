"""Modulo scheduling: whatever the problem, the schedule is valid, and no better one exists where that is said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.scheduling.binding import bind
from gatewright.scheduling.lifetimes import held_bits
from gatewright.scheduling.modulo import IntervalError, Solver, feasible_interval, modulo_schedule
from gatewright.scheduling.problem import TOLERANCE, OperatorType, Problem, Schedule, ScheduleError, verify

ADD = OperatorType("add", delay=3.0)
WIDE = OperatorType("wide", delay=7.5)
SLOW = OperatorType("slow", delay=11.0)
MULTIPLY = OperatorType("mul", latency=2, delay=1.0, output_delay=0.5, limit=1)
PAIR = OperatorType("pair", latency=1, output_delay=8.0, limit=2)
DIVIDE = OperatorType("div", latency=4, interval=3, output_delay=1.0, limit=2)
READ = OperatorType("read", latency=1, delay=0.5, output_delay=2.0, limit=1, shared_as="memory")
WRITE = OperatorType("write", delay=4.0, limit=1, shared_as="memory")
OPERATORS = [ADD, WIDE, SLOW, MULTIPLY, PAIR, DIVIDE, READ, WRITE]


@st.composite
def loops(draw: st.DrawFn, most: int) -> Problem:
    """A loop body: dependences within an iteration point forward, others anywhere."""
    problem = Problem(period=10.0)
    count = draw(st.integers(1, most))
    for position in range(count):
        problem.add_operation(draw(st.sampled_from(OPERATORS)), width=draw(st.sampled_from([1, 32])))
        for source in draw(st.sets(st.integers(0, position - 1), max_size=3)) if position else ():
            problem.add_dependence(source, position, "value", cycles=draw(st.sampled_from([None, None, 0, 1])))
    operations = st.integers(0, count - 1)
    for source, target, distance in draw(st.lists(st.tuples(operations, operations, st.integers(1, 3)), max_size=3)):
        cycles = draw(st.sampled_from([None, None, 0, 1, 2]))
        problem.add_dependence(source, target, "carried", cycles=cycles, distance=distance)
    return problem


@settings(max_examples=150, deadline=None)
@given(loops(14))
def test_a_schedule_respects_its_problem_and_its_bound(problem: Problem):
    result = modulo_schedule(problem)
    verify(problem, result.schedule)
    assert result.interval >= result.bound.interval
    assert result.proven


@settings(max_examples=100, deadline=None)
@given(loops(14))
def test_the_heuristic_alone_is_never_better_and_admits_what_it_does_not_know(problem: Problem):
    heuristic, exact = modulo_schedule(problem, effort=0), modulo_schedule(problem)
    verify(problem, heuristic.schedule)
    assert heuristic.solver is not Solver.EXACT
    assert heuristic.interval >= exact.interval
    if heuristic.interval > exact.interval:
        assert set(range(exact.interval, heuristic.interval)) <= set(heuristic.undecided)


@settings(max_examples=150, deadline=None)
@given(loops(7))
def test_the_search_over_slots_finds_the_shortest_schedule(problem: Problem):
    exact = modulo_schedule(problem)
    found = feasible_interval(problem)
    if any(operator is DIVIDE for operator in map(problem.operator_of, range(len(problem.operations)))):
        return  # of units that are busy for several cycles it matters which one an operation has
    assert found.interval == exact.interval
    assert Schedule(found.shortened, []).length(problem) == exact.schedule.length(problem)


@settings(max_examples=150, deadline=None)
@given(loops(4))
def test_no_smaller_interval_and_no_shorter_schedule_exists(problem: Problem):
    result = modulo_schedule(problem)
    interval = next(each for each in range(1, 60) if shortest(problem, each) is not None)
    assert result.interval == interval
    assert result.shortest
    assert result.schedule.length(problem) == shortest(problem, interval)


def shortest(problem: Problem, interval: int) -> int | None:
    """The length of the shortest schedule at an interval, by trying all slots of all limited operations."""
    operators = [problem.operator_of(operation) for operation in range(len(problem.operations))]
    if any(operator.interval > interval for operator in operators):
        return None
    choices = [range(interval) if operator.limit is not None else [None] for operator in operators]
    lengths = [
        Schedule([cycle for cycle, _ in times], []).length(problem)
        for slots in product(*choices)
        if shareable(problem, slots, interval) and (times := earliest(problem, slots, interval))
    ]
    return min(lengths, default=None)


def shareable(problem: Problem, slots: tuple[int | None, ...], interval: int) -> bool:
    """Whether the users of each resource can be told apart by its units."""
    users: dict[str, list[int]] = {}
    for operation, slot in enumerate(slots):
        if slot is not None:
            users.setdefault(problem.operator_of(operation).resource, []).append(operation)
    for operations in users.values():
        limit = problem.operator_of(operations[0]).limit
        assert limit is not None
        busy = {o: {(slots[o] + c) % interval for c in range(problem.operator_of(o).interval)} for o in operations}  # pyright: ignore
        if not any(
            all(not busy[a] & busy[b] for a, b in combinations(operations, 2) if unit[a] == unit[b])
            for unit in (dict(zip(operations, chosen, strict=True)) for chosen in assignments(len(operations), limit))
        ):
            return False
    return True


def assignments(count: int, limit: int) -> Iterator[tuple[int, ...]]:
    """All ways to give units to operations."""
    return product(range(limit), repeat=count)


def earliest(problem: Problem, slots: tuple[int | None, ...], interval: int) -> list[tuple[int, float]]:
    """The earliest cycle and offset of each operation in the given slots, or nothing if there are none."""
    times = [(slot or 0, 0.0) for slot in slots]
    changed = True
    while changed:
        changed = False
        for dependence in problem.dependences:
            source, target = problem.operator_of(dependence.source), problem.operator_of(dependence.target)
            cycle, offset = times[dependence.source]
            if dependence.cycles is not None:
                cycle, offset = cycle + dependence.cycles, 0.0
            elif source.latency:
                cycle, offset = cycle + source.latency, source.output_delay
            else:
                offset += source.delay
            cycle -= dependence.distance * interval
            if offset > 0 and offset + target.delay > problem.period + TOLERANCE:
                cycle, offset = cycle + 1, 0.0
            slot = slots[dependence.target]
            if slot is not None and (late := (slot - cycle) % interval):
                cycle, offset = cycle + late, 0.0
            if (cycle, offset) > times[dependence.target]:
                times[dependence.target], changed = (cycle, offset), True
            if cycle > 200:
                return []
    return times


@settings(max_examples=100, deadline=None)
@given(loops(10), st.integers(0, 3))
def test_a_given_interval_is_kept(problem: Problem, more: int):
    least = modulo_schedule(problem).interval
    result = modulo_schedule(problem, interval=least + more)
    assert result.interval == least + more
    if least > 1:
        with pytest.raises(IntervalError):
            modulo_schedule(problem, interval=least - 1)


@settings(max_examples=100, deadline=None)
@given(loops(12))
def test_an_operation_keeps_its_unit_and_no_unit_is_used_twice_at_once(problem: Problem):
    schedule = modulo_schedule(problem).schedule
    assert schedule.interval is not None
    units = bind(problem, schedule)
    used: set[tuple[str, int, int]] = set()
    for operation, unit in enumerate(units):
        operator = problem.operator_of(operation)
        assert operator.limit is None or unit < operator.limit
        for cycle in range(operator.interval):
            place = (operator.resource, unit, (schedule.start[operation] + cycle) % schedule.interval)
            assert place not in used
            used.add(place)


def test_units_are_shared_even_where_no_turn_around_the_circle_shares_them_well():
    problem, uses = Problem(period=10.0), [(4, 2), (3, 1), (4, 4), (2, 1), (3, 4), (2, 2)]
    for _, cycles in uses:
        problem.add_operation(OperatorType(f"for {cycles}", interval=cycles, limit=3, shared_as="unit"))
    schedule = Schedule([start for start, _ in uses], [0.0] * len(uses), 5)
    verify(problem, schedule)
    units = bind(problem, schedule)
    assert set(units) == {0, 1, 2}
    for one, other in combinations(range(len(uses)), 2):
        slots = [{(uses[each][0] + cycle) % 5 for cycle in range(uses[each][1])} for each in (one, other)]
        assert units[one] != units[other] or not slots[0] & slots[1]


@settings(max_examples=50, deadline=None)
@given(loops(14))
def test_the_same_problem_has_the_same_schedule(problem: Problem):
    assert modulo_schedule(problem) == modulo_schedule(problem)


def test_results_are_not_held_longer_than_needed():
    problem = Problem(period=10.0)
    chain = [problem.add_operation(MULTIPLY if position < 3 else ADD, width=32) for position in range(4)]
    for source, target in zip(chain, chain[1:], strict=False):
        problem.add_dependence(source, target, "value")
    late = problem.add_operation(OperatorType("load", latency=1), width=32)
    problem.add_dependence(late, chain[-1], "value")
    result = modulo_schedule(problem)
    assert result.schedule.start[late] == result.schedule.start[chain[-1]] - 1
    assert held_bits(problem, result.schedule.start, result.interval) == 0


@pytest.mark.parametrize(("deciding", "start"), [(False, 4), (True, 1)])
def test_what_decides_that_the_loop_ends_is_not_delayed_to_save_registers(deciding: bool, start: int):
    problem = Problem(period=10.0)
    counter = problem.add_operation(WIDE, width=1)
    test = problem.add_operation(WIDE, width=32)
    product = problem.add_operation(MULTIPLY, width=32)
    total = problem.add_operation(MULTIPLY, width=32)
    together = problem.add_operation(WIDE, width=32)
    problem.add_dependence(counter, test, "value")
    for source, target in ((product, total), (total, together), (test, together)):
        problem.add_dependence(source, target, "value")
    problem.deciding = [test] if deciding else []
    schedule = modulo_schedule(problem, interval=2).schedule
    assert schedule.start[test] == start
    assert schedule.length(problem) == 6


def test_a_loop_without_operations_starts_every_cycle():
    result = modulo_schedule(Problem(period=10.0))
    assert (result.interval, result.schedule.length(Problem(10.0))) == (1, 0)


def test_operations_that_wait_for_each_other_in_one_iteration_are_an_error():
    problem = Problem(period=10.0)
    for label in ("this", "that"):
        problem.add_operation(ADD, label)
    problem.add_dependence(0, 1, "value")
    problem.add_dependence(1, 0, "value")
    with pytest.raises(ScheduleError, match="this -> that wait for each other in one iteration"):
        modulo_schedule(problem)


def test_an_impossible_interval_is_refused_with_the_reason():
    problem = Problem(period=10.0)
    for position in range(4):
        problem.add_operation(READ, f"read {position}")
    with pytest.raises(IntervalError) as error:
        modulo_schedule(problem, interval=3)
    assert str(error.value) == "an interval of 3 is impossible; at least 4 because 4 uses of memory on 1 unit"


def test_a_unit_busy_with_the_last_iteration_is_found():
    problem = Problem(period=10.0)
    problem.add_operation(DIVIDE, "division")
    with pytest.raises(ScheduleError, match="division occupies its unit for 3 cycles, but an iteration starts every 2"):
        verify(problem, Schedule([0], [0.0], 2))


def test_results_may_come_long_after_the_last_start():
    problem = Problem(period=10.0)
    for _ in range(2):
        problem.add_operation(OperatorType("long", latency=66, limit=1))
    result = modulo_schedule(problem)
    verify(problem, result.schedule)
    assert (result.interval, result.schedule.length(problem), result.shortest) == (2, 67, True)
