"""Loops that run together: what they compute stays, whatever order they access what in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gatewright as gw

N = 12
LEVELS = ("loops", "schedule", "rtl")


def in_order(x: gw.i32[N, N], w: gw.i32[N, N], y: gw.i32[N, N]):
    """What is copied in first is needed first."""
    a, b = np.zeros((N, N), np.int32), np.zeros((N, N), np.int32)
    for i in range(N):
        for j in range(N):
            a[i, j] = x[i, j] + w[i, j]
    for i in range(N):
        for j in range(N):
            b[i, j] = a[i, j] * a[i, N - 1 - j] * 3 + a[i, j] * 5
    for i in range(N):
        for j in range(N):
            y[i, j] = b[i, j] - 1


def backwards(x: gw.i32[N, N], w: gw.i32[N, N], y: gw.i32[N, N]):
    """What is copied in last is needed first."""
    a, b = np.zeros((N, N), np.int32), np.zeros((N, N), np.int32)
    for i in range(N):
        for j in range(N):
            a[i, j] = x[i, j] + w[i, j]
    for i in range(N):
        for j in range(N):
            b[i, j] = a[N - 1 - i, N - 1 - j] * w[i, j]
    for i in range(N):
        for j in range(N):
            y[i, j] = b[N - 1 - i, j] - 1


def overwritten(x: gw.i32[N, N], w: gw.i32[N, N], y: gw.i32[N, N]):
    """What is read by the first loop is written by the second."""
    for i in range(N):
        for j in range(N):
            y[i, j] = x[i, j] * w[j, i] + x[j, i] * 7
    for i in range(N):
        for j in range(N):
            x[i, j] = w[i, j]


def of_data(x: gw.i32[N, N], w: gw.i32[N, N], y: gw.i32[N, N]):
    """Where subscripts depend on data nothing is known."""
    a = np.zeros((N, N), np.int32)
    for i in range(N):
        for j in range(N):
            a[i, j] = x[i, j] + 1
    for i in range(N):
        for j in range(N):
            y[i, j] = a[w[i, j] & 7, j] * w[i, j]


OVERLAPPED = {in_order: True, backwards: True, overwritten: True, of_data: False}
LANES = {backwards: "unroll(i_2, 2)", overwritten: "unroll(i, 2)"}
"""What is asked for where one port is in the way of lanes."""


def compiled(function: Callable[..., None], pool: int) -> gw.Design:
    return gw.compile(function, multipliers=pool, plan=LANES.get(function, ""))


@pytest.mark.parametrize("pool", [2, 4, 12])
@pytest.mark.parametrize("function", OVERLAPPED, ids=lambda function: function.__name__)
def test_every_level_gives_the_same(function: Callable[..., None], pool: int):
    design = compiled(function, pool)
    random = np.random.default_rng(0)
    given: list[Any] = [random.integers(-9, 9, (N, N), dtype=np.int32) for _ in range(3)]
    expected = [each.copy() for each in given]
    function(*expected)
    for level in LEVELS:
        arrays = [each.copy() for each in given]
        run = design.run(*arrays, level=level)
        for one, other in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=f"{level}\n{design.plan}")
        assert run.cycles in (None, design.report["cycles"])


@pytest.mark.parametrize("function", OVERLAPPED, ids=lambda function: function.__name__)
def test_what_only_moves_elements_runs_beside_what_multiplies(function: Callable[..., None]):
    plan = compiled(function, 4).plan
    assert any(each.kind == "overlap" for each in plan) is OVERLAPPED[function], str(plan)


def test_the_plan_gives_the_design_again_and_an_overlap_may_be_asked_for():
    design = gw.compile(in_order, multipliers=2)
    assert gw.compile(in_order, multipliers=2, plan=design.plan).verilog == design.verilog
    overlap = next(each for each in design.plan if each.kind == "overlap")
    assert isinstance(overlap.value, int)
    later = gw.Decision("overlap", overlap.subject, overlap.value + 3)
    other = gw.compile(
        in_order,
        multipliers=2,
        plan=[each for each in design.plan if each.kind in ("unroll", "bank", "copy")] + [later],
    )
    assert later in other.plan.decisions
    assert other.report["cycles"] >= design.report["cycles"]


def test_an_overlap_that_comes_too_early_is_refused():
    design = compiled(backwards, 2)
    overlap = next(each for each in design.plan if each.kind == "overlap" and each.value)
    kept = [each for each in design.plan if each.kind in ("unroll", "bank", "copy")]
    with pytest.raises(gw.UnsupportedError) as raised:
        gw.compile(backwards, multipliers=2, plan=[*kept, gw.Decision("overlap", overlap.subject, 0)])
    assert "needs what the first" in (raised.value.why or "")
