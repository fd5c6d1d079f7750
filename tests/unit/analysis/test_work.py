"""What a program has to do, counted by running it with counters, and a bound that no design is below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw
from gatewright.analysis.work import Work, work_of


def work(kernel: Callable[..., object]) -> Work:
    found = work_of(gw.compile(kernel)._compilation.workload.function)  # pyright: ignore[reportPrivateUsage]
    assert found is not None
    return found


def gemm(a: gw.i32[4, 6], b: gw.i32[6, 5], c: gw.i32[4, 5]):
    for i in range(4):
        for j in range(5):
            s = 0
            for k in range(6):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def update(a: gw.i32[8], b: gw.i32[8]):
    for i in range(8):
        b[i] += a[i]


def overwritten(a: gw.i32[8], b: gw.i32[8]):
    for i in range(8):
        b[i] = a[i]
    for i in range(7):
        b[i] = b[i + 1] + b[i]


def triangle(a: gw.i32[8, 8], x: gw.i32[8]):
    for i in range(8):
        for j in range(i):
            x[i] -= a[i, j] * x[j]


def half(a: gw.i32[8], b: gw.i32[8]):
    for i in range(0, 8, 2):
        if a[i] > 3:
            b[i] = a[i + 1]


def gathered(a: gw.i32[8], p: gw.u8[4], b: gw.i32[4]):
    for i in range(4):
        b[i] = a[p[i] % 8]


def scattered(a: gw.i32[8], p: gw.u8[8], b: gw.i32[8]):
    for i in range(8):
        b[p[i] % 8] = a[i]
    for i in range(8):
        a[i] = b[i]


def mixed(a: gw.i32[8], b: gw.f32[8], c: gw.f64[8]) -> gw.f64:
    s = np.float64(0)
    for i in range(8):
        s += c[i] * np.float64(b[i] * b[i]) + np.float64(a[i] * a[i])
    return s


def counted_along(a: gw.i32, b: gw.i32[8], c: gw.i32[8, 8]):
    for i in range(8):
        x = b[i]
        for j in range(8):
            c[i, j] = x * j + a * (i + 1) + i * j


def said_twice(a: gw.i32[8], b: gw.i32[8], c: gw.i32[8]):
    for i in range(8):
        c[i] = a[i] * b[i]
    for i in range(8):
        a[i] = b[i] * a[i] + 1
    for i in range(8):
        c[i] += a[i] * b[i]


CASES = {
    counted_along: ({}, [8, 0], [0, 64]),
    said_twice: ({"integer": 16}, [8, 8, 0], [8, 0, 8]),
    gemm: ({"integer": 120}, [24, 30, 0], [0, 0, 20]),
    update: ({}, [8, 8], [0, 8]),
    overwritten: ({}, [8, 0], [0, 8]),
    triangle: ({"integer": 28}, [28, 8], [0, 7]),
    half: ({}, [4, 0], [0, 0]),
    gathered: ({}, [0, 4, 0], [0, 0, 4]),
    scattered: ({}, [8, 8, 0], [8, 0, 0]),
    mixed: ({"f32": 8, "f64": 8, "integer": 8}, [8, 8, 8], [0, 0, 0]),
}


@pytest.mark.parametrize("kernel", CASES)
def test_products_and_elements_are_counted(kernel: Callable[..., object]):
    products, loaded, stored = CASES[kernel]
    found = work(kernel)
    assert found.products == products
    assert list(found.loaded.values()) == loaded
    assert list(found.stored.values()) == stored


@pytest.mark.parametrize("multipliers", [None, 1, 2])
@pytest.mark.parametrize("kernel", CASES)
def test_no_design_is_below_the_bound(kernel: Callable[..., object], multipliers: int | None):
    report = gw.compile(kernel, multipliers=multipliers).report
    assert report["lower_bound"] is not None
    assert report["cycles"] is None or report["lower_bound"] <= report["cycles"]


def test_the_bound_is_that_of_the_program_and_the_budget():
    bounds = {
        (multipliers, clock): gw.compile(gemm, multipliers=multipliers, clock_mhz=clock).report["lower_bound"]
        for multipliers in (1, 2, 64)
        for clock in (50, 300)
    }
    assert bounds == {(1, 50): 120, (1, 300): 120, (2, 50): 60, (2, 300): 60, (64, 50): 30, (64, 300): 30}
    report = gw.compile(gemm, multipliers=64).report
    assert report["lower_bound_set_by"] == "the read port of b"
    assert gw.compile(gemm, multipliers=1).report["lower_bound_set_by"] == "products on 1 multiplier"
    assert gw.compile(gemm, multipliers=64, dual_port="b").report["lower_bound"] == 24


def test_loops_that_end_by_data_have_no_bound():
    def search(a: gw.i32[8]) -> gw.i32:
        i = 0
        while i < 8 and a[i] > 0:
            i += 1
        return i

    assert gw.compile(search).report["lower_bound"] is None
