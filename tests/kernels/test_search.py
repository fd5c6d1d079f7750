"""Plans that are searched for: fewer cycles than by rules, the same answers, and no surprise for who decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from agreement import check

import gatewright as gw


def scaled_product(s: gw.i32[1], a: gw.i32[8, 10], b: gw.i32[10, 12], c: gw.i32[8, 12]):
    for i in range(8):
        for j in range(12):
            c[i, j] *= s[0]
        for k in range(10):
            for j in range(12):
                c[i, j] += a[i, k] * b[k, j]


def rows_and_columns(a: gw.f32[6, 6], x: gw.f32[6], y: gw.f32[6]):
    for i in range(1, 5):
        s = np.float32(0)
        for k in range(1, 5):
            s += a[i, i + 1] + y[k - 1]
        x[i] = s
        s = np.float32(0)
        for k in range(1, 5):
            s += x[k] + x[k + 1]
        y[i] = s


def down_columns(a: gw.i32[16, 16], x: gw.i32[16]):
    for i in range(1, 16):
        for j in range(16):
            a[i, j] = a[i - 1, j] * x[j] + 1


PROGRAMS = [
    (scaled_product, {"multipliers": 1}),
    (scaled_product, {}),
    (rows_and_columns, {}),
    (down_columns, {}),
]


def searched(design: gw.Design) -> list[gw.Decision]:
    """The decisions of a plan that were found by search."""
    return [each for each in design.plan if "by rules" in each.reason]


@pytest.mark.parametrize(("function", "options"), PROGRAMS)
def test_a_plan_that_is_searched_for_is_no_worse_and_computes_the_same(
    function: Callable[..., None], options: dict[str, int]
):
    design, by_rules = gw.compile(function, **options), gw.compile(function, search=0, **options)
    check(function, design)
    assert design.report["cycles"] <= by_rules.report["cycles"]
    assert bool(searched(design)) == (design.report["cycles"] < by_rules.report["cycles"])
    assert not searched(by_rules)


@pytest.mark.parametrize(("function", "options"), PROGRAMS)
def test_it_is_found_again_and_given_back(function: Callable[..., None], options: dict[str, int]):
    design = gw.compile(function, **options)
    assert gw.compile(function, **options).verilog == design.verilog
    assert gw.compile(function, plan=design.plan, **options).verilog == design.verilog
    assert gw.compile(function, plan=str(design.plan), search=0, **options).verilog == design.verilog


def test_products_beside_a_product_of_matrices_are_apart_on_one_multiplier():
    """The rules leave them in one loop, since what is handed over is more than they allow."""
    design = gw.compile(scaled_product, multipliers=1)
    products = 8 * 12 + 8 * 10 * 12
    assert design.report["products"] == products
    assert design.report["cycles"] <= 1.05 * products
    (found,) = searched(design)
    assert found == gw.Decision("distribute", ("i",), 1)
    assert found.reason.startswith(f"{design.report['cycles'] - 1} cycles instead of ")


def test_what_the_user_decides_about_a_nest_is_left_as_it_is():
    design = gw.compile(scaled_product, multipliers=1, plan="distribute(i, after=-1)")
    assert not searched(design)
    assert design.plan.find("distribute", "i") == gw.Decision("distribute", ("i",), -1)


def test_the_number_of_plans_is_checked():
    for wrong in (-1, "8", True, 1.5):
        with pytest.raises(gw.OptionError, match="is no number of plans to try"):
            gw.compile(scaled_product, search=wrong)


def test_arrays_with_two_ports_have_them_in_trials_too():
    by_rules = gw.compile(scaled_product, multipliers=1, dual_port="c", search=0)
    design = gw.compile(scaled_product, multipliers=1, dual_port="c")
    check(scaled_product, design)
    assert searched(design) and design.report["cycles"] < by_rules.report["cycles"]
