"""What is said of syntax and statements that have no hardware, to the letter."""

from __future__ import annotations

import numpy as np

V = np.zeros(8, np.int32)


def test_return_leaves_a_branch_early(message):
    body = "def f(a):\n    if a[0]:\n        if a[1]:\n            return 1\n        a[2] = 1\n    return 0\n"
    assert message(body, V) == (
        """\
kernel.py:9: this return leaves a branch early
    9 |             return 1
      |             ^^^^^^^^
  the hardware of a function ends in one place
  help: assign the result to a variable and return it at the end"""
    )


def test_a_return_in_a_loop_gives_another_type(message):
    body = "def f(a):\n    for i in range(8):\n        if a[i]:\n            return a\n    return 0\n"
    assert message(body, V) == (
        """\
kernel.py:6: the result is an array of i32 on one path and int on another
    6 | def f(a):
      | ^^^^^^^^^
  help: return values of one type on every path"""
    )


def test_a_loop_without_a_way_out(message):
    body = "def f(a):\n    while True:\n        if a[0]:\n            continue\n        a[0] = 1\n"
    assert message(body, V) == (
        """\
kernel.py:7: this loop never ends
    7 |     while True:
      |     ^^^^^^^^^^^
  its condition is always true"""
    )


def test_a_result_on_one_path_only(message):
    body = "def f(n):\n    if n > 3:\n        return n\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:6: the result is i32 on one path and None on another
    6 | def f(n):
      | ^^^^^^^^^
  help: return values of one type on every path"""
    )


def test_raise(message):
    body = "def f(n):\n    if n > 3:\n        raise ValueError(n)\n    return n\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:8: raise cannot be compiled
    8 |         raise ValueError(n)
      |         ^^^^^^^^^^^^^^^^^^^
  help: hardware cannot stop with an error: return a flag"""
    )


def test_a_list_comprehension(message):
    body = "def f(a):\n    return [x + 1 for x in a]\n"
    assert message(body, V) == (
        """\
kernel.py:7: a list comprehension cannot be compiled
    7 |     return [x + 1 for x in a]
      |            ^^^^^^^^^^^^^^^^^^
  help: write a loop over arrays of fixed shape"""
    )


def test_an_import_inside_a_function(message):
    body = "def f(a):\n    import math\n    a[0] = math.isqrt(5)\n"
    assert message(body, V) == (
        """\
kernel.py:7: an import inside a function cannot be compiled
    7 |     import math
      |     ^^^^^^^^^^^
  help: import at the head of the file"""
    )


def test_an_assertion_about_an_input(message):
    body = "def f(n):\n    assert n > 0\n    return n\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:7: this assertion depends on the inputs
    7 |     assert n > 0
      |     ^^^^^^^^^^^^
  hardware cannot stop with an error
  help: remove it"""
    )


def test_an_assertion_that_fails(message):
    body = "def f(a):\n    assert a.shape == (4,)\n    return a\n"
    assert message(body, V) == (
        """\
kernel.py:7: this assertion does not hold
    7 |     assert a.shape == (4,)
      |     ^^^^^^^^^^^^^^^^^^^^^^"""
    )


def test_a_loop_that_never_ends(message):
    body = "def f(a):\n    while True:\n        a[0] += 1\n"
    assert message(body, V) == (
        """\
kernel.py:7: this loop never ends
    7 |     while True:
      |     ^^^^^^^^^^^
  its condition is always true"""
    )


def test_a_global_variable(message):
    body = "count = 0\n\n\ndef f(n):\n    global count\n    count = n\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:10: global cannot be compiled
   10 |     global count
      |     ^^^^^^^^^^^^
  help: pass the value as an argument and return the new one"""
    )


def test_any_number_of_arguments(message):
    body = "def f(*numbers):\n    return numbers[0]\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:6: f takes any number of arguments (*)
    6 | def f(*numbers):
      | ^^^^^^^^^^^^^^^^
  a circuit has a fixed number of ports"""
    )


def test_recursion(message):
    body = "def f(n):\n    return 1 if n == 0 else n * f(n - 1)\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:7: f calls itself
    7 |     return 1 if n == 0 else n * f(n - 1)
      |                                 ^^^^^^^^
  calls are inlined, so that recursion has no end
  help: use a loop"""
    )


def test_a_function_that_is_not_known(message):
    body = "def f(a):\n    return np.fft.fft(a)\n"
    assert message(body, V) == (
        """\
kernel.py:7: np.fft.fft has no hardware
    7 |     return np.fft.fft(a)
      |            ^^^^^^^^^^^^^
  programs may call their own functions and those that are listed as supported"""
    )


def test_an_argument_that_numpy_has_and_hardware_not(message):
    body = "def f(a):\n    return np.sum(a, where=a > 0)\n"
    assert message(body, V) == (
        """\
kernel.py:7: np.sum cannot take where= here
    7 |     return np.sum(a, where=a > 0)
      |            ^^^^^^^^^^^^^^^^^^^^^^
  help: its arguments are a, axis, dtype, keepdims"""
    )


def test_a_method_that_is_not_known(message):
    body = "def f(a):\n    return a.tobytes()\n"
    assert message(body, V) == (
        """\
kernel.py:7: an array of i32 has no .tobytes in hardware
    7 |     return a.tobytes()
      |            ^^^^^^^^^"""
    )


def test_in(message):
    body = "def f(n):\n    return n in (1, 2)\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:7: in has no hardware
    7 |     return n in (1, 2)
      |            ^^^^^^^^^^^
  help: compare with each value"""
    )
