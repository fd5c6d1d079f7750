"""What is said of numbers that NumPy would make floats, refuse, or treat differently on each path, to the letter."""

from __future__ import annotations

import numpy as np

V = np.zeros(8, np.int32)


def test_a_literal_that_does_not_fit(message):
    body = "def f(a):\n    a[0] += 300\n"
    assert message(body, np.zeros(4, np.uint8)) == (
        """\
kernel.py:7: the Python integer 300 does not fit u8
    7 |     a[0] += 300
      |     ^^^^^^^^^^^
  u8 holds 0 to 255, and NumPy raises OverflowError here
  help: convert the other operand to a wider type first"""
    )


def test_a_negative_literal_next_to_an_unsigned_number(message):
    body = "def f(x):\n    return x * -1\n"
    assert message(body, np.uint32(1)) == (
        """\
kernel.py:7: the Python integer -1 does not fit u32
    7 |     return x * -1
      |            ^^^^^^
  u32 holds 0 to 4294967295, and NumPy raises OverflowError here
  help: convert the other operand to a wider type first"""
    )


def test_a_literal_that_does_not_fit_its_cast(message):
    body = "def f(x):\n    return x + np.uint8(256)\n"
    assert message(body, np.uint32(1)) == (
        """\
kernel.py:7: the Python integer 256 does not fit u8
    7 |     return x + np.uint8(256)
      |                ^^^^^^^^^^^^^
  u8 holds 0 to 255, and NumPy raises OverflowError here
  help: convert the other operand to a wider type first"""
    )


def test_minus_on_truth_values(message):
    body = "def f(a, b):\n    return (a > 0) - (b > 0)\n"
    assert message(body, np.int32(1), np.int32(1)) == (
        """\
kernel.py:7: - does not work on truth values
    7 |     return (a > 0) - (b > 0)
      |            ^^^^^^^^^^^^^^^^^
  help: use ^, or convert them to integers first"""
    )


def test_an_exponent_that_is_not_known(message):
    body = "def f(a, b):\n    return a ** b\n"
    assert message(body, np.int32(1), np.int32(1)) == (
        """\
kernel.py:7: ** needs an exponent that is known while compiling
    7 |     return a ** b
      |            ^^^^^^
  help: multiply in a loop; 2 ** n is allowed"""
    )


def test_division_by_a_constant_zero(message):
    body = "def f(n: int):\n    return n + 7 // 0\n"
    assert message(body) == (
        """\
kernel.py:7: this divides by zero
    7 |     return n + 7 // 0
      |                ^^^^^^
  Python raises ZeroDivisionError here"""
    )


def test_two_types_that_decide_a_result(message):
    body = "def f(a, b, n):\n    x = a if n > 0 else b\n    return x + a\n"
    assert message(body, np.uint8(1), np.uint32(1), np.int32(1)) == (
        """\
kernel.py:8: the type of a variable here depends on the path: + gives u32 or u8
    8 |     return x + a
      |            ^^^^^
  help: give the variable one type on every path, for example with np.uint32(x)"""
    )


def test_a_python_integer_on_one_path(message):
    body = "def f(a, n: int):\n    x = n if a > 3 else a\n    return x * 3\n"
    assert message(body, np.uint32(1)) == (
        """\
kernel.py:8: this variable is a Python integer on one path and a NumPy number on another, and the result depends on it
    8 |     return x * 3
      |            ^^^^^
  help: give it its type where it is first assigned, for example np.uint32(0)"""
    )


def test_a_variable_that_is_a_number_and_an_array(message):
    body = "def f(a, n):\n    x = n\n    if n > 3:\n        x = a\n    return x\n"
    assert message(body, V, np.int32(1)) == (
        """\
kernel.py:10: x is an array of i32 on one path and i32 on another
   10 |     return x
      |            ^
  help: give x a value of one type on every path"""
    )


def test_a_step_of_zero(message):
    body = "def f(a):\n    for i in range(0, 8, 0):\n        a[i] = 1\n"
    assert message(body, V) == (
        """\
kernel.py:7: range() cannot have the step 0
    7 |     for i in range(0, 8, 0):
      |              ^^^^^^^^^^^^^^"""
    )


def test_complex_numbers(message):
    body = "def f(x):\n    return x * 2j\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:7: complex numbers have no hardware
    7 |     return x * 2j
      |                ^^"""
    )


def test_an_elementary_function_of_doubles(message):
    body = "def f(x):\n    return np.exp(x)\n"
    assert message(body, np.float64(1)) == (
        """\
kernel.py:7: exp of f64 has no hardware
    7 |     return np.exp(x)
      |            ^^^^^^^^^
  elementary functions are those of formats up to float32
  help: convert its argument: exp(np.float32(x))"""
    )


def test_the_remainder_of_floats(message):
    body = "def f(x):\n    return x % 2\n"
    assert message(body, np.float32(1)) == (
        """\
kernel.py:7: % does not work on floating-point numbers
    7 |     return x % 2
      |            ^^^^^
  help: np.floor(a / b) divides and rounds down"""
    )


def test_a_float_to_an_unknown_power(message):
    body = "def f(x, y):\n    return x ** y\n"
    assert message(body, np.float64(1), np.float64(1)) == (
        """\
kernel.py:7: ** of f64 needs an exponent that is known, whole or a half, and at most 64
    7 |     return x ** y
      |            ^^^^^^
  elementary functions are those of formats up to float32
  help: convert both operands: np.float32(x) ** np.float32(y)"""
    )
