"""Views share memory as NumPy's do, a right side is evaluated before it is stored, names may move between arrays."""

from __future__ import annotations

import numpy as np
import pytest

V = np.zeros(8, np.int32)
A = np.zeros((4, 4), np.int32)


@pytest.mark.parametrize(
    "statement",
    (
        "a[:] = a[::-1]",
        "a[1:] = a[:-1]",
        "a[:-1] = a[1:]",
        "a[1:] += a[:-1]",
        "a[:-1] += a[1:]",
        "a[:] = a[::-1] + a",
        "a[::2] = a[3:7]",
        "a[2:6] = a[::-1][2:6]",
        "a[:] = a[0]",
        "a[:] = np.where(a[::-1] > 0, a, 5)",
        "a += a[7]",
        "a[:] = a[7] + a",
        "a[:] = np.sum(a) - a",
        "a[0:4], a[4:8] = a[4:8], a[0:4]",
        "a[0], a[7] = a[7], a[0]",
        "a[0:4], a[4:8] = a[4:8] + 1, a[0:4] + 1",
        "a[:] = a.reshape(2, 4).T.reshape(8)",
        "a.reshape(2, 4)[:] = a.reshape(2, 4)[::-1]",
        "a.reshape(2, 4)[1] = a.reshape(2, 4)[0] * 2",
    ),
)
def test_the_right_side_is_read_first(agrees, from_text, statement):
    agrees(from_text(f"def f(a):\n    {statement}\n"), V)


@pytest.mark.parametrize(
    "statement",
    (
        "a[:] = a.T",
        "a += a.T",
        "a[:] = a @ a",
        "a[:] = a @ a.T + a",
        "a[1] = a[:, 1]",
        "a[:, 2] = a[2]",
        "a[i] -= a[i] * 3",
        "a[i] = a[j] - a[i]",
        "a[i] = a[j][::-1]",
        "a[i, 1:] = a[i, :-1]",
        "a[i, :] = a[:, j].copy()",
        "a[:] = a[i] + a[:, j]",
        "a[:] = np.sum(a, axis=0)",
        "a[1:, 1:] = a[:-1, :-1]",
        "a[i:i + 1] = a[j:j + 1] + 1",
    ),
)
def test_rows_and_columns_of_one_matrix_are_read_first(agrees, from_text, statement):
    agrees(from_text(f"def f(a):\n    for i in range(3):\n        for j in range(4):\n            {statement}\n"), A)


def test_a_row_becomes_a_column_of_its_matrix_as_it_was(compiled, runs):
    """NumPy makes no copy for this one overlap, of two vectors of different strides, and stores what it has stored."""

    def f(a):
        a[1, :] = a[:, 1]

    matrix = np.arange(16, dtype=np.int32).reshape(4, 4)
    runs(compiled(f, A), given := [matrix.copy()])
    assert given[0][1].tolist() == matrix[:, 1].tolist()


def test_disjoint_rows_need_no_temporary(compiled, text):
    def f(a):
        for k in range(4):
            for i in range(k + 1, 4):
                a[i] = a[i] - a[k] * 2

    assert "alloc" not in text(compiled(f, A))


def test_a_row_is_a_view(agrees):
    def f(a):
        row = a[1]
        row[0] = 5
        a[1, 1] = 7
        column = a[:, 2]
        column += row[1]
        again = row[::-1]
        again[0] = a[0, 2]
        return row[0] + row[1] + column[3]

    agrees(f, A)


def test_an_expression_is_evaluated_where_it_is_assigned(agrees):
    def f(a, b):
        total = a + b
        a[0] = 100
        first = a[0]
        a[0] = 1
        view = a[:]
        b[:] = view + total + first
        a[1] = 50
        return total, view[1]

    agrees(f, V, V)


def test_a_copy_is_not_a_view(agrees):
    def f(a):
        b = a.copy()
        c = np.array(a)
        d = a.astype(np.int32)
        e = a
        a[0] += 1
        return b, c, d, e

    agrees(f, V)


def test_an_array_that_a_function_takes_is_the_callers(agrees):
    def double(x):
        x *= 2
        return x

    def f(a):
        row = double(a[1])
        row[0] = 9
        double(a[2:4])[0, 0] = 3
        return double(a[0] + 1)

    agrees(f, A)


def test_a_name_for_another_array_in_every_iteration(agrees):
    def f(a):
        x = a
        for i in range(3):
            x = x + a * i
        return x

    agrees(f, V)


def test_two_local_arrays_change_places(agrees):
    def f(a, n):
        now = a.copy()
        then = np.zeros(8, np.int32)
        for _ in range(n):
            for i in range(1, 7):
                then[i] = now[i - 1] + now[i + 1]
            now, then = then, now
        return now, then

    agrees(f, V, 1, inputs=[(np.arange(8, dtype=np.int32) * 3, n) for n in range(5)])


def test_a_name_for_another_array_in_a_while_loop(agrees):
    def f(a, n):
        x, count = np.zeros(8, np.int32), 0
        while n > 0:
            if n % 2:
                x = x + a
            else:
                y = x * 2
                x = y - a
            n //= 2
            count += 1
        return x, count

    agrees(f, V, 1, inputs=[(np.arange(8, dtype=np.int32), n) for n in range(9)])


def test_a_name_for_one_of_two_arrays(agrees):
    def f(a, b, c):
        x = a if c > 0 else b
        if c > 5:
            y = a + b
        elif c == 3:
            y = b
        else:
            y = a[::-1]
        return x + y, x

    agrees(f, V, V, np.int8(1), rounds=20)


def test_arrays_given_twice_as_results(agrees):
    def f(a):
        b = a + 1
        c = b[2:5]
        return b, b, c, a

    agrees(f, V)


def test_a_loop_runs_over_an_array_as_it_changes(agrees):
    def f(a):
        s = np.int32(0)
        for i, x in enumerate(a):
            s += x
            if i < 7:
                a[i + 1] = s
        return s

    agrees(f, V)


def test_an_argument_is_evaluated_before_the_call_changes_it(agrees):
    def bump(x, i):
        x[i] += 1
        return x[i]

    def f(a):
        a[1] = a[0] + bump(a, 0) * a[0]
        a[bump(a, 2) & 7] = bump(a, 2)
        a[3] += bump(a, 3)
        return a[4] + bump(a, 4)

    agrees(f, V)


def test_a_call_runs_only_where_python_runs_it(agrees):
    def bump(x):
        x[0] += 1
        return x[0] > 0

    def f(a):
        if a[1] > 0 and bump(a):
            a[2] = 1
        if a[1] > 0 or bump(a):
            a[3] = 1
        y = a[4] if a[5] > 0 else (a[7] if bump(a) else a[2])
        while a[6] > 0 and a[6] < 5 and bump(a):
            a[6] -= 1
        return y

    agrees(f, V, rounds=30)
