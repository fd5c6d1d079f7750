"""What is said of arrays that do not fit, move or have no fixed shape, to the letter."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw

V = np.zeros(8, np.int32)


def test_an_index_outside_an_array(message):
    body = "def f(a):\n    return a[8]\n"
    assert message(body, V) == (
        """\
kernel.py:7: index 8 is outside an axis of 8 elements
    7 |     return a[8]
      |            ^^^^"""
    )


@pytest.mark.parametrize(
    ("made", "what", "count"),
    [
        ("np.ones((100000, 100000))", "an array", "10,000,000,000"),
        ("np.full((10**6, 10**6), 2.5)", "an array", "1,000,000,000,000"),
        ("np.arange(10**11)", "an array", "100,000,000,000"),
        ("np.eye(100000)", "an array", "10,000,000,000"),
        ("np.zeros((2**62, 2**62), np.int8)", "an array", f"{2**124:,}"),
    ],
)
def test_an_array_that_no_memory_holds(message, made: str, what: str, count: str):
    body = f"def f(a):\n    c = {made}\n    return a[0] + c[0]\n"
    assert message(body, V) == (
        f"""\
kernel.py:7: {what} of {count} elements is too large
    7 |     c = {made}
      |         {"^" * len(made)}
  an array has at most 1,073,741,824
  help: compute with a smaller one, a part at a time"""
    )


def test_a_tuple_that_nobody_writes_out(message):
    body = "def f(a):\n    return a[0] + ((0,) * 10**9)[1]\n"
    assert message(body, V) == (
        """\
kernel.py:7: a tuple of 1,000,000,000 items is too long
    7 |     return a[0] + ((0,) * 10**9)[1]
      |                    ^^^^^^^^^^^^
  each item is a value of its own, and there are at most 4,096
  help: use an array: np.zeros or np.full"""
    )


def test_a_parameter_that_no_memory_holds():
    large = np.broadcast_to(np.float32(1), (100000, 100000))
    with pytest.raises(gw.GatewrightError, match=r"^an array cannot have 10,000,000,000 elements"):
        gw.compile(lambda a: a[0, 0], args=(large,))
    with pytest.raises(gw.GatewrightError, match=r"^an array cannot have 1,180,591,620,717,411,303,424 elements"):
        gw.i32[2**70]  # pyright: ignore[reportUnusedExpression]


def test_too_many_indices(message):
    body = "def f(a):\n    return a[1, 2]\n"
    assert message(body, V) == (
        """\
kernel.py:7: 2 indices for an array of 1 axes
    7 |     return a[1, 2]
      |            ^^^^^^^"""
    )


def test_an_index_that_is_a_truth_value(message):
    body = "def f(a):\n    return a[a > 0]\n"
    assert message(body, V) == (
        """\
kernel.py:7: an index cannot be an array of bool
    7 |     return a[a > 0]
      |            ^^^^^^^^
  arrays are indexed by integers and slices
  help: write a loop over the elements"""
    )


def test_an_index_that_is_a_list(message):
    body = "def f(a):\n    return a[[1, 2]]\n"
    assert message(body, V) == (
        """\
kernel.py:7: an array cannot be indexed by a list
    7 |     return a[[1, 2]]
      |              ^^^^^^
  help: write a loop over the elements"""
    )


def test_a_slice_of_unknown_length(message):
    body = "def f(a, n):\n    a[:n] = 0\n"
    assert message(body, V, np.uint32(1)) == (
        """\
kernel.py:7: the length of this slice is not known while compiling
    7 |     a[:n] = 0
      |     ^^^^^
  every array has a fixed shape in hardware
  help: write a loop over the elements"""
    )


def test_a_slice_that_may_reach_beyond(message):
    body = "def f(a, n):\n    a[n:n + 2] = 0\n"
    assert message(body, V, 5) == (
        """\
kernel.py:7: this slice may reach beyond its axis
    7 |     a[n:n + 2] = 0
      |     ^^^^^^^^^^
  NumPy shortens such a slice, and its start cannot be shown to be in 0 to 6
  help: write a loop over the elements"""
    )


def test_shapes_that_do_not_fit(message):
    body = "def f(a, b):\n    return a + b\n"
    assert message(body, V, np.zeros(3, np.int32)) == (
        """\
kernel.py:7: arrays of shape (8,) and (3,) do not fit together
    7 |     return a + b
      |            ^^^^^
  NumPy cannot broadcast them"""
    )


def test_an_array_that_does_not_fit_its_place(message):
    body = "def f(a, b):\n    a[:2] = b\n"
    assert message(body, V, np.zeros(3, np.int32)) == (
        """\
