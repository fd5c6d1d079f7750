"""Loops of all bounds and steps, `while`, branches, and the variables that they carry."""

from __future__ import annotations

import numpy as np
import pytest

A = np.zeros(16, np.int32)


@pytest.mark.parametrize(
    "arguments", ("8", "3, 8", "7, -1, -1", "0, 16, 3", "15, 0, -4", "5, 5", "9, 3", "2, 3", "-2, 2")
)
def test_a_range_of_constants(agrees, from_text, arguments):
    agrees(
        from_text(f"def f(a):\n    s = 0\n    for i in range({arguments}):\n        s = s * 3 + i\n        a[i] = s\n"),
        A,
    )


@pytest.mark.parametrize("arguments", ("n", "n, m", "m, n, 2", "n, m, -1", "n, m, -3", "n, m, k", "n + 1, m * 2, -k"))
def test_a_range_of_arguments(agrees, from_text, arguments):
    f = from_text(
        f"def f(n, m, k):\n    s = 0\n    for i in range({arguments}):\n        s = s * 3 + i\n    return s\n"
    )
    agrees(f, 1, 1, 1, inputs=[(n, m, k) for n in (-2, 0, 1, 5, 6) for m in (-3, 0, 2, 7) for k in (-2, -1, 1, 3)])


def test_a_range_of_numpy_numbers(agrees):
    def f(a, n):
        for i in range(n):
            a[i] += i
        for i in range(a[0] & 7, 10):
            a[i] = i

    agrees(f, A, np.uint8(1), inputs=[(A.copy(), np.uint8(n)) for n in (0, 1, 16)])


def test_triangular_loops(agrees):
    def f(a):
        s = np.int32(0)
        for i in range(16):
            for j in range(i, 16):
                for k in range(j - i):
                    s += a[k] * a[j - k - 1]
        return s

    agrees(f, A, rounds=3)


def test_the_loop_variable_stays_after_the_loop(agrees):
    def f(a):
        for i in range(3, 11, 3):
            a[i] = i
        for j in range(5, 1, -1):
            a[j] += j
        return i + j

    agrees(f, A)


def test_the_loop_variable_keeps_its_value_when_the_loop_does_not_run(agrees):
    def f(n):
        i = 77
        for i in range(n):  # noqa: B007
            pass
        return i

    agrees(f, 1, inputs=[(n,) for n in range(-1, 4)])


def test_assigning_the_loop_variable_does_not_change_the_loop(agrees):
    def f(a):
        s = 0
        for i in range(8):
            a[i] = 1
            i = i * 2
            s += i
        return s, i

    agrees(f, A)


def test_a_value_first_assigned_in_a_loop_that_runs_is_there_afterwards(agrees):
    def f(a):
        for i in range(4):
            last = a[i]
            pair = (a[i], i)
        return last + 1, pair[0] - pair[1]

    agrees(f, A)


def test_several_carried_variables(agrees):
    def f(a, n):
        x, y, z = 0, np.int32(1), a[0]
        for _ in range(n):
            x, y = y, x + y
            z = z ^ y
        return x + y, y, z

    agrees(f, A, 1, inputs=[(A + 3, n) for n in range(5)])


def test_a_carried_tuple(agrees):
    def f(a):
        best = (a[0], 0)
        for i in range(1, 16):
            if a[i] > best[0]:
                best = (a[i], i)
        value, position = best
        return value, position

    agrees(f, A)


def test_a_while_loop(agrees):
    def f(n):
        steps = 0
        while n != 1 and steps < 1000:
            if n % 2 == 0:
                n //= 2
            else:
                n = 3 * n + 1
            steps += 1
        return steps, n

    agrees(f, 1, inputs=[(n,) for n in (1, 2, 7, 27, 97)])


def test_euclids_algorithm(agrees):
    def f(a, b):
        while b:
            a, b = b, a % b
        return a

    agrees(f, np.uint32(1), np.uint32(1), rounds=40)


def test_a_while_loop_that_looks_into_an_array(agrees):
    def f(a):
        i = 0
        while i < len(a) and a[i] != 0:
            a[i] = 0
            i += 1
        return i

    agrees(f, A, rounds=30)
    agrees(f, A, inputs=[(A + 1,)])


