"""Functions of fixed-point numbers in programs: within a unit of the last place of the exact value, at every level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw

FORMAT = gw.fixed(16, 10)
UNIT = 2.0**-10
COUNT = 1024
LIMIT = (1 << 15) - 1

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "tanh": np.tanh,
    "sin": np.sin,
    "sigmoid": gw.sigmoid,
    "gelu": gw.gelu,
    "sqrt": np.sqrt,
    "rsqrt": gw.rsqrt,
    "log": np.log,
}


def numbers(name: str) -> np.ndarray:
    """Numbers of the format, of those that a root or logarithm has."""
    low = UNIT if name in ("sqrt", "rsqrt", "log") else -32
    return np.rint(np.linspace(low, 32 - UNIT, COUNT) / UNIT) * UNIT


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_rounded_once(name: str):
    function = FUNCTIONS[name]
    x = numbers(name)

    def program(x: FORMAT[COUNT], y: FORMAT[COUNT]):  # pyright: ignore[reportInvalidTypeForm]
        y[:] = function(x)

    design = gw.compile(program)
    exact = np.clip(function(x.astype(np.float64)), -LIMIT * UNIT - UNIT, LIMIT * UNIT)
    found = {}
    for level in ("loops", "rtl"):
        y = np.zeros(COUNT)
        design.run(x.copy(), y, level=level)
        found[level] = y
    np.testing.assert_array_equal(found["loops"], found["rtl"])
    assert np.abs(found["rtl"] - exact).max() <= UNIT * 0.51
    assert not any("f64" in row["name"] for row in design.report["operators"])


def test_with_a_precision_a_function_has_that_format():
    def program(x):
        return np.tanh(x), np.sqrt(np.abs(x))

    x = np.linspace(-4, 4, 33)
    design = gw.compile(program, args=(x,), precision="fixed<16,10>")
    assert [str(result.type) for result in design.signature.results] == ["fixed<16,10>[33]"] * 2
    for found, exact in zip(design(x), program(x), strict=True):
        assert np.abs(found - exact).max() <= UNIT * 0.51


def test_a_narrow_number_is_converted_in_single_precision():
    def program(x: FORMAT[8], y: gw.f32[8], z: gw.fixed(12, 20)[8]):  # pyright: ignore[reportInvalidTypeForm]
        for i in range(8):
            y[i] = np.float32(x[i]) * np.float32(0.37)
            z[i] = y[i]

    design = gw.compile(program)
    x = np.array([0.0, UNIT, -UNIT, 1.0, -32.0, 31.5, 0.001953125, 7.25])
    y, z = np.zeros(8, np.float32), np.zeros(8)
    design(x, y, z)
    np.testing.assert_array_equal(y, x.astype(np.float32) * np.float32(0.37))
    raw = np.clip(np.rint(y.astype(np.float64) * 2**20), -2048, 2047)
    np.testing.assert_array_equal(z, raw / 2**20)
    assert not any("f64" in row["name"] for row in design.report["operators"])
