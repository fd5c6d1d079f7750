"""Arrays that are filled for nothing cost nothing; what is read, or left for the caller, stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw


def overwritten(x: gw.i32[16], out: gw.i32[16]):
    y = np.zeros(16, np.int32)
    for i in range(16):
        y[15 - i] = x[i] * x[i]
    for i in range(16):
        out[i] = y[i] + y[15 - i]


def argument(x: gw.i32[16], out: gw.i32[16]):
    for i in range(16):
        out[i] = 0
    for i in range(16):
        out[15 - i] = x[i] + 1


def read_first(x: gw.i32[16], out: gw.i32[16]):
    y = np.zeros(16, np.int32)
    for i in range(15):
        y[i] = x[i] + y[i + 1]
    for i in range(16):
        out[i] = y[i]


def in_part(x: gw.i32[16], out: gw.i32[16]):
    y = np.zeros(16, np.int32)
    for i in range(0, 16, 2):
        y[i] = x[i]
    for i in range(16):
        out[i] = y[i]


def half_of_an_argument(x: gw.i32[16], out: gw.i32[16]):
    for i in range(16):
        out[i] = 7
    for i in range(8):
        out[i] = x[i]


def conditionally(x: gw.i32[16], out: gw.i32[16]):
    y = np.zeros(16, np.int32)
    for i in range(16):
        if x[i] > 0:
            y[i] = x[i]
    for i in range(16):
        out[i] = y[i]


def at_data(x: gw.i32[16], out: gw.i32[16]):
    y = np.zeros(16, np.int32)
    for i in range(16):
        y[x[i] & 15] = i
    for i in range(16):
        out[i] = y[i]


def read_at_data(x: gw.i32[16], out: gw.i32[16]):
    y = np.zeros(16, np.int32)
    for i in range(16):
        y[i] = y[x[i] & 15] + 1
    for i in range(16):
        out[i] = y[i]


def each_row(x: gw.i32[4, 8], out: gw.i32[4]):
    for i in range(4):
        y = np.zeros(8, np.int32)
        for j in range(8):
            y[7 - j] = x[i, j]
        s = 0
        for j in range(8):
            s += y[j] * (j + 1)
        out[i] = s


def carried_from_row_to_row(x: gw.i32[4, 8], out: gw.i32[4]):
    y = np.zeros(8, np.int32)
    for i in range(4):
        s = 0
        for j in range(8):
            s += y[j]
        for j in range(8):
            y[j] = x[i, j]
        out[i] = s


DEAD = {overwritten: 16, argument: 16, each_row: 32}
KEPT = (read_first, in_part, half_of_an_argument, conditionally, at_data, read_at_data, carried_from_row_to_row)


@pytest.mark.parametrize("kernel", [*DEAD, *KEPT])
def test_results_are_those_of_numpy(kernel: Callable[..., None]):
    design = gw.compile(kernel)
    generator = np.random.default_rng(3)
    given = [generator.integers(-9, 9, each.type.shape).astype(np.int32) for each in design.signature.parameters]  # type: ignore
    expected = [array.copy() for array in given]
    kernel(*expected)
    run = design.run(*given)
    for mine, theirs in zip(given, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert run.cycles == design.report["cycles"]


@pytest.mark.parametrize("kernel", DEAD)
def test_a_fill_for_nothing_costs_nothing(kernel: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    from gatewright.transforms.loops.eliminate_dead_stores import EliminateDeadStoresPass

    cycles = gw.compile(kernel).report["cycles"]
    monkeypatch.setattr(EliminateDeadStoresPass, "apply", lambda *_: None)
    assert cycles < gw.compile(kernel).report["cycles"]
