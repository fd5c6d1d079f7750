"""Names of a program that meet each other, or words of Verilog, once they are names of hardware."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw
from gatewright.hardware.top import legal_name

W, W_1, W_2 = (np.arange(4) + first for first in (1, 7, 70))


def tables(a: gw.i32[4], i: gw.i32) -> gw.i64:
    """Three constant arrays, which the compiler calls tables."""
    t, u, v = np.array([1, 2, 3, 4]), np.array([5, 6, 7, 8]), np.array([9, 10, 11, 12])
    return t[i] * u[i] * v[i] + a[i]


def numbered(a: gw.i32[4], i: gw.i32) -> gw.i64:
    """Names with numbers behind them."""
    return W[i] * W_1[i] + W_2[i] + a[i]


def mul_32x32_32_l2(a: gw.i32[4], i: gw.i32) -> gw.i32:
    """A function that is called like the module of an operator."""
    return a[i] * a[i]


def scale(Input: gw.i32[4], Reg: gw.i32) -> gw.i32:  # noqa: N803
    """Keywords in another case."""
    return Input[1] * Reg


@pytest.mark.parametrize("function", [tables, numbered, mul_32x32_32_l2, scale], ids=lambda f: f.__name__)
def test_names_that_meet_are_told_apart(function):
    a = np.array([3, 4, 5, 6], np.int32)
    design = gw.compile(function)
    for level in design.levels:
        assert design.run(a, 2, level=level).outputs == (function(a, 2),), level


@pytest.mark.parametrize("name", ["Input", "REG", "uint8_t", "modelName", "std"])
def test_a_word_of_verilog_is_no_name_in_any_case(name: str):
    assert legal_name(name) == f"{name}_1"


def done(x: gw.i32, EOF: gw.i32, complex: gw.i32, linux: gw.i32) -> gw.i32:  # noqa: A002, N803
    """A function like a port, and ports like macros and words of C."""
    return x + EOF * 3 + complex * 5 + linux * 7


def x(x: gw.i32, NAN: gw.i32, errno: gw.i32, xor_eq: gw.i32) -> gw.i32:  # noqa: N803
    """A function like its own parameter."""
    return x + NAN * 3 + errno * 5 + xor_eq * 7


@pytest.mark.parametrize("function", [done, x], ids=lambda f: f.__name__)
def test_names_mean_nothing_else_in_a_simulation(function):
    design = gw.compile(function)
    for level in design.levels:
        assert design.run(1, 2, 3, 4, level=level).outputs == (50,), level


def test_parameters_may_be_called_as_those_of_a_method():
    def run(self: gw.i32[4], level: gw.i32):
        self[0] += level

    a, design = np.zeros(4, np.int32), gw.compile(run)
    design(self=a, level=3)
    design.run(a, 4)
    assert a[0] == 7
    with pytest.raises(gw.GatewrightError, match="level=3 is not a level"):
        design.run(self=a, level=3)
