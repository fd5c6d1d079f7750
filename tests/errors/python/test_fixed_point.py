"""What is said of fixed-point numbers that cannot be, to the letter."""

from __future__ import annotations

import numpy as np


def test_division_of_fixed_point_numbers(message):
    body = "def f(a: gw.fixed(16, 8), b: gw.fixed(16, 8)):\n    return a / b\n"
    assert message(body) == (
        """\
kernel.py:7: fixed-point division works by a constant power of two only
    7 |     return a / b
      |            ^^^^^
  other quotients have no exact fixed-point value
  help: multiply by the reciprocal, for example x * gw.fixed(18, 16)(1 / 3)"""
    )


def test_remainders_of_fixed_point_numbers(message):
    body = "def f(a: gw.fixed(16, 8), b: gw.fixed(16, 8)):\n    return a % b\n"
    assert message(body) == (
        """\
kernel.py:7: % does not work on fixed-point numbers
    7 |     return a % b
      |            ^^^^^
  help: convert them to integers first"""
    )


def test_a_function_of_too_many_bits(message):
    body = "def f(x: gw.fixed(30, 10)):\n    return np.exp(x)\n"
    assert message(body) == (
        """\
kernel.py:7: exp of fixed<30,10> has no hardware
    7 |     return np.exp(x)
      |            ^^^^^^^^^
  it is computed in float32, which holds 24 bits
  help: round its argument first: gw.fixed(width, fraction)(x)"""
    )


def test_a_fixed_point_sum_without_a_format(message):
    body = "def f(a: gw.fixed(16, 8)[4]):\n    total = 0\n    for x in a:\n        total += x\n    return total\n"
    assert message(body) == (
        """\
kernel.py:9: total is a Python integer on one path and a fixed-point number on another
    9 |         total += x
      |         ^^^^^
  help: give it a format where it is first assigned, as in total = gw.fixed(32, 16)(0)"""
    )


def test_a_fixed_point_number_that_grows_too_wide(message):
    body = "def f(a: gw.fixed(64, 8)):\n    return a ** 9\n"
    assert message(body) == (
        """\
kernel.py:7: this needs a fixed-point number of 576 bits
    7 |     return a ** 9
      |            ^^^^^^
  intermediate results are exact and at most 512 bits wide
  help: round a part of it with gw.fixed(width, fraction)(...)"""
    )


def test_a_format_that_does_not_exist(message):
    body = "def f(a: gw.i32):\n    return gw.fixed(80, 8)(a)\n"
    assert message(body) == (
        """\
kernel.py:7: a fixed-point type cannot have 80 bits
    7 |     return gw.fixed(80, 8)(a)
      |            ^^^^^^^^^^^^^^^
  fixed-point numbers are 2 to 64 bits wide"""
    )


def test_a_table_with_nan(message):
    body = "table = np.array([1.0, np.nan])\n\n\ndef f(a):\n    return a + table[0]\n"
    assert message(body, np.float64(1), precision="fixed<16,8>") == (
        """\
kernel.py:10: table holds a value that is not finite
   10 |     return a + table[0]
      |                ^^^^^
  fixed<16,8> has no representation of it"""
    )
