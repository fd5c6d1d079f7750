"""Variables whose type depends on the path: one type holds all, and arithmetic is that of every path."""

from __future__ import annotations

import numpy as np

V = np.zeros(6, np.uint32)


def test_an_accumulator_that_starts_as_zero_has_the_type_of_what_is_added(agrees):
    def f(a, n):
        total, product, bits = 0, 1, 0
        for x in a:
            total += x
            product *= x | 1
            bits = (bits + 1) * x
        partial = 0
        for i in range(n):
            partial = partial + a[i]
        return total + 1, product - 1, bits // 3, partial + a[0]

    agrees(f, V, 1, inputs=[(V + np.uint32(4_000_000_000) + np.arange(6, dtype=np.uint32), n) for n in (0, 1, 6)])


def test_an_accumulator_in_nested_loops(agrees):
    def f(a):
        s = 0
        for i in range(6):
            t = 0
            for j in range(i):
                if a[j] > a[i]:
                    t += a[j]
                else:
                    t ^= a[j]
            s += t
        return s

    agrees(f, V, inputs=[(np.arange(6, dtype=np.uint32) * np.uint32(900_000_001),)])


def test_both_branches_meet_in_a_type_that_holds_both(agrees):
    def f(a, b, n):
        x = a if n > 2 else b
        y = n if n > 3 else a
        if n > 4:
            z = 7
        else:
            z = b
        w = n if n > 5 else np.uint64(2**63 + 5)
        return np.int64(x) * 3, np.int64(y), z + b, np.uint64(w), x > 100, w > 2**63, a + np.int64(y)

    inputs = [(np.int8(-100), np.uint16(65535), n) for n in range(8)] + [(np.int8(9), np.uint16(0), 10**12)]
    agrees(f, np.int8(1), np.uint16(1), 1, inputs=inputs)


def test_a_python_integer_that_may_not_fit_keeps_its_value(agrees):
    def f(a, n):
        smallest = min(n, a)
        largest = max(n, a, 3)
        either = a and n
        return np.int64(smallest), np.int64(largest), np.int64(either), np.uint64(a or 700)

    inputs = [(np.uint8(a), n) for a in (0, 9, 255) for n in (-1, 0, 300, 10**10)]
    agrees(f, np.uint8(1), 1, inputs=inputs)


def test_python_truth_values_and_integers_are_integers(agrees):
    def f(n):
        x = True
        if n > 3:
            x = n
        y = n > 2 and n
        return x + 1, y + 1

    agrees(f, 1, inputs=[(n,) for n in range(6)])
