"""`break`, `continue` and `return` in loops."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from gatewright.frontends.python.exits import single_exits

A = np.zeros(12, np.int32)


def test_break_leaves_a_for_loop(agrees):
    def f(a):
        found = -1
        for i in range(12):
            if a[i] > 2:
                found = i
                break
            a[i] = i
        return found

    agrees(f, A, rounds=4)


def test_the_loop_variable_keeps_the_value_it_had_at_the_break(agrees):
    def f(a, n):
        for i in range(2, 12, 3):
            if a[i] == n:
                break
        return i

    agrees(f, A, np.int32(0), rounds=6)


def test_else_runs_only_without_a_break(agrees):
    def f(a):
        for i in range(12):
            if a[i] == 1:
                break
        else:
            i = 100
        k = 0
        while k < 12:
            if a[k] == -2:
                break
            k += 1
        else:
            k = 200
        return i, k

    agrees(f, A, rounds=6)


def test_else_of_a_loop_without_break_runs(agrees):
    def f(a):
        for i in range(5):
            a[i] += 1
        else:
            a[0] = 7
        return a[0]

    agrees(f, A)


def test_continue_skips_the_rest_of_an_iteration(agrees):
    def f(a):
        s = np.int32(0)
        for i in range(12):
            if a[i] < 0:
                continue
            s += a[i]
            a[i] = s
        return s

    agrees(f, A, rounds=3)


def test_continue_in_a_while_loop(agrees):
    def f(a):
        i, s = 0, 0
        while i < 12:
            i += 1
            if a[i - 1] & 1:
                continue
            s += i
        return s

    agrees(f, A, rounds=3)


def test_exits_in_nested_branches(agrees):
    def f(a, n):
        count = 0
        for i in range(12):
            if a[i] > 0:
                if a[i] == n:
                    break
                count += 1
            elif a[i] == 0:
                if count > 3:
                    continue
                count += 10
            else:
                count += 100
                if count > 250:
                    break
                elif count & 1:
                    continue
                count += 1000
            count += 10000
        return count

    agrees(f, A, np.int32(1), rounds=12)


def test_exits_of_inner_loops_stay_in_them(agrees):
    def f(a):
        s = 0
        for i in range(6):
            for j in range(i, 12):
                if a[j] == 0:
                    break
                if a[j] == 1:
                    continue
                s += j
            else:
                continue
            if s > 30:
                break
            s += 1
        return s

    agrees(f, A, rounds=8)


def test_else_of_an_inner_loop_leaves_the_outer_one(agrees):
    def f(a):
        s = 0
        for i in range(4):
            for j in range(3):
                s += a[3 * i + j] & 3
            else:
                if s > 5:
                    break
        return s

    agrees(f, A, rounds=6)


def test_an_endless_loop_ends_with_break(agrees):
    def f(n):
        steps = 0
        while True:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
            last = n
            if n == 1:
                break
        return steps, last

    agrees(f, 1, inputs=[(n,) for n in (1, 2, 7, 27)])


def test_break_in_the_first_statement(agrees):
    def f(a):
        for i in range(12):
            a[i] += 1
            break
        for j in range(12):
            a[j] += i
            continue
        return i + j

    agrees(f, A)


def test_return_in_a_loop(agrees):
    def f(a, x):
        for i in range(12):
            if a[i] == x:
                return i
        return -1

    agrees(f, A, np.int32(0), rounds=8)


def test_return_in_nested_loops_and_called_functions(agrees):
    def find(a, x):
        for i in range(4):
            for j in range(3):
                if a[3 * i + j] == x:
                    return i, j
            if a[i] > 100:
                return i, -1
        return -1, -1

    def f(a):
        i, j = find(a, 2)
        k, n = find(a, -3)
        return i * 1000 + j * 100 + k * 10 + n

    agrees(f, A, rounds=12)


def test_return_without_a_value_in_a_loop(agrees):
    def f(a):
        for i in range(12):
            if a[i] == 0:
                return
            a[i] = -a[i]
        a[0] = 5

    agrees(f, A, rounds=8)


def test_break_in_an_unrolled_loop(agrees):
    def f(a, n):
        s = 0
        for i in (3, 1, 4, 1, 5):
            if a[i] == n:
                break
            s = s * 10 + i
        else:
            s = -s
        return s

    agrees(f, A, np.int32(0), rounds=8)


def test_exits_under_conditions_known_while_compiling(agrees):
    def f(a):
        for i in range(12):
            if i is None:
                break
            a[i] += 1
            if True:
                continue
            a[i] = 0
        return a[3]

    agrees(f, A)


def test_break_out_of_loops_over_arrays(agrees):
    def f(a):
        s = 0
        for i, x in enumerate(a):
            if x == 0:
                break
            s += i
        for x, y in zip(a[:8], a[4:], strict=True):
            if x == y:
                break
            s += 100
        return s

    agrees(f, A, rounds=8)


def test_no_exit_is_left_and_loops_without_exits_stay_as_they_are():
    source = """
for i in range(3):
    x = 1
    for j in range(4):
        if x:
            break
        if x > 2:
            return x
    if x: continue
    y = 2
"""
    rewritten = single_exits(ast.parse(source).body)
    kinds = {type(node) for statement in rewritten for node in ast.walk(statement)}
    assert not kinds & {ast.Break, ast.Continue}
    plain = ast.parse("for i in range(3):\n    x = i\nwhile x: x = x - 1").body
    assert [ast.dump(node) for node in single_exits(plain)] == [ast.dump(node) for node in plain]


def test_the_condition_is_not_evaluated_again_behind_a_break(agrees):
    def f(a, k):
        i = 0
        while a[i] != k:
            i += 1
            if i >= 12:
                break
        return i

    agrees(f, A, np.int32(5), inputs=[(A.copy(), np.int32(5)), (A.copy(), np.int32(0))])


def test_the_condition_is_not_evaluated_again_behind_a_return(agrees):
    def f(a, k, n):
        i = 0
        while a[i] != k:
            i += 1
            if i >= n:
                return -1
        return i

    agrees(f, A, np.int32(5), np.int8(12), inputs=[(A.copy(), np.int32(5), np.int8(12))])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=lambda d: d.__name__)
def test_a_float_out_of_a_loop(agrees, dtype):
    def found(a):
        for v in a:
            if v > 1:
                return v
        return a[0]

    def last(a):
        i = 0
        while i < 4:
            x = a[i] * 2
            i += 1
            if x > 5:
                break
        return x

    def constant(a):
        for v in a:
            if v > 1:
                return 2.5
        return 0.5

    for function in (found, last, constant):
        agrees(function, np.zeros(4, dtype), inputs=[(np.array(v, dtype),) for v in ([0, 2, 3, 4], [0, 0, 1, 0.5])])
