"""A pool of multipliers becomes lanes, and arrays banks: what is computed stays, and takes as long as it must."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import gatewright as gw

N = 16
LEVELS = ("loops", "schedule", "rtl")


def product(a: gw.i32[N, N], b: gw.i32[N, N], c: gw.i32[N, N]):
    for i in range(N):
        for j in range(N):
            s = np.int32(0)
            for k in range(N):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def floats(a: gw.f32[N, N], b: gw.f32[N, N], c: gw.f32[N, N]):
    for i in range(N):
        for j in range(N):
            s = np.float32(0)
            for k in range(N):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def small(a: gw.i32[8, 8], b: gw.i32[8, 8], c: gw.i32[8, 8]):
    for i in range(8):
        for j in range(8):
            s = np.int32(0)
            for k in range(8):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def inside(x: gw.i32[N, N], c: gw.i32[N, N]):
    """A product of two matrices that are inside the design."""
    a, b, d = np.zeros((N, N), np.int32), np.zeros((N, N), np.int32), np.zeros((N, N), np.int32)
    for p in range(N):
        for q in range(N):
            a[p, q] = x[p, q] + 1
            b[q, p] = x[p, q] ^ 3
    for i in range(N):
        for j in range(N):
            s = np.int32(0)
            for k in range(N):
                s += a[i, k] * b[k, j]
            d[i, j] = s
    for p in range(N):
        for q in range(N):
            c[p, q] = d[p, q]


def windows(x: gw.i32[4, 10, 10], w: gw.i32[4, 4, 3, 3], y: gw.i32[4, 8, 8]):
    """A convolution of what is copied in first."""
    for o in range(4):
        for i in range(8):
            for j in range(8):
                s = np.int32(0)
                for c in range(4):
                    for p in range(3):
                        for q in range(3):
                            s += x[c, i + p, j + q] * w[o, c, p, q]
                y[o, i, j] = s


def triangle(a: gw.i32[N, N], b: gw.i32[N], c: gw.i32[N]):
    for i in range(N):
        s = np.int32(0)
        for k in range(i + 1):
            s += a[i, k] * b[k]
        c[i] = s


def histogram(x: gw.i32[64], w: gw.i32[8], h: gw.i32[8]):
    for i in range(64):
        h[x[i] & 7] += w[x[i] & 7] * x[i]


def check(design: gw.Design, function: Callable[..., None], shapes: Sequence[tuple[int, ...]], kind: Any) -> int:
    """All levels give what Python gives, in the cycles that are predicted; return these."""
    random = np.random.default_rng(3)
    given = [random.integers(-9, 9, shape).astype(kind) for shape in shapes]
    expected = [array.copy() for array in given]
    with np.errstate(over="ignore"):
        function(*expected)
    for level in LEVELS:
        arrays = [array.copy() for array in given]
        run = design.run(*arrays, level=level)
        for array, answer in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(array, answer, err_msg=level)
        if level != "loops":
            assert run.cycles == design.report["cycles"]
    return design.report["cycles"]


def multipliers(design: gw.Design) -> int:
    """The units that make products."""
    return sum(each["units"] for each in design.report["operators"] if each["kind"] in ("muli", "mulf"))


def banks(**layouts: tuple[int, ...]) -> dict[str, list[gw.Banks]]:
    return {
        name: [gw.Banks(axis=axis, by=by) for axis, by in enumerate(factors) if by > 1]
        for name, factors in layouts.items()
    }


@pytest.mark.parametrize(("pool", "most"), [(1, 4100), (4, 1034), (16, 263), (64, 70)])
def test_a_product_of_banked_matrices_takes_its_products_and_little_more(pool: int, most: int):
    layouts = {1: {}, 4: {"a": (2, 2), "b": (2, 2), "c": (2, 2)}, 16: {"a": (2, 4), "b": (4, 2), "c": (2, 2)}}
    given = layouts.get(pool, {"a": (4, 4), "b": (4, 4), "c": (4, 4)})
    design = gw.compile(product, multipliers=pool, banks=banks(**given))
    assert multipliers(design) <= pool
    assert check(design, product, [(N, N)] * 3, np.int32) <= most


def test_a_small_product_has_sixteen_lanes():
    design = gw.compile(small, multipliers=16, banks=banks(a=(2, 4), b=(4, 2), c=(2, 2)))
    assert multipliers(design) == 16
    assert check(design, small, [(8, 8)] * 3, np.int32) <= 38


def test_sums_of_floats_keep_their_order_and_take_turns():
    design = gw.compile(floats, multipliers=64, banks=banks(a=(16, 1), b=(1, 16), c=(16, 4)))
    assert check(design, floats, [(N, N)] * 3, np.float32) <= 131


@pytest.mark.parametrize(("pool", "most"), [(4, 1029), (10, 424), (16, 262), (64, 70)])
def test_arrays_inside_get_the_banks_that_lanes_need(pool: int, most: int):
    design = gw.compile(inside, multipliers=pool)
    assert multipliers(design) <= pool
    assert check(design, inside, [(N, N)] * 2, np.int32) < 512 + most


def test_more_multipliers_never_cost_cycles():
    cycles = [gw.compile(inside, multipliers=pool).report["cycles"] for pool in (1, 2, 3, 4, 6, 8, 12, 16, 32)]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[-1] < cycles[0] // 6


@pytest.mark.parametrize("pool", [2, 8])
@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (windows, [(4, 10, 10), (4, 4, 3, 3), (4, 8, 8)]),
        (triangle, [(N, N), (N,), (N,)]),
        (histogram, [(64,), (8,), (8,)]),
        (product, [(N, N)] * 3),
    ],
    ids=lambda each: each.__name__ if callable(each) else None,
)
def test_arguments_with_one_port(function: Callable[..., None], shapes: list[tuple[int, ...]], pool: int):
    design = gw.compile(function, multipliers=pool)
    assert multipliers(design) <= pool
    one = gw.compile(function, multipliers=1).report["cycles"]
    assert check(design, function, shapes, np.int32) <= one


def test_arguments_are_copied_where_that_saves_cycles():
    design = gw.compile(windows, multipliers=16)
    assert design.plan.find("copy", "x") is not None
    cycles = check(design, windows, [(4, 10, 10), (4, 4, 3, 3), (4, 8, 8)], np.int32)
    assert cycles < gw.compile(windows, multipliers=1).report["cycles"] // 4


@pytest.mark.parametrize("pool", [4, 12, 16])
def test_the_plan_of_lanes_gives_the_design_again(pool: int):
    design = gw.compile(inside, multipliers=pool)
    again = gw.compile(inside, multipliers=pool, plan=str(design.plan))
    assert again.verilog == design.verilog


def test_lanes_that_are_asked_for():
    design = gw.compile(inside, plan="unroll(i, 3)\nunroll(k, 4)\nbank(a, '3x4')")
    assert design.plan.find("unroll", "i") is not None
    check(design, inside, [(N, N)] * 2, np.int32)
    reason = design.plan.find("unroll", "i")
    assert reason is not None and reason.reason == "asked for"


def test_each_bank_of_an_argument_is_a_port():
    design = gw.compile(small, banks={"a": gw.Banks(axis=1, by=4), "c": [gw.Banks(0, 2), gw.Banks(-1, 3)]})
    for port in ("a_0_read_address", "a_3_read_data", "c_0_0_write_address", "c_1_2_write_data", "b_read_address"):
        assert port in design.verilog
    check(design, small, [(8, 8)] * 3, np.int32)


def test_the_result_of_a_function_in_banks():
    def doubled(x: gw.i32[7]) -> gw.i32[7]:
        return x + x

    design = gw.compile(doubled, banks={"result": gw.Banks(by=2), "x": gw.Banks(by=3)})
    given = np.arange(7, dtype=np.int32)
    for level in LEVELS:
        np.testing.assert_array_equal(design.run(given, level=level).outputs[0], given + given)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"banks": {"q": gw.Banks(by=2)}}, "there is no array 'q' to keep in banks"),
        ({"banks": {"a": gw.Banks(axis=2, by=2)}}, "array a has no axis 2"),
        ({"banks": {"a": 3}}, "banks of 'a' are 3"),
        ({"banks": ["a"]}, "banks=['a'] names no arrays"),
        ({"banks": {"a": gw.Banks(by=9)}}, "array a cannot be kept in 9x1 banks"),
        ({"plan": "bank(a, '2')"}, "array a cannot be kept in 2 banks"),
        ({"plan": "bank(q, '2')"}, "bank(q, '2') is about q, which is no array"),
        ({"plan": "bank(a, 'two')"}, "bank needs factors, such as '2x4'"),
        ({"plan": "unroll(q, 2)"}, "unroll(q, 2) is about q, which is no loop"),
        ({"plan": "unroll(i, 0)"}, "unroll needs factor, from 1 to 4096"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], what: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(small, **options)
    assert raised.value.what == what


def test_banks_are_some():
    with pytest.raises(gw.OptionError):
        gw.Banks(by=0)
    with pytest.raises(gw.OptionError):
        gw.Banks(axis=True)


def directed(a: gw.i32[8, 8], b: gw.i32[8, 8], c: gw.i32[8, 8]):
    gw.bank(a, axis=0, by=2)
    gw.bank(a, axis=1, by=4)
    gw.bank(b, axis=0, by=4)
    d = np.zeros((8, 8), np.int32)
    gw.bank(d, 0, 2)
    for i in gw.unroll(range(8), 2):
        for j in range(8):
            s = np.int32(0)
            for k in range(8):
                gw.unroll(k, 4)
                s += a[i, k] * b[k, j]
            d[i, j] = s
    for i in gw.parallel(range(8)):
        for j in gw.pipeline(range(8), interval=9):
            c[i, j] = d[i, j]


def test_directives_about_lanes_and_banks_do_nothing_in_python_and_are_obeyed():
    design = gw.compile(directed)
    wanted = "unroll(i, 2) unroll(k, 4) unroll(i_2, 8) pipeline(j_2, interval=9)"
    found = {str(each) for each in design.plan}
    assert {"bank(a, '2x4')", "bank(b, '4x1')", "bank(d, '2x1')"} <= found
    assert all(f"{each})" in found for each in wanted.removesuffix(")").split(") "))
    check(design, directed, [(8, 8)] * 3, np.int32)


def left_early(a: gw.i32[8], b: gw.i32[8]):
    for i in gw.unroll(range(8), 2):
        if a[i] > 3:
            break
        b[i] = a[i]


def of_an_expression(a: gw.i32[8], b: gw.i32[8]):
    gw.bank(a + b, by=2)


def of_no_axis(a: gw.i32[8], b: gw.i32[8]):
    gw.bank(a, axis=1, by=2)


def of_no_range(a: gw.i32[8], b: gw.i32[8]):
    for each in gw.unroll(a, 2):
        b[0] = each


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (left_early, "gw.unroll is about loops that run to their end"),
        (of_an_expression, "gw.bank is about an array by its name"),
        (of_no_axis, "gw.bank of an array of 1 axes has no axis=1 by=2"),
        (of_no_range, "gw.unroll is a statement of its own, in the loop that it is about"),
    ],
    ids=lambda each: each.__name__ if callable(each) else None,
)
def test_misplaced_directives_are_refused(function: Callable[..., None], what: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(function)
    assert raised.value.what == what
    assert raised.value.where is not None


def test_the_lower_bound_knows_banks_and_ports_and_banks_have_them_all():
    layouts = banks(a=(2, 4), b=(4, 2), c=(2, 2))
    assert gw.compile(small, multipliers=16, banks=layouts).report["lower_bound"] == 32
    assert gw.compile(small, multipliers=64, banks={"a": gw.Banks(by=4)}).report["lower_bound"] == 64
    design = gw.compile(small, multipliers=16, banks=layouts, dual_port=("a", "b"))
    check(design, small, [(8, 8)] * 3, np.int32)
    assert "a_0_0_0_address" in design.verilog
    with pytest.raises(gw.OptionError):
        gw.compile(small, multipliers=16, banks=layouts, dual_port=("a_0_0",))