kernel.py:7: arrays of shape (2,) and (3,) do not fit together
    7 |     a[:2] = b
      |     ^^^^^
  NumPy cannot broadcast them"""
    )


def test_matrices_that_do_not_fit(message):
    body = "def f(a, b):\n    return a @ b\n"
    assert message(body, V, np.zeros((3, 2), np.int32)) == (
        """\
kernel.py:7: arrays of shape (8,) and (3, 2) cannot be multiplied as matrices
    7 |     return a @ b
      |            ^^^^^"""
    )


def test_a_shape_that_cannot_be_had(message):
    body = "def f(a):\n    return a.reshape(3, 3)\n"
    assert message(body, V) == (
        """\
kernel.py:7: an array of shape (8,) cannot be reshaped to (3, 3)
    7 |     return a.reshape(3, 3)
      |            ^^^^^^^^^^^^^^^"""
    )


def test_a_shape_that_is_not_known(message):
    body = "def f(n):\n    t = np.zeros(n, np.int32)\n    return t\n"
    assert message(body, np.uint32(1)) == (
        """\
kernel.py:7: the shape of an array must be known while compiling
    7 |     t = np.zeros(n, np.int32)
      |         ^^^^^^^^^^^^^^^^^^^^^
  every array has a fixed shape in hardware"""
    )


def test_a_constant_array_that_is_changed(message):
    body = "TABLE = np.array([1, 2, 3])\n\n\ndef f(i):\n    TABLE[i] = 5\n"
    assert message(body, np.uint32(1)) == (
        """\
kernel.py:10: this changes the array TABLE, which is not an argument
   10 |     TABLE[i] = 5
      |     ^^^^^^^^
  arrays from outside the function are constants
  help: pass it as an argument, or copy it with .copy()"""
    )


def test_a_list_that_is_changed(message):
    body = "def f(n):\n    t = [1, 2, 3]\n    t[0] = n\n    return t[0]\n"
    assert message(body, np.int32(1)) == (
        """\
kernel.py:8: elements of a list or tuple cannot be assigned
    8 |     t[0] = n
      |     ^^^^
  help: make it an array with np.array"""
    )


def test_two_names_for_one_array(message):
    body = "def f(a, b, n):\n    x = a if n > 0 else b\n    x[0] = 1\n"
    assert message(body, V, V, np.int32(1)) == (
        """\
kernel.py:8: this changes the chosen array, which may be the same array as a
    8 |     x[0] = 1
      |     ^^^^
  which array a name means must not depend on the path when one of them is changed
  help: copy the array with .copy() where the name is assigned"""
    )


def test_arrays_that_change_places_in_a_loop(message):
    body = "def f(a, b):\n    for i in range(4):\n        b[:] = a + 1\n        a, b = b, a\n"
    assert message(body, V, V) == (
        """\
kernel.py:8: this changes b, which is not the same array in every iteration
    8 |         b[:] = a + 1
      |         ^^^^
  which array a name means must not depend on the path when one of them is changed
  help: copy the elements, as in b[:] = ..., or use .copy()"""
    )


def test_a_condition_on_a_whole_array(message):
    body = "def f(a):\n    if a > 0:\n        a[0] = 1\n"
    assert message(body, V) == (
        """\
kernel.py:7: an array of bool is not a condition
    7 |     if a > 0:
      |        ^^^^^
  help: compare its elements, or use np.any or np.all"""
    )


def test_an_in_place_sum_of_another_kind(message):
    body = "def f(a, b):\n    a += b\n"
    assert message(body, np.zeros(4, np.uint32), np.int32(1)) == (
        """\
kernel.py:7: a result of i64 cannot be stored in place into an array of u32
    7 |     a += b
      |     ^^^^^^
  NumPy raises UFuncTypeError here
  help: convert the operand, or assign with a[:] = ..."""
    )


def test_an_array_as_one_element(message):
    body = "def f(a):\n    a[0] = a[1:3]\n"
    assert message(body, V) == (
        """\
kernel.py:7: an array of shape (2,) cannot become one element
    7 |     a[0] = a[1:3]
      |     ^^^^"""
    )


def test_several_targets_for_too_few_values(message):
    body = "def f(a):\n    x, y = a\n    return x\n"
    assert message(body, np.zeros(3, np.int32)) == (
        """\
kernel.py:7: 3 values cannot be unpacked into 2 names
    7 |     x, y = a
      |     ^^^^"""
    )


def test_an_expression_that_changes_what_it_reads(message):
    body = "def bump(a):\n    a[0] += 1\n    return 1\n\n\ndef f(a):\n    a[:] = (a + 1) * bump(a)\n"
    assert message(body, V) == (
        """\
kernel.py:12: this expression changes an array that another part of it reads
   12 |     a[:] = (a + 1) * bump(a)
      |            ^^^^^^^^^^^^^^^^^
  help: assign the parts to names"""
    )
