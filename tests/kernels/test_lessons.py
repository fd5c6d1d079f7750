"""Programs on which other hardware compilers went wrong, each right at every level, with the scheduled cycles.

The faults are those of the issue trackers and regression tests of CIRCT, Calyx and their relatives; each test is named
for what must hold. The last section drives the handshake of the top module itself: `test_handshake.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw

LEVELS = ("loops", "schedule", "rtl")


def _int32(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def _agrees(function: Callable, *inputs: tuple, verilog: bool = False) -> gw.Design:
    """Compile `function` once, compare every level with Python on all inputs, and return the design."""
    design = gw.compile(function, args=_copied(inputs[0]))
    for arguments in inputs:
        want = _copied(arguments)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            returned = function(*want)
        results = () if returned is None else returned if isinstance(returned, tuple) else (returned,)
        cycles = set()
        for level in LEVELS + (("verilog",) if verilog else ()):
            given = _copied(arguments)
            run = design.run(*given, level=level)
            for have, expected in zip((*given, *run.outputs), (*want, *results), strict=True):
                np.testing.assert_array_equal(have, expected, err_msg=level)
            cycles.add(run.cycles)
        assert len(cycles - {None}) == 1, f"the levels with a clock disagree on the cycles: {cycles}"
    return design


def _copied(arguments: tuple) -> tuple:
    return tuple(value.copy() if isinstance(value, np.ndarray) else value for value in arguments)


# 1. A loop whose exit condition is known late.


def test_01_an_iteration_beyond_a_late_exit_condition_stores_nothing():
    def until_the_product_is_large(a, seen):
        i = 0
        while i < 8 and a[i] * a[i] // 3 < 100:  # a load, a product and a quotient before the exit is known
            seen[i] = a[i] * 2
            i += 1
        return i

    _agrees(
        until_the_product_is_large,
        (_int32(1, 2, 3, 40, 5, 6, 7, 8), np.zeros(8, np.int32)),
        (_int32(99, 2, 3, 4, 5, 6, 7, 8), np.zeros(8, np.int32)),
        (_int32(1, 2, 3, 4, 5, 6, 7, 8), np.zeros(8, np.int32)),
        verilog=True,
    )


def test_01_an_iteration_argument_that_is_updated_late_reaches_the_next_iteration():
    def remainders(a, b, trace):
        i = 0
        while b != 0 and i < 12:
            a, b = b, a % b  # b of the next iteration is the result of a division, known many cycles later
            trace[i] = b
            i += 1
        return a

    _agrees(
        remainders,
        (np.int32(1071), np.int32(462), np.zeros(12, np.int32)),
        (np.int32(17), np.int32(0), np.zeros(12, np.int32)),
        (np.int32(89), np.int32(55), np.zeros(12, np.int32)),
        verilog=True,
    )


# 2. A loop-invariant bound is held.


def test_02_a_bound_that_the_body_overwrites_keeps_its_first_value():
    def shrink(a, n):
        turns = 0
        for i in range(n[0]):
            n[0] = 1  # range() was evaluated once
            a[i] = a[i] + i
            turns += 1
        return turns

    _agrees(shrink, (_int32(1, 2, 3, 4, 5), _int32(4)), (_int32(1, 2, 3, 4, 5), _int32(0)), verilog=True)


def test_02_a_bound_in_a_variable_that_changes_keeps_its_first_value():
    def grow(a, n):
        turns = 0
        for i in range(n):
            n = n + 3
            a[i] += n
            turns += 1
        return turns, n

    _agrees(grow, (np.zeros(6, np.int32), np.int32(6)), (np.zeros(6, np.int32), np.int32(1)))


# 3. A value held across a nested loop.


def test_03_a_value_from_before_a_nested_loop_is_still_there_behind_it():
    def rows(a, out):
        for i in range(4):
            first = a[i, 0]
            total = np.int32(0)
            for j in range(3):
                total += a[i, j]
            out[i] = first * total - i  # one row late in others

    rng = np.random.default_rng(0)
    _agrees(rows, (rng.integers(-99, 99, (4, 3), np.int32), np.zeros(4, np.int32)), verilog=True)


def test_03_the_consumer_right_behind_a_loop_sees_the_live_value():
    def last_and_before(a, out):
        previous = np.int32(0)
        for i in range(4):
            current = previous
            for j in range(3):
                current = current + a[i, j]
            out[i] = current - previous
            previous = current
        return previous

    _agrees(last_and_before, (np.arange(12, dtype=np.int32).reshape(4, 3), np.zeros(4, np.int32)))


# 4. Several accesses to one memory port in one step.


def test_04_accesses_to_one_port_in_one_expression_do_not_overwrite_each_other():
    def fibonacci(a):
        for i in range(2, 12):
            a[i] = a[i - 1] + a[i - 2]

    _agrees(fibonacci, (np.array([0, 1] + [0] * 10, np.uint32),), verilog=True)


def test_04_several_stores_to_one_memory_all_happen():
    def scatter(a):
        for i in range(3):
            a[i], a[i + 3], a[i + 6] = a[i + 6], a[i], a[i + 3]

    _agrees(scatter, (np.arange(9, dtype=np.int32),))


def test_04_the_last_of_two_stores_to_an_address_wins():
    def twice(a, k):
        a[k] = 5
        a[2] = 7
        return a[k]

    _agrees(twice, (_int32(0, 0, 0), np.int32(2)), (_int32(0, 0, 0), np.int32(1)))


# 5. `done` does not rise while something the caller reads is in flight.


def test_05_a_store_and_a_result_of_the_last_division_arrive_before_done():
    def divide(a, b, q):
        q[0] = a // b
        return a % b

    _agrees(
        divide,
        (np.int32(-1000), np.int32(7), _int32(0)),
        (np.int32(5), np.int32(0), _int32(9)),
        (np.int32(-(2**31)), np.int32(-1), _int32(9)),
        verilog=True,
    )


def test_05_a_product_of_the_last_iteration_is_stored_before_done():
    def scale(a, k):
        for i in range(5):
            a[i] = a[i] * k * k

    _agrees(scale, (_int32(1, -2, 3, -4, 5), np.int32(70001)))


# 6. The result of a load is held while another loop owns the port.


def test_06_a_loaded_value_survives_a_loop_that_reads_the_same_memory():
    def relative(a):
        pivot = a[0]
        for i in range(1, 6):
            a[i] = a[i] - pivot
        a[0] = pivot + a[5]

    _agrees(relative, (_int32(10, 11, 12, 13, 14, 15),), verilog=True)


# 7. Several loops, no iterations, arguments as bounds, negative steps.


def test_07_two_independent_loops_in_a_row_both_run():
    def both(a, b):
        for i in range(5):
            a[i] += 1
        for j in range(7):
            b[j] *= 3

    _agrees(both, (np.arange(5, dtype=np.int32), np.arange(7, dtype=np.int32)), verilog=True)


def test_07_a_loop_without_iterations_does_nothing():
    def nothing(a, n):
        total = np.int32(5)
        for i in range(n):
            total += a[i]
            for j in range(i):
                a[j] = 0
        for i in range(3, 3):
            a[i] = 0
        for i in range(n, -2):
            a[i] = 0
        while n > 3:
            n = n - 1
            a[0] = n
        return total

    _agrees(nothing, (_int32(1, 2, 3), np.int32(0)), (_int32(1, 2, 3), np.int32(3)), (_int32(1, 2, 3), np.int32(-3)))


def test_07_bounds_and_steps_come_from_arguments_and_may_be_negative():
    def between(a, low, high):
        count = np.int32(0)
        for i in range(low, high):
            a[i] += 100
        for i in range(high, low, -2):
            a[i] -= 1
            count += 1
        for i in range(7, -1, -3):
            a[i] *= 2
        return count

    _agrees(
        between,
        (np.arange(8, dtype=np.int32), np.int32(1), np.int32(6)),
        (np.arange(8, dtype=np.int32), np.int32(5), np.int32(2)),
        (np.arange(8, dtype=np.int32), np.int32(0), np.int32(7)),
    )


def test_07_a_triangular_nest_runs_each_inner_loop_its_own_number_of_times():
    def triangle(a):
        turns = 0
        for i in range(5):
            for j in range(i, -1, -1):
                a[i, j] = turns
                turns += 1
            for j in range(i + 1, 5):
                a[i, j] -= turns
        return turns

    _agrees(triangle, (np.zeros((5, 5), np.int32),))


# 8. Initial values of a nested loop.


def test_08_a_nested_loop_starts_from_the_values_of_its_own_outer_iteration():
    def nested(a, out):
        step = np.int32(1)
        for i in range(4):
            step = step * 3 + a[i]  # late, and the initial value of the inner loop
            value = step
            k = i
            while k > 0:
                value = value + step
                k -= 1
            out[i] = value
        return step

    _agrees(nested, (_int32(2, -5, 7, 1), np.zeros(4, np.int32)), verilog=True)


# 9. Registers read and written in parallel.


def test_09_vectors_are_added_in_place_of_order():
    def vadd(a, b, c):
        for i in range(8):
            c[i] = a[i] + b[i]

    rng = np.random.default_rng(1)
    a, b = (rng.integers(-(2**31), 2**31, 8, np.int32) for _ in range(2))
    _agrees(vadd, (a, b, np.zeros(8, np.int32)), verilog=True)


def test_09_variables_that_are_exchanged_are_read_before_they_are_written():
    def rotate(x, y, z, n):
        for _ in range(n):
            x, y, z = y, z, x
        return x, y, z

    _agrees(rotate, *((np.int32(1), np.int32(2), np.int32(3), np.int32(n)) for n in range(4)), verilog=True)


def test_09_both_arms_of_a_conditional_see_the_values_from_before_it():
    def arms(a, x, y):
        for i in range(6):
            if a[i] > x:
                x, y = y + a[i], x
            else:
                y, x = x - a[i], y
        return x, y

    _agrees(arms, (_int32(3, -1, 4, -1, 5, -9), np.int32(2), np.int32(6)))


# 10. Arms that are executed early must not fault.


def test_10_a_guarded_division_by_zero_does_not_fault():
    def guarded(a, b, q):
        for i in range(5):
            if b[i] != 0:
                q[i] = a[i] // b[i]
            else:
                q[i] = -1

    _agrees(guarded, (_int32(7, 8, 9, -10, 11), _int32(2, 0, 3, 0, -4), np.zeros(5, np.int32)), verilog=True)


def test_10_a_guarded_index_outside_the_array_is_not_followed():
    def neighbours(a, index, out):
        for i in range(5):
            k = index[i]
            out[i] = a[k] if 0 <= k and k < 4 else -1
            if k < 4 and k >= 0 and a[k] > 20:
                a[k] = 0
        i = 0
        while i < 4 and a[i] != 30:
            i += 1
        return i

    _agrees(
        neighbours,
        (_int32(10, 20, 30, 40), _int32(3, -1, 1000000, 0, 4), np.zeros(5, np.int32)),
        (_int32(10, 20, 35, 40), _int32(-(2**31), 2**31 - 1, 3, 2, 1), np.zeros(5, np.int32)),
        verilog=True,
    )


def test_10_a_division_that_nothing_guards_gives_zero_for_a_zero_divisor():
    def ratios(a, b, q, r):
        for i in range(4):
            q[i] = a[i] // b[i]
            r[i] = a[i] % b[i]

    low = -(2**31)
    _agrees(ratios, (_int32(7, -7, low, low), _int32(0, 0, -1, 0), np.ones(4, np.int32), np.ones(4, np.int32)))


# 11. One run after another. Starts back to back, a start held high and a reset in mid-run: test_handshake.py.


@pytest.mark.parametrize("level", ["schedule", "rtl", "verilog"])
def test_11_a_second_run_does_not_see_the_first(level: str):
    def histogram(a):
        counts = np.zeros(4, dtype=np.int32)
        seen = np.int32(0)
        for i in range(6):
            counts[a[i] & 3] += 1
            seen |= a[i]
        return counts, seen

    inputs = [_int32(0, 1, 2, 3, 3, 3), _int32(4, 4, 4, 4, 4, 4), _int32(0, 1, 2, 3, 3, 3)]
    design = gw.compile(histogram, args=(inputs[0],))
    for values in inputs:
        counts, seen = design.run(values, level=level).outputs
        want_counts, want_seen = histogram(values)
        np.testing.assert_array_equal(counts, want_counts)
        assert seen == want_seen


# 12. Inner loops of 8 iterations: a pipeline that drains after each costs (8 + depth) / 8.


def _cycles(function: Callable, *arguments: object) -> int:
    design = gw.compile(function, args=_copied(arguments))
    predicted = design.run(*_copied(arguments), level="schedule").cycles
    cycles = design.run(*_copied(arguments)).cycles
    assert cycles is not None and cycles == predicted
    return cycles


def test_12_short_inner_loops_do_not_drain():
    def rows(a, b):
        for i in range(8):
            s = np.int32(0)
            for j in range(8):
                s += a[i, j] * b[j]
            b[i] = s

    a, b = np.ones((8, 8), np.int32), np.ones(8, np.int32)
    _agrees(rows, (a, b))

    def products(a, x, y):
        for i in range(8):
            s = np.int32(0)
            for j in range(8):
                s += a[i, j] * x[j]
            y[i] = s

    assert _cycles(products, a, b, b.copy()) <= 64 + 8


def test_12_loops_of_loaded_length_do_not_drain():
    def segments(starts, a, sums):
        for i in range(8):
            s = np.int32(0)
            for k in range(starts[i], starts[i + 1]):
                s += a[k]
            sums[i] = s

    starts = _int32(0, 3, 3, 4, 9, 17, 20, 31, 32)
    arguments = starts, np.arange(32, dtype=np.int32), np.zeros(8, np.int32)
    _agrees(segments, arguments)
    assert _cycles(segments, *arguments) <= 33 + 8


# 13. An affine subscript of a 2-D array becomes a multiplier and a modulo if nobody strength-reduces it.


def test_13_subscripts_take_no_multipliers_and_quotients_by_constants_no_dividers():
    def transpose(a, b):
        for i in range(20):
            for j in range(13):
                b[j, i] = a[i, j]

    def blocks(a, b):
        for k in range(260):
            b[k % 13, k // 13] = a[k // 13, k % 13]

    a, b = np.arange(260, dtype=np.int32).reshape(20, 13), np.zeros((13, 20), np.int32)
    assert _agrees(transpose, (a, b)).report["operators"] == []
    assert not any(row["kind"] != "muli" for row in _agrees(blocks, (a, b)).report["operators"])
    for kernel in (transpose, blocks):
        assert _cycles(kernel, a, b) <= 260 + 8


# 14. Scalars and accumulators left in memory (no store-to-load forwarding) cost others 3x their cycles.


def test_14_accumulators_in_memory_cost_nothing():
    def product(a, b, c):
        for i in range(8):
            for j in range(8):
                c[i, j] = 0
                for k in range(8):
                    c[i, j] += a[i, k] * b[k, j]

    a = np.arange(64, dtype=np.int32).reshape(8, 8)
    _agrees(product, (a, a + 1, a.copy()))
    assert _cycles(product, a, a + 1, a.copy()) <= 512 + 8


def test_14_a_scalar_in_an_array_costs_nothing():
    def running(a, s):
        s[0] = 0
        for i in range(32):
            s[0] = s[0] + a[i]
            a[i] = s[0]

    arguments = np.arange(32, dtype=np.int32), _int32(7)
    _agrees(running, arguments)
    assert _cycles(running, *arguments) <= 32 + 8


def test_14_what_the_last_iteration_stored_is_not_loaded():
    def fibonacci(f):
        f[0] = 0
        f[1] = 1
        for i in range(2, 20):
            f[i] = f[i - 1] + f[i - 2]

    _agrees(fibonacci, (np.zeros(20, np.int32),))
    assert _cycles(fibonacci, np.zeros(20, np.int32)) <= 24
