"""Arrays in banks: whatever the subscripts are, every level finds its elements."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw

N = 9
LEVELS = ("loops", "schedule", "rtl")


def neighbours(x: gw.i32[N], y: gw.i32[N]):
    """The first of several lanes may look in front of the array, where nobody uses what is there."""
    for i in range(N):
        left = x[i - 1] if i > 0 else np.int32(0)
        right = x[i + 1] if i < N - 1 else np.int32(7)
        y[i] = left + 3 * x[i] - right


def padded(x: gw.i32[N], y: gw.i32[N]):
    a = np.zeros(N + 4, np.int32)
    a[2 : N + 2] = x + 1
    for i in range(N):
        y[i] = a[i] + a[i + 2] * a[i + 4]


def conditional(x: gw.i32[N], y: gw.i32[N]):
    for i in range(N):
        if x[i] > 2:
            y[N - 1 - i] = x[i] * 5


def conditional_twice(x: gw.i32[N], y: gw.i32[N]):
    for i in range(N):
        if x[i] > 2:
            y[i] = x[i] * 5
            if x[i] > 5:
                y[N - 1 - i] = 1


def of_data(x: gw.i32[N], y: gw.i32[N]):
    for i in range(N):
        y[x[i] & 7] += i


def in_turn(x: gw.i32[N], y: gw.i32[N]):
    """Stores to one element keep their order, also where lanes store to it."""
    for i in range(N - 1):
        y[i] = x[i]
        y[i + 1] = x[i] - 1


def backwards(x: gw.i32[N], y: gw.i32[N]):
    for i in range(N - 1, -1, -1):
        y[N - 1 - i] = x[i] + y[i]


def until(x: gw.i32[N], y: gw.i32[N]):
    i = 0
    while i < N and x[i] < 6:
        y[i] = x[i] + 1
        i += 1


CASES = (neighbours, padded, conditional, conditional_twice, of_data, in_turn, backwards, until)


@pytest.mark.parametrize("plan", ["", "unroll(i, 2)", "unroll(i, 3)", "unroll(i, 4)"])
@pytest.mark.parametrize("by", [2, 3, 4])
@pytest.mark.parametrize("function", CASES, ids=lambda function: function.__name__)
def test_every_level_gives_the_same(function: Callable[..., None], by: int, plan: str):
    try:
        design = gw.compile(function, banks={"x": gw.Banks(by=by), "y": gw.Banks(by=5 - by or 1)}, plan=plan)
    except gw.GatewrightError as error:
        assert plan and not isinstance(error, gw.InternalError), error
        assert function in (until, padded), "its loop is called otherwise"
        return
    for seed in range(3):
        random = np.random.default_rng(seed)
        given = [random.integers(0, 9, N).astype(np.int32) for _ in range(2)]
        expected = [each.copy() for each in given]
        function(*expected)
        for level in LEVELS:
            arrays = [each.copy() for each in given]
            design.run(*arrays, level=level)
            for one, other in zip(arrays, expected, strict=True):
                np.testing.assert_array_equal(one, other, err_msg=f"{level}\n{design.plan}")
