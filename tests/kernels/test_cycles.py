"""How many cycles kernels may take, with at most the multipliers that Vivado HLS used.

Sources of the published figures: `polybench/README.md`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from polybench.kernels import KERNELS

import gatewright as gw

POLYBENCH = Path(__file__).parent / "polybench"
RECTANGULAR = ("2mm", "3mm", "atax", "bicg", "doitgen", "gemm", "gemver", "gesummv", "mvt")
ROWS = {row["kernel"]: row for row in csv.DictReader((POLYBENCH / "published.csv").read_text().splitlines())}


@pytest.mark.parametrize("name", ROWS)
def test_a_kernel_takes_fewer_cycles_than_published(name: str):
    """Below Vivado HLS less its copy iterations; the rectangular ones within a tenth of one iteration a cycle."""
    row = ROWS[name]
    record = json.loads((POLYBENCH / "data" / f"{name}.json").read_text())
    inputs = {key: np.array(value, np.uint32)[()] for key, value in record["inputs"].items()}
    allowed = int(row["vivado_hls_dsp"]) // 3
    design = gw.compile(KERNELS[name], args=tuple(inputs.values()), multipliers=allowed)
    predicted = design.run(*(value.copy() for value in inputs.values()), level="schedule").cycles
    cycles = design.run(*inputs.values(), level="rtl").cycles
    assert cycles is not None and cycles == predicted
    for key, expected in record["expected"].items():
        np.testing.assert_array_equal(inputs[key], np.array(expected, np.uint32))
    assert sum(each["units"] for each in design.report["operators"] if each["kind"] == "muli") <= allowed
    assert cycles < int(row["vivado_hls_cycles"]) - int(row["copy_iterations"])
    if name in RECTANGULAR:
        assert cycles <= 1.10 * int(row["inner_iterations"]) + 12


def matmul(a: gw.i32[16, 16], b: gw.i32[16, 16], c: gw.i32[16, 16]):
    for i in range(16):
        for j in range(16):
            s = np.int32(0)
            for k in range(16):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def vadd_8(a: gw.i32[8], b: gw.i32[8], c: gw.i32[8]):
    for i in range(8):
        c[i] = a[i] + b[i]


def vadd_20(a: gw.i32[20], b: gw.i32[20], c: gw.i32[20]):
    for i in range(20):
        c[i] = a[i] + b[i]


def vadd_1024(a: gw.i32[1024], b: gw.i32[1024], c: gw.i32[1024]):
    for i in range(1024):
        c[i] = a[i] + b[i]


def fibonacci_array(f: gw.i32[20]):
    f[0] = 0
    f[1] = 1
    for i in range(2, 20):
        f[i] = f[i - 1] + f[i - 2]


def fibonacci(n: gw.i32):
    a, b, i = np.int32(0), np.int32(1), np.int32(0)
    while i < n:
        a, b = b, a + b
        i += np.int32(1)
    return a


@pytest.mark.parametrize(
    ("kernel", "bound"),
    [(matmul, 4300), (vadd_8, 12), (vadd_20, 24), (vadd_1024, 1028), (fibonacci_array, 24)],
    ids=["matmul", "vadd_8", "vadd_20", "vadd_1024", "fibonacci_array"],
)
def test_a_loop_over_arrays_never_waits(kernel: object, bound: int):
    design = gw.compile(kernel, multipliers=1)
    assert design.report["cycles"] <= bound


def test_a_loop_with_a_condition_on_data_takes_a_cycle_an_iteration():
    design = gw.compile(fibonacci)
    run = design.run(np.int32(20))
    assert run.outputs == (6765,)
    assert run.cycles is not None and run.cycles <= 24


def spmv(values: gw.i32[40], columns: gw.i32[40], rows: gw.i32[21], x: gw.i32[20], y: gw.i32[20]):
    for i in range(20):
        s = np.int32(0)
        for k in range(rows[i], rows[i + 1]):
            s += values[k] * x[columns[k]]
        y[i] = s


def spmv_in_place(values: gw.i32[40], columns: gw.i32[40], rows: gw.i32[21], x: gw.i32[20], y: gw.i32[20]):
    for i in range(20):
        for k in range(rows[i], rows[i + 1]):
            y[i] += values[k] * x[columns[k]]


@pytest.mark.parametrize("kernel", [spmv, spmv_in_place])
@pytest.mark.parametrize("lengths", [[2] * 20, [1, 3] * 10, [0, 4] * 10, [40] + [0] * 19], ids=str)
def test_a_sparse_product_takes_a_cycle_a_nonzero_and_one_an_empty_row(kernel: object, lengths: list[int]):
    rng = np.random.default_rng(0)
    values, x = (rng.integers(-(2**31), 2**31, count).astype(np.int32) for count in (40, 20))
    columns = rng.integers(0, 20, 40).astype(np.int32)
    rows = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    y = np.zeros(20, np.int32)
    run = gw.compile(kernel, multipliers=1).run(values, columns, rows, x, y)
    matrix = np.zeros((20, 20), np.int32)
    np.add.at(matrix, (np.repeat(np.arange(20), lengths), columns), values)
    np.testing.assert_array_equal(y, matrix @ x)
    assert run.cycles is not None and run.cycles <= sum(max(1, each) for each in lengths) + 8


def spmv_by_coordinates(values: gw.i32[40], rows: gw.i32[40], columns: gw.i32[40], x: gw.i32[20], y: gw.i32[20]):
    for k in range(40):
        y[rows[k]] += values[k] * x[columns[k]]


@pytest.mark.parametrize("rows", [[k // 2 for k in range(40)], [k % 2 for k in range(40)], [7] * 40], ids=str)
def test_a_sum_at_addresses_from_data_takes_a_cycle_an_element(rows: list[int]):
    rng = np.random.default_rng(0)
    values, x = (rng.integers(-(2**31), 2**31, count).astype(np.int32) for count in (40, 20))
    columns, y = rng.integers(0, 20, 40).astype(np.int32), np.zeros(20, np.int32)
    expected = np.zeros(20, np.int32)
    np.add.at(expected, rows, values * x[columns])
    design = gw.compile(spmv_by_coordinates, multipliers=1)
    run = design.run(values, np.array(rows, np.int32), columns, x, y)
    np.testing.assert_array_equal(y, expected)
    assert run.cycles is not None and run.cycles <= 40 + 8


def rows(a: gw.i32[8, 13], b: gw.i32[104]):
    for k in range(104):
        b[k] = a[k // 13, k % 13] * b[k]


def strides(a: gw.i32[120], b: gw.i32[120], n: gw.i32):
    for i in range(8):
        for j in range(n):
            b[i * n + j] = a[i * n + j] * a[i * n + j]


def test_subscripts_take_no_multiplier():
    """The one there is takes a product of the data every cycle."""
    for kernel, shapes, numbers, iterations in (
        (rows, ((8, 13), (104,)), (), 104),
        (strides, ((120,), (120,)), (15,), 120),
    ):
        design = gw.compile(kernel, multipliers=1)
        random = np.random.default_rng(3)
        arrays = [random.integers(-1000, 1000, shape).astype(np.int32) for shape in shapes]
        expected = [array.copy() for array in arrays]
        kernel(*expected, *map(np.int32, numbers))
        run = design.run(*arrays, *numbers)
        for actual, wanted in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)
        assert run.cycles <= iterations + 8
        assert [row["units"] for row in design.report["operators"]] == [1]


def chain(a: gw.i32[64], b: gw.i32[64], c: gw.i32[64]):
    t = a * 3 + b
    u = np.maximum(t, 0) - a
    c[:] = u * t


def test_loops_over_the_same_elements_are_one_loop():
    """And the arrays between them are gone."""
    design = gw.compile(chain)
    arrays = [np.arange(64, dtype=np.int32) * k - 40 for k in (1, 2, 3)]
    expected = [array.copy() for array in arrays]
    chain(*expected)
    run = design.run(*arrays)
    np.testing.assert_array_equal(arrays, expected)
    assert run.cycles == design.report["cycles"] <= 64 + 6
    assert design.report["memories"] == []


def relay(a: gw.i32[64], b: gw.i32[64], c: gw.i32[64]):
    for i in range(64):
        b[i] = a[i] * 3 + i
    for i in range(63):
        c[i] = b[i + 1] * b[i + 1]
    for i in range(62):
        a[i] = c[i] + b[63 - i]


def test_loops_that_depend_on_each_other_start_before_the_last_one_has_drained():
    """An iteration a cycle, one pipeline to fill and one to drain, whatever the loops hand each other."""
    design = gw.compile(relay)
    arrays = [np.arange(64, dtype=np.int32) * k for k in (1, 2, 3)]
    expected = [array.copy() for array in arrays]
    relay(*expected)
    run = design.run(*arrays)
    for actual, wanted in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)
    assert run.cycles == design.report["cycles"] <= 64 + 63 + 62 + 9


def few_columns(a: gw.f32[12, 6, 3], b: gw.f32[6, 4, 6], y: gw.f32[12, 4, 4]):
    for channel in range(12):
        for row in range(4):
            for column in range(4):
                total = np.float32(0)
                for depth in range(6):
                    for k in range(3):
                        total += a[channel, depth, k] * b[depth, row, column + k]
                y[channel, row, column] = total


def test_sums_of_a_loop_further_out_are_side_by_side_where_the_nearest_has_too_few():
    design = gw.compile(few_columns, multipliers=1)
    random = np.random.default_rng(8)
    arrays = [random.normal(size=shape).astype(np.float32) for shape in ((12, 6, 3), (6, 4, 6), (12, 4, 4))]
    expected = [array.copy() for array in arrays]
    few_columns(*expected)
    for level in design.levels:
        given = [array.copy() for array in arrays]
        run = design.run(*given, level=level)
        np.testing.assert_array_equal(given[2], expected[2])
    assert run.cycles == design.report["cycles"] <= 12 * 4 * 4 * 6 * 3 + 24


def exponentials(x: gw.f32[32]):
    return np.exp(x)


def sigmoids(x: gw.f32[32]):
    return gw.sigmoid(x)


def linear_units(x: gw.f32[32]):
    return gw.gelu(x)


def powers(x: gw.f32[32]):
    return x**x


@pytest.mark.parametrize("kernel", [exponentials, sigmoids, linear_units, powers])
def test_functions_take_a_number_every_cycle(kernel: Callable[..., np.ndarray]):
    design = gw.compile(kernel)
    x = np.random.default_rng(9).uniform(0.1, 4, 32).astype(np.float32)
    assert design.run(x).cycles == design.report["cycles"] <= 32 + 32