def test_a_while_loop_in_a_for_loop(agrees):
    def f(a):
        for i in range(1, 16):
            x = a[i]
            j = i
            while j > 0 and a[j - 1] > x:
                a[j] = a[j - 1]
                j -= 1
            a[j] = x

    agrees(f, A)


def test_a_while_loop_whose_condition_is_false_at_once(agrees):
    def f(a):
        i = 5
        while i < 5:
            a[i] = 1
            i += 1
        return i

    agrees(f, A)


def test_branches(agrees):
    def f(a, b):
        if a > b:
            x = a - b
            y = 1
        elif a == b:
            x = a
            y = 2
        else:
            x = b - a
            y = 3
        if x > 10:
            y = y * 10
        return x, y

    agrees(f, np.int16(1), np.int16(1), rounds=40)


def test_a_branch_with_only_an_else(agrees):
    def f(a, i):
        if a[i] > 3:
            pass
        else:
            a[i] = 3

    agrees(f, A, np.uint8(1), inputs=[(np.arange(16, dtype=np.int32), np.uint8(i)) for i in range(16)])


def test_a_condition_known_while_compiling_chooses_its_branch(agrees, text):
    def f(a, wide=False):
        if wide:
            return a[100]
        if a.shape[0] == 16 and len(a.shape) == 1:
            return a[15]
        return a[0, 0]

    assert "scf.if" not in text(agrees(f, A))


def test_a_return_in_every_branch(agrees):
    def f(a, b):
        if a < 0:
            return b
        if a > 100:
            b = b + 1
            if b > 0:
                return b * 2
            return b
        return b - a

    agrees(f, np.int32(1), np.int32(1), rounds=40)


def test_a_procedure_that_returns_early(agrees):
    def f(a, n):
        a[0] = 1
        if n < 0:
            return
        a[1] = 2

    agrees(f, A, 1, inputs=[(A.copy(), -1), (A.copy(), 1)])


def test_loops_over_arrays(agrees):
    def f(a, b):
        s = np.int32(0)
        for x in a:
            s = s * 5 + x
        for row in b:
            row[0] = s
            for y in row:
                s += y
        return s

    agrees(f, A, np.zeros((3, 4), np.int32))


def test_enumerate_zip_and_reversed(agrees):
    def f(a, b):
        s = 0
        for i, x in enumerate(a):
            s += i * x
        for i, (x, y) in enumerate(zip(a, b, strict=False), 5):
            s += i * x - y
        for x, i in zip(b, range(20, 0, -2), strict=True):
            s += x * i
        for i in reversed(range(2, 9, 3)):
            s = s * 7 + i
        for x in reversed(a):
            s = s * 3 + x
        return s

    agrees(f, A.astype(np.int64), np.zeros(10, np.int64))


def test_a_loop_over_a_tuple_is_unrolled(agrees, text):
    def f(a):
        s = np.int32(0)
        for i, scale in ((0, 3), (5, 7), (2, 1)):
            s += a[i] * scale
        return s

    assert "scf.for" not in text(agrees(f, A))


def test_a_variable_that_is_needed_only_inside_is_not_carried(compiled, text):
    def f(a):
        for i in range(16):
            t = a[i]
            a[i] = t * t
        t = a[0]
        for i in range(16):
            t = a[i]
            a[i] = t + 1

    assert "iter_args" not in text(compiled(f, A))


def test_else_of_a_loop_always_follows(agrees):
    def f(a):
        for i in range(4):
            a[i] += 1
        else:
            a[0] = 9
        while a[1] > 100:
            a[1] -= 100
        else:
            a[2] = 5

    agrees(f, A, inputs=[(np.full(16, 1234, np.int32),), (A.copy(),)])


def test_assertions_about_shapes_and_docstrings_cost_nothing(agrees, text):
    def f(a):
        """Double the first element."""
        assert a.shape == (16,) and a.ndim == 1
        pass
        a[0] *= 2

    assert text(agrees(f, A)).count("\n") < 12
