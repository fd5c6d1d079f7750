"""How often loops run that end by a comparison: counted where a counter says so, and not where it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw


def up(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], 0
    while i < 10:
        s, i = s + a[1], i + 3
    return s


def down(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], 7
    while 0 <= i:
        s, i = s + a[1], i - 2
    return s


def until(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], np.int8(-4)
    while i != 8:
        s, i = s + a[1], np.int8(i + 3)
    return s


def never(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], 20
    while i < 10:
        s, i = s + a[1], i + 1
    return s


def wraps(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], np.uint8(250)
    while i >= 250:
        s, i = s + a[1], np.uint8(i + 1)
    return s


def by_data(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], 0
    while i < a[2]:
        s, i = s + a[1], i + 1
    return s


def doubled(a: gw.i32[4]) -> gw.i32:
    s, i = a[0], 1
    while i < 100:
        s, i = s + a[1], i + i
    return s


CASES = {up: 4, down: 4, until: 4, never: 0, wraps: None, by_data: None, doubled: None}


@pytest.mark.parametrize("kernel", CASES)
def test_iterations_are_counted(kernel: Callable[..., object]):
    design = gw.compile(kernel)
    counts = [row["trip_count"] for row in design.report["loops"]]
    assert counts == ([] if kernel is never else [CASES[kernel]])  # what never runs is gone
    a = np.array([1, 2, 3, 4], np.int32)
    run = design.run(a, level="rtl")
    with np.errstate(over="ignore"):
        assert run.outputs == (kernel(a),)
    assert run.cycles == design.run(a, level="schedule").cycles
    assert design.report["cycles"] in (None, run.cycles)


def test_a_loop_that_is_counted_is_not_run_to_report_its_cycles():
    def long(a: gw.i32[64]) -> gw.i32:
        s, i = 0, 0
        while i < 10**12:
            s, i = s + a[i % 64], i + 1
        return s

    assert gw.compile(long).report["cycles"] == 10**12 + 2
