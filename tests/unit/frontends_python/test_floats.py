"""Floating-point programs give the bits that NumPy gives, and elementary functions what is within a unit of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw

A = np.array([1.5, -2.25, 0.1, 3e38, -0.0, 1e-40, np.inf, np.nan], np.float32)
B = np.array([0.3, 7.5, -0.1, 3e38, 2.0, 2e-41, -np.inf, 1.0], np.float32)
WEIGHTS = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 8)


def arithmetic(a, b):
    return a + b, a - b, a * b, a / b, -a, np.abs(a), np.maximum(a, b), np.minimum(a, b)


def comparing(a, b):
    return a < b, a <= b, a == b, a != b, a > b, np.isnan(a), np.where(a > 0, a, b)


def roundings(a):
    return np.floor(a), np.ceil(a), np.trunc(a), np.rint(a), np.sqrt(np.abs(a)), np.reciprocal(a)


def with_constants(a):
    return a * 2 + 0.1, 1 / a, a**2, a * np.float64(0.1), a * 3 - 1


def with_integers(n, k):
    return n / 3, n * 0.5, np.sqrt(n), n + np.float32(0.5), np.float32(n), k / 2, k * 0.25, float(k)


def to_integers(a):
    return a.astype(np.int32), np.abs(a).astype(np.uint8), a.astype(np.bool_), a.astype(np.int64)


def dense(x):
    y = np.zeros(3, np.float32)
    for i in range(3):
        total = np.float32(0.25)
        for k in range(8):
            total += WEIGHTS[i, k] * x[k]
        y[i] = max(total, np.float32(0))
    return y


def python_floats(x: float, n: int):
    total, factor = 0.0, 1
    for k in range(n):
        total = total + x * k
        factor = factor * 0.5
    return total, factor, x < total, int(x * 10)


def arrays(n):
    zeros = np.zeros(4)
    table = np.array([0.5, 1.5, -2.0, 1e-3], np.float32)
    zeros[1] = n * 0.1
    return zeros, table, np.full(3, 0.1, np.float32), table[n % 4], np.eye(2, dtype=np.float32)


def reductions(m):
    return m.sum(), m.max(axis=0), m.min(), np.mean(m, axis=1), m @ m.T, m.argmax()


def in_place(a, b):
    a[:] = a * b
    b[0] = 1
    b[1] = 2.5


def either(x, flag):
    y = np.float32(0.5) if flag else x
    if y > 1:
        y = y * 2
    return y


FINITE = np.array([1.5, -2.25, 0.1, 3.0, -0.0, 1e-3, 7.5, -0.625], np.float32)
PROGRAMS: list[tuple[Callable[..., object], tuple[object, ...]]] = [
    (arithmetic, (A, B)),
    (arithmetic, (A.astype(np.float64), B.astype(np.float64))),
    (arithmetic, (FINITE.astype(np.float16), FINITE[::-1].astype(np.float16))),
    (comparing, (A, B)),
    (roundings, (A,)),
    (with_constants, (A,)),
    (with_constants, (FINITE.astype(np.float16),)),
    (with_integers, (np.array([7, -3, 100], np.int32), 9)),
    (with_integers, (np.array([7, 3, 200], np.uint8), -2)),
    (to_integers, (FINITE * 10 * np.float32(0.5),)),
    (dense, (FINITE,)),
    (python_floats, (0.3, 6)),
    (arrays, (np.int32(6),)),
    (in_place, (FINITE, B)),
    (either, (np.float32(3.5), True)),
    (either, (np.float32(3.5), False)),
]


def zeros_of_both_signs(a, c):
    b = np.zeros(10, np.float64)
    b[0] = 0.0 if c > 0 else -0.0
    z = 0.0
    if c > 0:
        z = -0.0
    b[1] = z
    w = -0.0
    b[2], b[3] = float(w), abs(w)
    b[4], b[5] = min(0.0, -0.0), max(-0.0, 0.0)
    t = np.array([0.0, -0.0])
    b[6] = t[c]
    for i in range(2):
        w = w + a[i]
    b[7] = w
    b[8] = a[0] / np.float64(-0.0)
    b[9] = 0.0 * -1
    return b


PROGRAMS += [(zeros_of_both_signs, (np.array([-0.0, -0.0]), c)) for c in (-1, 0, 1)]


def run(program: Callable[..., object], arguments: tuple[object, ...]) -> tuple[list[np.ndarray], list[object]]:
    """What Python gives, and the arguments afterwards."""
    mine = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    with np.errstate(all="ignore"):
        returned = program(*mine)
    results = returned if isinstance(returned, tuple) else () if returned is None else (returned,)
    return [np.asarray(result) for result in results], mine


@pytest.mark.parametrize("level", ["loops", "schedule", "rtl"])
@pytest.mark.parametrize(("program", "arguments"), PROGRAMS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_bits_are_those_of_numpy(program: Callable[..., object], arguments: tuple[object, ...], level: str):
    expected, changed = run(program, arguments)
    design = gw.compile(program, args=arguments, search=0)
    mine = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    outputs = design.run(*mine, level=level).outputs
    assert len(outputs) == len(expected)
    for found, wanted in zip([*outputs, *mine], [*expected, *changed], strict=True):
        assert np.asarray(found).dtype == np.asarray(wanted).dtype
        np.testing.assert_array_equal(found, wanted)
        if np.asarray(wanted).dtype.kind == "f":
            known = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(wanted)[known])


def test_sums_are_taken_in_program_order():
    m = np.random.default_rng(5).normal(size=(4, 6)).astype(np.float32)
    design = gw.compile(reductions, args=(m,), search=0)
    outputs = design.run(m).outputs
    for found, wanted in zip(outputs, reductions(m), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    total = np.float32(0)
    for value in m.ravel():
        total += value
    assert outputs[0] == total


FUNCTIONS = ("exp", "exp2", "log", "log2", "sin", "cos", "tan", "tanh", "sinh", "cosh", "log1p", "expm1", "log10")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_elementary_functions_of_numpy(name: str):
    x = np.random.default_rng(1).uniform(0.01, 4, 32).astype(np.float32)
    function = getattr(np, name)
    design = gw.compile(lambda x: function(x), args=(x,), search=0)
    ulps = 1 if name in FUNCTIONS[:8] else 4
    np.testing.assert_array_max_ulp(design(x), function(x.astype(np.float64)).astype(np.float32), ulps)


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctan"])
def test_inverse_functions_of_numpy(name: str):
    x = np.random.default_rng(1).uniform(-1, 1, 32).astype(np.float32)
    function = getattr(np, name)
    design = gw.compile(lambda x: function(x), args=(x,), search=0)
    np.testing.assert_array_max_ulp(design(x), function(x.astype(np.float64)).astype(np.float32), 1)


def test_the_angle_of_a_point():
    y, x = np.random.default_rng(1).normal(size=(2, 32)).astype(np.float32)
    design = gw.compile(
        lambda y, x: (np.arctan2(y, x), np.atan2(y, 1), np.arctan2(np.int8(3), np.int8(-4))), args=(y, x)
    )
    exact = np.arctan2(y.astype(np.float64), x), np.arctan2(y.astype(np.float64), 1)
    for found, wanted in zip(design(y, x), exact, strict=False):
        np.testing.assert_array_max_ulp(found, wanted.astype(np.float32), 1)
    assert design(y, x)[2] == np.arctan2(np.int8(3), np.int8(-4))


def test_the_angle_of_a_point_of_integers_has_no_hardware_where_numpy_takes_doubles():
    with pytest.raises(gw.UnsupportedError, match="atan2 of f64 has no hardware"):
        gw.compile(lambda y, x: np.arctan2(y, x), args=(np.int32(1), np.int32(2)))


@pytest.mark.parametrize("function", [gw.erf, gw.rsqrt, gw.sigmoid, gw.gelu])
def test_functions_that_numpy_lacks(function):
    low = 0.01 if function is gw.rsqrt else -9
    x = np.random.default_rng(1).uniform(low, 4, 32).astype(np.float32)
    design = gw.compile(lambda x: function(x), args=(x,), search=0)
    np.testing.assert_array_max_ulp(design(x), function(x), 1)


def test_powers():
    def program(x: gw.f32[32], y: gw.f32[32]):
        return x**y, np.power(x, 7), 1.5**y, 2**y, x**2.5

    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 9, 32).astype(np.float32), rng.normal(size=32).astype(np.float32)
    for found, exact in zip(
        gw.compile(program)(x, y), program(x.astype(np.float64), y.astype(np.float64)), strict=True
    ):
        np.testing.assert_array_max_ulp(found, exact.astype(np.float32), 1)


def test_brain_floats_are_those_of_float32_rounded():
    def program(a: gw.bf16[8], b: gw.bf16[8]):
        return a * b, a + b

    a, b = gw.bf16(FINITE), gw.bf16(B[[0, 1, 2, 3, 4, 5, 7, 7]])
    product, total = gw.compile(program)(a, b)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(product, gw.bf16(a * b))
        np.testing.assert_array_equal(total, gw.bf16(a + b))


def test_fixed_point_and_floats_become_each_other():
    def program(a: gw.fixed(16, 8)[4], b: gw.f32[4]):
        a[:] = b
        return np.float32(a[0]) * b

    given = np.array([0.3, -1.25, 200.0, 1e-3], np.float32)
    fixed = np.zeros(4)
    result = gw.compile(program)(fixed, given)
    np.testing.assert_array_equal(fixed, gw.fixed(16, 8)(given))
    np.testing.assert_array_equal(result, np.float32(fixed[0]) * given)


def test_a_variable_that_is_a_python_float_on_one_path_keeps_its_value():
    def program(x: gw.f32, flag: bool):
        return 0.5 if flag else x

    design = gw.compile(program)
    assert [design(np.float32(3.5), flag) for flag in (True, False)] == [0.5, 3.5]

    def inexact(x: gw.f32, flag: bool):
        return 0.1 if flag else x

    with pytest.raises(gw.UnsupportedError, match="on one path"):
        gw.compile(inexact)
