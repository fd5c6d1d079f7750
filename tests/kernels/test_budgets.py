"""One pool of multipliers for all products, and budgets of what else a device has."""

from __future__ import annotations

import re

import numpy as np
import pytest

import gatewright as gw


def three_types(a: gw.i32[8], b: gw.f32[8], c: gw.f64[8]) -> gw.f64:
    s = np.float64(0)
    for i in range(8):
        s += c[i] * c[i]
        b[i] = b[i] * b[i]
        a[i] = a[i] * a[i]
    return s


def two_widths(a: gw.i16[16], b: gw.i32[16], c: gw.i32[16]):
    for i in range(16):
        c[i] = np.int32(a[i] * a[i]) + b[i] * b[i]


def gemm(a: gw.f32[6, 6], b: gw.f32[6, 6], c: gw.f32[6, 6]):
    for i in range(6):
        for j in range(6):
            s = np.float32(0)
            for k in range(6):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def several(a: gw.i32[16], b: gw.i32[16], c: gw.i32[16]):
    for i in range(16):
        c[i] = a[i] * b[i] + a[i] * a[i] + b[i] * b[i] + c[i] * a[i]


def instances(design: gw.Design) -> list[str]:
    """The multipliers in the Verilog."""
    return re.findall(r"^  (mul\w*|fma\w*) \w+ \(", design.verilog, re.MULTILINE)


def arrays_of(design: gw.Design) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    types = [each.type for each in design.signature.parameters]
    return [generator.integers(-20, 20, each.shape).astype(each.element.dtype) for each in types]  # type: ignore


def agrees(design: gw.Design, kernel) -> None:
    given, taken = arrays_of(design), arrays_of(design)
    kernel(*given)
    run = design.run(*taken)
    for mine, theirs in zip(taken, given, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert run.cycles == design.report["cycles"]


def test_one_multiplier_is_one_of_each_type_and_the_report_says_why():
    design = gw.compile(three_types, multipliers=1)
    assert len(instances(design)) == design.report["multipliers"] == 3
    assert design.report["multipliers_because"].startswith("1 asked for; there is one for each type of product")
    agrees(design, three_types)


def test_enough_multipliers_need_no_reason():
    assert "multipliers_because" not in gw.compile(three_types, multipliers=3).report


@pytest.mark.parametrize("multipliers", [1, 2, 3])
def test_products_of_all_widths_are_one_pool(multipliers: int):
    design = gw.compile(two_widths, multipliers=multipliers)
    assert len(instances(design)) == design.report["multipliers"] == min(2, multipliers)
    agrees(design, two_widths)


@pytest.mark.parametrize("multipliers", [1, 2, 3, 4, 8])
def test_there_are_never_more_multipliers_than_the_pool_has(multipliers: int):
    for kernel in (three_types, two_widths, gemm, several):
        types = 3 if kernel is three_types else 1
        design = gw.compile(kernel, budget=gw.Budget(multipliers=multipliers))
        assert len(instances(design)) == design.report["multipliers"] <= max(multipliers, types)


def test_more_multipliers_never_cost_cycles():
    cycles = [gw.compile(several, multipliers=count).report["cycles"] for count in (1, 2, 4)]
    assert cycles == sorted(cycles, reverse=True) and cycles[0] > cycles[-1]


def test_blocks_inside_other_operators_are_counted():
    def exponentials(a: gw.f32[4]):
        for i in range(4):
            a[i] = np.exp(a[i])

    report = gw.compile(exponentials).report
    assert report["multipliers"] == 0 and report["dsp"] > 0
    assert sum(row["dsp"] for row in report["operators"]) == report["dsp"]


def test_a_budget_of_blocks_takes_the_most_multipliers_that_fit():
    free = gw.compile(several)
    each = free.report["dsp"] // free.report["multipliers"]
    design = gw.compile(several, budget=gw.Budget(dsp=2 * each))
    assert design.report["multipliers"] == 2 and design.report["dsp"] <= 2 * each
    agrees(design, several)


def test_a_budget_that_is_too_small_says_what_the_least_is():
    with pytest.raises(gw.OptionError) as error:
        gw.compile(three_types, budget=gw.Budget(dsp=2))
    found = re.search(r"does not fit dsp=2: the least is (\d+) DSP blocks", str(error.value))
    assert found is not None and "3 multipliers, one of each type" in str(error.value)
    assert f"gw.Budget(dsp={found[1]})" in str(error.value)
    assert gw.compile(three_types, budget=gw.Budget(dsp=int(found[1]))).report["dsp"] == int(found[1])


def test_memory_and_tables_have_budgets_too():
    def local(a: gw.i32[16]):
        b = np.zeros(16, np.int32)
        for i in range(16):
            b[15 - i] = a[i]
        for i in range(16):
            a[i] = b[i] + b[15 - i]

    bits = gw.compile(local).report["memory_bits"]
    assert bits == 16 * 32
    assert gw.compile(local, budget=gw.Budget(memory_bits=bits)).report["memory_bits"] == bits
    with pytest.raises(gw.OptionError, match=f"the least is {bits} bits of memory"):
        gw.compile(local, budget=gw.Budget(memory_bits=bits - 1))
    with pytest.raises(gw.OptionError, match="look-up tables"):
        gw.compile(local, budget=gw.Budget(luts=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": gw.Budget(multipliers=2), "multipliers": 3}, "multipliers=3 and a budget with multipliers=2"),
        ({"budget": 3}, "budget=3 is no budget"),
    ],
)
def test_what_is_no_budget_is_refused(options: dict, message: str):
    with pytest.raises(gw.OptionError, match=re.escape(message)):
        gw.compile(several, **options)


@pytest.mark.parametrize(("field", "value"), [("multipliers", 0), ("dsp", -1), ("luts", 1.5), ("memory_bits", True)])
def test_a_budget_is_of_whole_things(field: str, value: object):
    with pytest.raises(gw.OptionError):
        gw.Budget(**{field: value})  # pyright: ignore[reportArgumentType]
