"""What the operator library promises."""

from __future__ import annotations

import re

import pytest

from gatewright.devices.device import TARGETS, device_of
from gatewright.operators.integer import module_of
from gatewright.operators.library import INTEGER_ITERATIVE, OperatorLibrary
from gatewright.operators.multiplier_plan import limbs, plan_multiplier

CLOCKS = (5, 25, 50, 100, 200, 400)


def test_a_multiplier_of_one_block_takes_one_cycle_at_100_mhz():
    assert [OperatorLibrary("generic", 100).operator("muli", width).latency for width in (8, 16, 18)] == [1, 1, 1]


def test_a_faster_clock_never_shortens_a_multiplier():
    for target in TARGETS:
        for width in (8, 18, 32, 64):
            latencies = [
                library.operator("muli", width).latency
                for library in (OperatorLibrary(target, mhz) for mhz in (25, 50, 100, 200, 400))
                if library.budget_ns > 0
            ]
            assert latencies == sorted(latencies)


@pytest.mark.parametrize("target", TARGETS)
def test_every_stage_of_a_multiplier_fits_the_period(target: str):
    """As far as one adder of its width does, which no register can divide."""
    for mhz in (25, 50, 100, 150):
        library = OperatorLibrary(target, mhz)
        technology = device_of(target).technology
        for width in (8, 18, 32, 64):
            plan = plan_multiplier(technology, library.budget_ns, width, width, width)
            assert technology.multiply / plan.product_registers <= library.budget_ns
            chain = technology.chain(width)
            assert all(levels == 1 or levels * chain <= library.budget_ns for levels in plan.sum_stages)
            assert chain <= library.budget_ns or target == "ice40" or (target, mhz) == ("gowin", 150)
            assert plan.delay <= library.period_ns


def test_limbs_cover_an_operand_once():
    for width in range(1, 130):
        for signed in (False, True):
            cut = limbs(width, signed, 18)
            assert [limb.low for limb in cut] == [sum(limb.width for limb in cut[:k]) for k in range(len(cut))]
            assert sum(limb.width for limb in cut) == width
            assert all(limb.width <= 17 and not limb.signed for limb in cut[:-1])
            assert cut[-1].width <= 18 and cut[-1].signed == signed


def test_a_narrow_multiplication_takes_fewer_multipliers():
    library = OperatorLibrary()
    assert library.operator("muli", 32).area.multipliers == 3
    assert library.operator("muli", 32, (16, 16)).area.multipliers == 1
    assert library.operator("muli", 64).area.multipliers == 10


@pytest.mark.parametrize("clock_mhz", [50, 100, 200, 400])
@pytest.mark.parametrize(("width", "operands"), [(18, ()), (32, ()), (64, ()), (32, (16, 16)), (64, (33, 20))])
def test_the_area_counts_the_registers_of_the_module(width: int, operands: tuple[int, ...], clock_mhz: int):
    library = OperatorLibrary("xc7", clock_mhz)
    operator = library.operator("muli", width, operands)
    declared = re.findall(r"= seq.compreg .* : i(\d+)", module_of(operator, library).text)
    assert operator.area.registers == sum(int(bits) for bits in declared)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("clock_mhz", [25, 80, 200])
def test_functions_and_types_lead_back_to_their_operators(target: str, clock_mhz: int):
    library = OperatorLibrary(target, clock_mhz)
    operators = [library.operator(kind, 24) for kind in (*INTEGER_ITERATIVE, "muli", "addi", "select", "load", "store")]
    operators.append(library.operator("muli", 48, (20, 33)))
    for operator in operators:
        assert library.find(operator.function, operator.types) == operator
    assert len({operator.name for operator in operators}) == len(operators)


@pytest.mark.parametrize(
    ("function", "types"),
    [
        ("teleport", ("i8",)),
        ("divui", ()),
        ("divui", ("i8", "i8")),
        ("muli", ("i8",)),
        ("addi", ("f32",)),
        ("addf", ("i8",)),
        ("addi", ("int",)),
    ],
)
def test_what_no_operator_computes_is_none(function: str, types: tuple[str, ...]):
    assert OperatorLibrary().find(function, types) is None


def test_constants_and_shifts_by_constants_are_free():
    library = OperatorLibrary()
    assert library.operator("extsi", 32).delay == 0
    assert library.operator("shli", 32, constant=True).delay == 0
    assert library.operator("shli", 32).delay > 0


@pytest.mark.parametrize("target", TARGETS)
def test_iterative_operators_need_a_start_and_are_busy_for_their_latency(target: str):
    for mhz in CLOCKS:
        for kind in INTEGER_ITERATIVE:
            operator = OperatorLibrary(target, mhz).operator(kind, 32)
            assert operator.needs_start and operator.interval == operator.latency


def test_unknown_kinds_have_no_operator():
    with pytest.raises(KeyError):
        OperatorLibrary().operator("teleport", 8)
