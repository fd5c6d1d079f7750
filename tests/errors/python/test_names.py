"""What is said of names without a value and of arguments that do not fit, to the letter."""

from __future__ import annotations

import numpy as np

V = np.zeros(8, np.int32)


def test_a_name_that_nobody_defines(message):
    body = "def f(a):\n    a[0] = gain\n"
    assert message(body, V) == (
        """\
kernel.py:7: gain is not defined
    7 |     a[0] = gain
      |            ^^^^"""
    )


def test_a_variable_that_is_assigned_later(message):
    body = "def f(a):\n    a[0] = x\n    x = 1\n"
    assert message(body, V) == (
        """\
kernel.py:7: x has no value here
    7 |     a[0] = x
      |            ^
  it is assigned later, or not on every path to here"""
    )


def test_a_variable_of_one_branch(message):
    body = "def f(n):\n    if n > 3:\n        x = n\n    return x\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:9: x has a value on some paths to here only
    9 |     return x
      |            ^
  help: give x a value of one type on every path"""
    )


def test_a_variable_of_a_loop_that_may_not_run(message):
    body = "def f(a, n):\n    for i in range(n):\n        last = a[i]\n    return last\n"
    assert message(body, V, np.uint32(1)) == (
        """\
kernel.py:9: last gets its value in the loop of line 7, which may not run
    9 |     return last
      |            ^^^^
  help: give last a value before the loop"""
    )


def test_a_loop_variable_after_a_loop_that_may_not_run(message):
    body = "def f(n):\n    for i in range(n):\n        pass\n    return i\n"
    assert message(body, np.uint32(1)) == (
        """\
kernel.py:9: i gets its value in the loop of line 7, which may not run
    9 |     return i
      |            ^
  help: give i a value before the loop"""
    )


def test_an_argument_that_a_call_lacks(message):
    body = "def g(x, y):\n    return x + y\n\n\ndef f(n):\n    return g(n)\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:11: g needs the argument y
   11 |     return g(n)
      |            ^^^^"""
    )


def test_a_keyword_that_a_function_does_not_take(message):
    body = "def g(x):\n    return x\n\n\ndef f(n):\n    return g(n, y=1)\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:11: g cannot take y= here
   11 |     return g(n, y=1)
      |            ^^^^^^^^^"""
    )
