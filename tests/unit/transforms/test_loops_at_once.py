"""Loops that share neither values nor arrays run at once, and only where there are operators for all of them."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw


def numbers(count: int) -> np.ndarray:
    return np.arange(1, count + 1).astype(np.int32)


def independent(a, b, c, d):
    for i in range(16):
        b[i] = a[i] * 3
    for i in range(20):
        d[i] = c[i] + c[i]


def two_sums(a, b):
    s = np.int32(0)
    t = np.int32(0)
    for i in range(16):
        s += a[i] * a[i]
    for i in range(20):
        t += b[i] * b[i]
    return s + t


def something_between(a, b, x):
    s = np.int32(0)
    t = x + x
    for i in range(16):
        s += a[i]
    t = t + x
    b[0] = t
    for i in range(20):
        t += b[i]
    return s + t


def one_after_the_other(a, b):
    for i in range(16):
        a[i] = a[i] + 1
    for i in range(16):
        b[i] = a[15 - i] + 2


def a_result_is_needed(a, b):
    s = np.int32(0)
    for i in range(16):
        s += a[i]
    for i in range(20):
        b[i] = b[i] + s


def a_store_between(a, b):
    for i in range(16):
        a[i] = a[i] + 1
    a[3] = 0
    for i in range(20):
        b[i] = b[i] + 1


def conditionals(a, b, x, y):
    r = np.int32(0)
    q = np.int32(0)
    if x > 0:
        for i in range(16):
            r += a[i] // x
    if y > 0:
        for i in range(20):
            q += b[i] ^ y
    return r, q


def inside_a_loop(a, b):
    for k in range(4):
        n = a[k]
        while n > 0:
            n = n // 2
            a[k] += n
        m = b[k]
        while m > 0:
            m = m - 3
            b[k] += m & 1


def three_products(a, b, c):
    r = np.int32(1)
    s = np.int32(1)
    t = np.int32(1)
    for i in range(8):
        r = r * a[i]
    for i in range(9):
        s = s * b[i]
    for i in range(10):
        t = t * c[i]
    return r, s, t


KERNELS = {
    independent: (16, 16, 20, 20),
    two_sums: (16, 20),
    something_between: (16, 20, np.int32(5)),
    one_after_the_other: (16, 16),
    a_result_is_needed: (16, 20),
    a_store_between: (16, 20),
    conditionals: (16, 20, np.int32(3), np.int32(-4)),
    inside_a_loop: (4, 4),
    three_products: (8, 9, 10),
}


def arguments(kernel) -> list:
    return [numbers(each) if isinstance(each, int) else each for each in KERNELS[kernel]]


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("multipliers", [None, 1, 2, 3])
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_values_are_those_of_python(kernel, multipliers: int | None):
    options = {} if multipliers is None else {"multipliers": multipliers}
    design = gw.compile(kernel, args=tuple(arguments(kernel)), **options)
    expected = arguments(kernel)
    results = kernel(*expected)
    cycles = set()
    for level in ("schedule", "rtl"):
        given = arguments(kernel)
        run = design.run(*given, level=level)
        for got, want in zip(given, expected, strict=True):
            np.testing.assert_array_equal(got, want)
        if results is not None:
            np.testing.assert_array_equal(np.array(run.outputs), np.atleast_1d(np.array(results)))
        cycles.add(run.cycles)
    assert len(cycles) == 1
    units = sum(row["units"] for row in design.report["operators"] if row["kind"] == "muli")
    assert units <= (multipliers or 1)


def cycles_of(kernel, **options) -> int:
    return gw.compile(kernel, args=tuple(arguments(kernel)), **options).report["cycles"]


@pytest.mark.parametrize("kernel", [independent, something_between])
def test_independent_loops_take_the_time_of_the_longest(kernel):
    assert cycles_of(kernel) < 20 + 10


@pytest.mark.parametrize("kernel", [one_after_the_other, a_result_is_needed, a_store_between])
def test_loops_that_depend_on_each_other_follow_each_other(kernel):
    assert cycles_of(kernel) > 16 + 16


def test_more_multipliers_let_more_loops_run_at_once():
    alone, together = cycles_of(two_sums, multipliers=1), cycles_of(two_sums, multipliers=2)
    assert cycles_of(two_sums) == alone > 36
    assert together < 30
    one, two, three = (cycles_of(three_products, multipliers=count) for count in (1, 2, 3))
    assert one > two > three
