"""What both branches of a conditional store is stored once, and overwrites for certain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw


def both(a: gw.i32[64]) -> gw.i32[64]:
    y = np.zeros(64, np.int32)
    for i in range(64):
        if a[i] > 3:
            y[i] = a[i] * 2
        else:
            y[i] = 7 - a[i]
    return y


def three(a: gw.i32[64]) -> gw.i32[64]:
    y = np.zeros(64, np.int32)
    for i in range(64):
        if a[i] > 3:
            y[i] = a[i] * 2
        elif a[i] > -20:
            y[i] = 7 - a[i]
        else:
            y[i] = 1
    return y


def two_arrays(a: gw.i32[64]) -> gw.i32[64]:
    y, z, s = np.zeros(64, np.int32), np.zeros(64, np.int32), 0
    for i in range(64):
        if a[i] > 3:
            y[i], z[i] = a[i] * 2, 1
            s += 1
        else:
            y[i], z[i] = 7 - a[i], 2
            s += 3
    return y + z * s


def in_place(a: gw.i32[64]) -> gw.i32[64]:
    y = np.zeros(64, np.int32)
    for i in range(64):
        if a[i] > 3:
            a[i] = 1
            a[i] = a[(i + 1) & 63]
        else:
            a[i] = 5
        y[i] = i
    return y


def one(a: gw.i32[64]) -> gw.i32[64]:
    y = np.zeros(64, np.int32)
    for i in range(64):
        if a[i] > 3:
            y[i] = a[i] * 2
    return y


CASES = {both: 66, three: 66, two_arrays: 133, in_place: 194, one: 130}
"""Cycles: one for each element, and for those that have to be zero before."""


@pytest.mark.parametrize("kernel", CASES)
def test_an_element_is_stored_once(kernel: Callable[..., object]):
    design = gw.compile(kernel)
    expected = np.random.default_rng(2).integers(-50, 50, 64).astype(np.int32)
    given = expected.copy()
    result = kernel(expected)
    for level in ("loops", "schedule", "rtl"):
        a = given.copy()
        run = design.run(a, level=level)
        np.testing.assert_array_equal(a, expected)
        np.testing.assert_array_equal(run.outputs[0], result)
    assert run.cycles == design.report["cycles"] == CASES[kernel]
