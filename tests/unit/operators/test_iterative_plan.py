"""How many digits a cycle division and square root find: what the clock has time for, by the tables of the target."""

from __future__ import annotations

import re

import pytest

from gatewright.devices.device import TARGETS, device_of
from gatewright.operators.integer import module_of
from gatewright.operators.iterative_plan import MOST_DIFFERENCES, plan_division, plan_square_root
from gatewright.operators.library import INTEGER_ITERATIVE, OperatorLibrary

CLOCKS = (1, 5, 10, 25, 50, 66, 100, 150, 200, 400)
WIDTHS = (1, 2, 3, 8, 13, 16, 32, 64, 128)


def cases(target: str, widths: tuple[int, ...]) -> list[tuple[OperatorLibrary, int]]:
    """Every clock with every width."""
    return [(OperatorLibrary(target, mhz), width) for mhz in CLOCKS for width in widths]


@pytest.mark.parametrize("kind", INTEGER_ITERATIVE)
@pytest.mark.parametrize("target", TARGETS)
def test_a_cycle_keeps_to_the_clock_or_finds_one_bit(target: str, kind: str):
    for library, width in cases(target, WIDTHS):
        operator = library.operator(kind, width)
        plan = library.iterative_plan(operator)
        assert plan.cycle_delay <= library.budget_ns + 1e-6 or plan.digits == (1,)
        assert sum((1 << digit) - 1 for digit in plan.digits) <= MOST_DIFFERENCES
        assert plan.digits != (1,) or not plan.prepare


@pytest.mark.parametrize("kind", INTEGER_ITERATIVE)
@pytest.mark.parametrize("target", TARGETS)
def test_all_bits_are_found_in_no_more_cycles_than_needed(target: str, kind: str):
    for library, width in cases(target, WIDTHS):
        plan = library.iterative_plan(library.operator(kind, width))
        bits = (width + 1) // 2 if kind == "isqrt" else width
        assert (plan.cycles - 1) * plan.digit_bits < bits <= plan.cycles * plan.digit_bits
        signed = kind in ("divsi", "remsi")
        assert plan.latency <= 1 + bits + signed, "no slower than bit by bit"


@pytest.mark.parametrize("kind", INTEGER_ITERATIVE)
@pytest.mark.parametrize("target", TARGETS)
def test_a_faster_clock_never_takes_fewer_cycles(target: str, kind: str):
    for width in WIDTHS:
        latencies = [OperatorLibrary(target, mhz).operator(kind, width).latency for mhz in CLOCKS]
        assert latencies == sorted(latencies)


@pytest.mark.parametrize("kind", INTEGER_ITERATIVE)
@pytest.mark.parametrize("target", TARGETS)
def test_the_area_counts_the_registers_of_the_module(target: str, kind: str):
    for library, width in cases(target, (1, 3, 16, 64)):
        operator = library.operator(kind, width)
        declared = re.findall(r"= seq.compreg.* : i(\d+)\n", module_of(operator, library).text)
        assert operator.area.registers == sum(int(bits) for bits in declared), operator.name


def test_larger_digits_are_chosen_only_where_they_save_cycles():
    technology = device_of("generic").technology
    for budget in (4.0, 9.2, 19.2, 39.2):
        for width in (8, 16, 32):
            plan = plan_division(technology, budget, "divui", width)
            smaller = tuple(sorted((2 if digit == 3 else digit for digit in plan.digits), reverse=True))
            assert 3 not in plan.digits or -(-width // sum(smaller)) > plan.cycles
    assert plan_division(technology, 200.0, "divui", 8).digits == (1,) * 8
    assert plan_square_root(technology, 200.0, 16).digits == (1,) * 8


def test_signs_are_put_back_behind_the_last_register_where_there_is_time():
    for target in TARGETS:
        slow, fast = (OperatorLibrary(target, mhz).operator("divsi", 32) for mhz in (20, 200))
        library = OperatorLibrary(target, 20)
        assert not library.iterative_plan(slow).register_result
        assert slow.output_delay > library.register_delay + device_of(target).technology.chain(32)
        assert OperatorLibrary(target, 200).iterative_plan(fast).register_result
        assert fast.output_delay == library.register_delay


@pytest.mark.parametrize(
    ("target", "mhz", "kind", "width", "latency"),
    [
        ("generic", 50, "divui", 32, 5),
        ("generic", 100, "divui", 32, 12),
        ("generic", 100, "divsi", 32, 12),
        ("generic", 100, "isqrt", 32, 7),
        ("generic", 200, "divui", 32, 33),
        ("ecp5", 100, "divsi", 32, 13),
        ("ecp5", 50, "divui", 64, 12),
        ("xc7", 200, "divui", 8, 5),
    ],
)
def test_latencies_are_as_published(target: str, mhz: float, kind: str, width: int, latency: int):
    assert OperatorLibrary(target, mhz).operator(kind, width).latency == latency
