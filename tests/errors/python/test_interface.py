"""What is said of parameters and results, to the letter."""

from __future__ import annotations

import numpy as np

V = np.zeros(8, np.int32)


def test_a_parameter_without_a_type(message):
    body = "def f(a, n):\n    return a\n"
    assert message(body, V) == (
        """\
kernel.py:6: the type of n is not known
    6 | def f(a, n):
      |          ^
  help: annotate it, as in n: gw.i32[8], or pass example arguments with args=(...)"""
    )


def test_an_annotation_that_is_no_type(message):
    body = "def f(a: list):\n    return a\n"
    assert message(body) == (
        """\
kernel.py:6: the annotation of a is no type of hardware
    6 | def f(a: list):
      |       ^^^^^^^
  help: write for example a: gw.i32 or a: gw.i32[8, 8]"""
    )


def test_an_annotation_that_fails(message):
    body = 'def f(a: "gw.i32[0]"):\n    return a\n'
    assert message(body) == (
        """\
an annotation of f cannot be evaluated: an array cannot have the extent 0
  help: annotate with gw types, for example a: gw.i32[8]"""
    )


def test_an_argument_that_is_no_array(message):
    body = "def f(a):\n    return a\n"
    assert message(body, [1, 2]) == (
        """\
kernel.py:6: the argument a cannot be a list
    6 | def f(a):
      |       ^
  hardware takes NumPy arrays and numbers
  help: make it an array with np.array"""
    )


def test_too_many_examples(message):
    body = "def f(a):\n    return a\n"
    assert message(body, V, V) == (
        """\
f takes 1 arguments, not 2"""
    )


def test_an_example_of_another_shape(message):
    body = "def f(a: gw.i32[4]):\n    return a\n"
    assert message(body, V) == (
        """\
kernel.py:6: the example for a has the shape (8,), its annotation (4,)
    6 | def f(a: gw.i32[4]):
      |       ^^^^^^^^^^^^"""
    )


def test_an_array_of_text(message):
    body = "def f(a):\n    return a\n"
    assert message(body, np.array(["x"])) == (
        """\
kernel.py:6: a is an array of <U1
    6 | def f(a):
      |       ^
  arrays hold integers, truth values, floating-point or fixed-point numbers"""
    )


def test_an_empty_array(message):
    body = "def f(a):\n    return a\n"
    assert message(body, np.zeros(0, np.int32)) == (
        """\
kernel.py:6: a is an array without elements
    6 | def f(a):
      |       ^"""
    )


def test_a_result_that_is_no_number(message):
    body = 'def f(a):\n    return "done"\n'
    assert message(body, V) == (
        """\
kernel.py:6: a function cannot return str done
    6 | def f(a):
      | ^^^^^^^^^
  help: return numbers and arrays, several as a tuple"""
    )


def test_a_result_unlike_its_annotation(message):
    body = "def f(a: gw.u32) -> gw.i8:\n    return a + 1\n"
    assert message(body) == (
        """\
kernel.py:6: f returns u32, but is annotated with i8
    6 | def f(a: gw.u32) -> gw.i8:
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: convert the result, or annotate it with u32"""
    )


def test_a_class_in_place_of_a_function(message):
    body = "class f:\n    pass\n"
    assert message(body) == (
        """\
f is not a Python function
  help: pass a function made with def"""
    )


def test_a_function_without_a_source(message):
    body = "scope = {}\nexec('def f(a): return a', scope)\nf = scope['f']\n"
    assert message(body, np.int32(1)) == (
        """\
the source of f cannot be found
  it was not read from a file
  help: define the function with def in a .py file or a notebook cell"""
    )
