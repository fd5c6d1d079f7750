"""Loops that use an element several times load it once, and stencils in nests take as many cycles as they have rows."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw


def row_of_three(a, b):
    for i in range(16):
        for j in range(1, 15):
            b[i, j] = a[i, j - 1] + a[i, j] + a[i, j] + a[i, j + 1]


def cross(a, b):
    for i in range(1, 15):
        for j in range(1, 15):
            b[i, j] = a[i - 1, j] + a[i, j - 1] + a[i, j] + a[i, j + 1] + a[i + 1, j]


def square(a, b):
    for i in range(1, 15):
        for j in range(1, 15):
            b[i, j] = (
                a[i - 1, j - 1]
                + a[i - 1, j]
                + a[i - 1, j + 1]
                + a[i, j - 1]
                + a[i, j]
                + a[i, j + 1]
                + a[i + 1, j - 1]
                + a[i + 1, j]
                + a[i + 1, j + 1]
            )


def by_twos(a, b):
    for i in range(16):
        for j in range(2, 14, 2):
            b[i, j] = a[i, j - 2] ^ a[i, j] ^ a[i, j + 2] ^ a[i, j + 1]


def with_a_result(a, b):
    best = np.int32(-1000)
    for i in range(16):
        for j in range(13):
            best = max(best, a[i, j] - a[i, j + 2])
            if a[i, j + 1] > best:
                b[i, j] = best
    return best


def in_place(a, b):
    for i in range(16):
        for j in range(1, 15):
            a[i, j] = a[i, j - 1] + a[i, j] + a[i, j + 1] + b[i, j - 1] - b[i, j + 1] + b[i, j]


def of_unknown_length(a, b):
    for i in range(16):
        for j in range(1, a[i, 0] & 15):
            b[i, j] = a[i, j - 1] + a[i, j]


def backwards(a, b):
    for i in range(16):
        for j in range(14, 0, -1):
            b[i, j] = a[i, j - 1] + a[i, j] + a[i, j + 1]


KERNELS = [row_of_three, cross, square, by_twos, with_a_result, in_place, of_unknown_length, backwards]


def grid() -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 1000, (16, 16)).astype(np.int32)


@pytest.mark.parametrize("options", [{}, {"multipliers": 1}, {"clock_mhz": 250}], ids=str)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_values_are_those_of_python(kernel, options: dict):
    design = gw.compile(kernel, args=(grid(), grid()), **options)
    expected = grid(), np.zeros((16, 16), np.int32)
    result = kernel(*expected)
    cycles = set()
    for level in ("loops", "schedule", "rtl"):
        given = grid(), np.zeros((16, 16), np.int32)
        run = design.run(*given, level=level)
        for got, want in zip(given, expected, strict=True):
            np.testing.assert_array_equal(got, want, err_msg=level)
        assert run.outputs == (() if result is None else (result,))
        cycles.add(run.cycles)
    assert len(cycles - {None}) == 1


@pytest.mark.parametrize(
    ("kernel", "loads", "early"), [(row_of_three, 1, 2), (cross, 3, 2), (square, 3, 2), (backwards, 1, 2)]
)
def test_a_stencil_loads_each_element_of_a_row_once(kernel, loads: int, early: int):
    design = gw.compile(kernel, args=(grid(), grid()))
    (row,) = design.report["loops"]
    rows = 14 if kernel in (cross, square) else 16
    assert (row["interval"], row["trip_count"]) == (loads, rows * (14 + early))


def test_a_window_of_one_loop_needs_no_iterations_of_its_own():
    def smooth(a: gw.i32[32], b: gw.i32[32]):
        for i in range(1, 31):
            b[i] = a[i - 1] + a[i] + a[i + 1]

    design = gw.compile(smooth)
    (row,) = design.report["loops"]
    assert (row["interval"], row["trip_count"]) == (1, 30)


def test_with_one_multiplier_a_window_gains_nothing_where_the_products_set_the_interval():
    def weighted(a: gw.i32[8, 8], b: gw.i32[8, 8], x: gw.i32, y: gw.i32):
        for i in range(8):
            for j in range(1, 7):
                b[i, j] = a[i, j - 1] * x + a[i, j] * y + a[i, j + 1] * x

    trips = [gw.compile(weighted, multipliers=count).report["loops"][0]["trip_count"] for count in (1, 3)]
    assert trips == [8 * 6, 8 * 8]
