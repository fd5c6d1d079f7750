"""Loops that are split give the answers they gave, in fewer cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import gatewright as gw
from gatewright.compiler import pipelines
from gatewright.compiler.driver import Phase
from gatewright.options import Options
from gatewright.planning.plan_distribution import PlanDistributionPass


def mean(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        s = np.int32(0)
        for j in range(8):
            s += x[i, j]
        m[i, 0] = s // n[i]


def scale(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(1, 8):
        factor = np.int32(1_000_000) // n[i - 1]
        for j in range(8):
            m[i, j] = x[i, j] * factor


def normalise(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        s = n[i]
        for j in range(8):
            s += x[i, j]
        factor = np.int32(1 << 20) // s
        for j in range(8):
            m[i, j] = x[i, j] * factor
        n[i] = s % (factor + 1)


def in_place(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        s = np.int32(1)
        for j in range(i + 1):
            s += x[i, j]
        for j in range(8):
            x[i, j] = x[i, j] + n[i] // s


def recurrence(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        s = np.int32(1)
        for j in range(i):
            s += n[j]
        n[i] = x[i, i] // s


def requantised(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    y = np.zeros((8, 8), np.int32)
    for i in range(8):
        for k in range(8):
            s = np.int32(1)
            for j in range(8):
                s += x[i, j] * m[j, k]
            y[7 - i, k] = s * n[k] >> 3
    for i in range(8):
        n[i] = y[i, i]


def powers(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        for k in range(8):
            s = n[i] * n[k]
            for j in range(8):
                s += x[i, j] * m[j, k]
            n[k] = s >> 16


def cycles(kernel: Callable[..., None], multipliers: int | None = None, search: int = 32) -> int:
    design = gw.compile(kernel, multipliers=multipliers, search=search)
    random = np.random.default_rng(4)
    arrays = [random.integers(1, 100, shape).astype(np.int32) for shape in ((8, 8), (8,), (8, 8))]
    expected = [array.copy() for array in arrays]
    kernel(*expected)
    for level in ("schedule", "rtl"):
        given = [array.copy() for array in arrays]
        run = design.run(*given, level=level)
        for actual, wanted in zip(given, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)
        assert run.cycles == design.report["cycles"]
    return design.report["cycles"]


@pytest.mark.parametrize(("kernel", "gains"), [(mean, 1), (scale, 1), (normalise, 1), (in_place, 0), (recurrence, 0)])
def test_a_split_loop_takes_fewer_cycles(kernel: Callable[..., None], gains: int, monkeypatch: pytest.MonkeyPatch):
    """By the rules alone: a search may distribute what they leave whole."""
    split = cycles(kernel, search=0)
    lower = pipelines.lower_to_schedule

    def whole(options: Options, effort: float = 1.0) -> list[Phase]:
        return [
            replace(phase, passes=tuple(each for each in phase.passes if not isinstance(each, PlanDistributionPass)))
            for phase in lower(options, effort)
        ]

    with monkeypatch.context() as patched:
        patched.setattr(pipelines, "lower_to_schedule", whole)
        whole_cycles = cycles(kernel, search=0)
    assert split < whole_cycles if gains else split == whole_cycles
    assert cycles(kernel) <= split


@pytest.mark.parametrize(
    ("kernel", "multipliers", "most"), [(requantised, 1, 512 + 64 + 24), (requantised, 2, 512 + 64 + 12)]
)
def test_products_beside_a_sum_take_no_cycle_of_its_own(kernel: Callable[..., None], multipliers: int, most: int):
    assert cycles(kernel, multipliers) <= most


def test_products_that_depend_on_each_other_stay_where_they_are():
    assert cycles(powers, 1) > 1024
