"""Bounds of linear expressions over the variables of loops."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from gatewright.frontends.python.bounds import BoundedInteger, Linear, between
from gatewright.frontends.python.liveness import Liveness, stored


def variable(*, low: Linear, high: Linear) -> Linear:
    """The variable of a loop from `low` to `high`."""
    return Linear(0, ((BoundedInteger((low,), (high,)), 1),))


def test_the_difference_of_the_variables_of_a_triangle_is_bounded():
    k = variable(low=Linear(1), high=Linear(7))
    i = variable(low=Linear(0), high=k - Linear(1))
    index = k - i - Linear(1)
    assert (index.least(), index.greatest()) == (0, 6)
    assert ((i - k).greatest(), (i + k).greatest()) == (-1, 13)


def test_an_unknown_without_bounds_has_none():
    n = between(None, None)
    assert n.least() is None and (n - n).least() == 0 and (n - n).greatest() == 0
    assert (between(0, None).least(), between(0, None).greatest()) == (0, None)


@given(st.integers(-5, 5), st.integers(0, 6), st.integers(-3, 3), st.integers(-3, 3), st.integers(-9, 9))
def test_bounds_hold_for_every_iteration(start, count, outer_factor, inner_factor, offset):
    i = variable(low=Linear(start), high=Linear(start + count))
    j = variable(low=i - Linear(2), high=i + i.times(1) + Linear(9))
    expression = i.times(outer_factor) + j.times(inner_factor) + Linear(offset)
    values = [
        outer_factor * x + inner_factor * y + offset
        for x in range(start, start + count + 1)
        for y in range(x - 2, 2 * x + 10)
    ]
    least, greatest = expression.least(), expression.greatest()
    assert least is not None and greatest is not None
    assert not values or (least <= min(values) and max(values) <= greatest)


def body(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def test_a_name_is_live_until_it_is_assigned_again():
    statements = body("t = a\nu = t\nt = b\nreturn t\n".replace("return t", "v = t"))
    live = Liveness(statements, {"v"})
    assert live.after[statements[0]] == {"t", "b"}
    assert live.after[statements[1]] == {"b"}
    assert live.after[statements[2]] == {"t"}


def test_a_loop_keeps_what_its_next_iteration_reads():
    (loop,) = body("for i in range(n):\n    t = x\n    x = y + i\n    y = t\n")
    assert Liveness([loop], {"t"}).head[loop] == {"x", "y", "t"}
    assert Liveness([loop], {"i"}).head[loop] == {"x", "y", "i"}


def test_a_condition_is_read_before_and_after_an_iteration():
    (loop,) = body("while a:\n    a, b = b, c\n")
    assert Liveness([loop]).head[loop] == {"a", "b", "c"}


def test_names_that_inner_functions_read_are_always_live():
    statements = body("k = 1\ndef g(x):\n    return x + k\nk = 2\ny = g(1)\n")
    assert "k" in Liveness(statements).after[statements[0]]


def test_assigned_names_come_in_order():
    assert list(stored(body("b = 1\nfor a, c in d:\n    e[0] = f = 2\n"))) == ["b", "a", "c", "f"]
