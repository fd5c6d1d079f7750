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
