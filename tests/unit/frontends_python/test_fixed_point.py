"""Fixed point: exact sums and products, one rounding to nearest even and saturation where a value is stored."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import gatewright.numbers.types as gw
from gatewright.ir.interface import to_raw

F = gw.fixed(16, 8)
SAMPLES = np.array([0.0, 1.0, -1.0, 0.5, -0.00390625, 127.99609375, -128.0, 3.14453125, -77.5, 0.0078125, 100.0, -2.25])


def rounded(value: Fraction, format_: gw.Fixed) -> float:
    """What is stored of an exact value."""
    raw = round(value * Fraction(2) ** format_.fraction)
    limit = 1 << (format_.bits - 1)
    return float(min(max(raw, -limit), limit - 1)) / 2.0**format_.fraction


def pairs(function, program, runs):
    """What the program and exact arithmetic give for all pairs of samples."""
    for a in SAMPLES:
        for b in SAMPLES:
            got = [float(x) for x in runs(program, [a, b])]
            yield got, function(Fraction(float(a)), Fraction(float(b)))


def test_results_are_exact(compiled, runs):
    def f(a: F, b: F):
        return a + b, a - b, a * b, -a, abs(b), a * 3 + b, a * 0.125, a / 4, max(a, b), a * b - b * b

    program = compiled(f)
    formats = [str(result.type) for result in program.signature.results]
    assert formats[:5] == ["fixed<17,8>", "fixed<17,8>", "fixed<32,16>", "fixed<17,8>", "fixed<17,8>"]
    for got, want in pairs(f, program, runs):
        assert got == [float(x) for x in want]


def test_comparisons_are_exact(compiled, runs):
    def f(a: F, b: F):
        return a < b, a == b, a >= b * 2, a > 1.5, 0 != a, a * a < b

    program = compiled(f)
    for got, want in pairs(f, program, runs):
        assert got == [float(x) for x in want]


@pytest.mark.parametrize(
    "format_", (F, gw.fixed(8, 4), gw.fixed(12, 0), gw.fixed(8, -2), gw.fixed(20, 18), gw.fixed(40, 30)), ids=str
)
def test_a_cast_rounds_to_nearest_even_and_saturates(compiled, runs, format_):
    def f(a: F, b: F):
        return format_(a * b), format_(a + b), format_(a)

    program = compiled(f)
    for a in SAMPLES:
        for b in SAMPLES:
            x, y = Fraction(float(a)), Fraction(float(b))
            want = [rounded(value, format_) for value in (x * y, x + y, x)]
            assert [float(v) for v in runs(program, [a, b])] == want
            assert [float(v) for v in f(a, b)] == want, "in plain Python too"


def test_ties_go_to_even(compiled, runs):
    def f(a: F):
        return gw.fixed(16, 0)(a)

    program = compiled(f)
    inputs = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.50390625, -0.50390625]
    assert [float(runs(program, [x])[0]) for x in inputs] == [0.0, 2.0, 2.0, 0.0, -2.0, -2.0, 1.0, -1.0]


def test_an_array_element_is_rounded_once(compiled, runs):
    def f(a: F[3], b: F[3], c: gw.fixed(10, 3)[3]):
        for i in range(3):
            c[i] = a[i] * b[i] + a[i] * 0.1
        c[0] = 1000
        c[1] += 0.0625

    program = compiled(f)
    a, b, c = SAMPLES[3:6], SAMPLES[7:10], np.zeros(3)
    runs(program, [a.copy(), b.copy(), c])
    products = [Fraction(x) * Fraction(y) + Fraction(x) * Fraction(0.1) for x, y in zip(a, b, strict=True)]
    kept = [rounded(p, gw.fixed(10, 3)) for p in products]
    assert c.tolist() == [63.875, rounded(Fraction(kept[1]) + Fraction(1, 16), gw.fixed(10, 3)), kept[2]]


def test_a_local_variable_keeps_the_format_of_its_first_assignment(compiled, runs):
    def f(a: F[4]):
        acc = gw.fixed(12, 4)(0)
        exact = a[0] * a[1]
        for i in range(4):
            acc += a[i] * a[i]
        exact = exact + a[2]
        return acc, exact

    program = compiled(f)
    assert [str(r.type) for r in program.signature.results] == ["fixed<12,4>", "fixed<32,16>"]
    values = np.array([1.03125, -2.03125, 0.28125, 5.0])
    acc = Fraction(0)
    for value in values:
        acc = Fraction(rounded(acc + Fraction(value) ** 2, gw.fixed(12, 4)))
    assert [float(x) for x in runs(program, [values])] == [float(acc), 1.03125 * -2.03125 + 0.28125]


def test_sums_and_products_of_arrays_are_exact(compiled, runs):
    def f(a: F[2, 3], b: F[3, 2], v: F[3]):
        return a @ b, np.sum(a), np.sum(a, axis=0) * 2, v @ v, np.max(a, axis=1), np.maximum(a[0], v), a[0] * v + 1.5

    program = compiled(f)
    a, b, v = SAMPLES[:6].reshape(2, 3), SAMPLES[6:].reshape(3, 2), SAMPLES[5:8]
    for got, want in zip(runs(program, [a.copy(), b.copy(), v.copy()]), f(a, b, v), strict=True):
        np.testing.assert_array_equal(got, want)
    assert str(program.signature.results[0].type) == "fixed<34,16>[2, 2]"


def test_integers_and_fixed_point_meet(compiled, runs):
    def f(a: F, n: gw.u8, k: gw.i16):
        x = gw.i16(a)
        for i in range(3):
            a = a + i
        return a * n, a + k, int(a), x, np.where(a > 0, a, n), np.int8(a)

    program = compiled(f)
    for value in (1.75, -1.75, -0.25, 100.0, 0.0):
        total = min(value + 3, 127.99609375)
        want = [total * 200, total - 5, int(total), int(value), total if total > 0 else 200.0, min(int(total), 127)]
        assert [float(x) for x in runs(program, [value, 200, -5])] == want


def test_a_choice_and_a_branch_keep_the_exact_value(compiled, runs):
    def f(a: F, b: F):
        x = a * b if a > b else a
        if b > 0:
            y = b
        else:
            y = a + b
        return x, y

    program = compiled(f)
    formats = [str(result.type) for result in program.signature.results]
    assert formats == ["fixed<32,16>", "fixed<16,8>"]
    got = [float(x) for x in runs(program, [2.5, -1.5])]
    assert got == [-3.75, 1.0]


def test_the_option_precision_makes_fixed_point_of_floats(compiled, runs):
    weights = np.array([0.1, -0.7, 2.0])

    def f(x, bias):
        total = 0.0
        for i in range(3):
            total += x[i] * weights[i]
        y = np.zeros(3)
        y[:] = x * 0.5 + bias
        return total, y

    program = compiled(f, np.zeros(3), np.float64(0), precision="fixed<16,8>")
    assert [str(r.type) for r in program.signature.results] == ["fixed<16,8>", "fixed<16,8>[3]"]
    x = np.array([1.5, -3.25, 0.75])
    total = Fraction(0)
    for value, weight in zip(x, weights, strict=True):
        total = Fraction(rounded(total + Fraction(value) * Fraction(rounded(Fraction(weight), F)), F))
    got = runs(program, [x.copy(), 0.25])
    assert float(got[0]) == float(total)
    assert got[1].tolist() == [rounded(Fraction(v) / 2 + Fraction(1, 4), F) for v in x]


def test_a_sum_that_starts_as_zero_has_the_format_of_precision(compiled):
    def f(x):
        total = 0
        for value in x:
            total = total + value
        return total

    program = compiled(f, np.zeros(3), precision="fixed<16,8>")
    assert str(program.signature.results[0].type) == "fixed<16,8>"


def test_a_result_wider_than_a_port_loses_its_lowest_bits(compiled, runs):
    def f(a: gw.fixed(40, 20), b: gw.fixed(40, 20)):
        return a * b

    def g(a: gw.fixed(40, 20), b: gw.fixed(40, 20)) -> gw.fixed(24, 4):
        return a * b

    assert str(compiled(f).signature.results[0].type) == "fixed<64,24>"
    program = compiled(g)
    assert str(program.signature.results[0].type) == "fixed<24,4>"
    assert float(runs(program, [3.3125, 2.0])[0]) == 6.625


def test_floats_enter_as_the_hardware_rounds_them():
    values = np.array([0.001953125, 0.005859375, 200.0, -200.0])
    np.testing.assert_array_equal(to_raw(values, F[4], "a"), [0, 2, 32767, -32768])
    np.testing.assert_array_equal(F(values) * 256, [0, 2, 32767, -32768])
