"""Growing squares: the same results in another order, and a refusal where the order matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gatewright as gw
from gatewright.planning.lanes.arrival import squares

N = 6
LEVELS = ("loops", "schedule", "rtl")


def outer_product(a: gw.i32[N], b: gw.i32[N], c: gw.i32[N, N]):
    for i in range(N):
        for j in range(N):
            c[i, j] = a[i] * b[j] - i


def strided(a: gw.i32[2 * N + 1], b: gw.i32[N + 2], c: gw.i32[2 * N + 1, N + 2]):
    """Counters that do not begin with 0, and do not go up by 1."""
    for i in range(1, 2 * N + 1, 2):
        for j in range(2, N + 2):
            c[i, j] = a[i] - 3 * b[j] + j


def product(a: gw.i32[N, N], b: gw.i32[N, N], c: gw.i32[N, N]):
    for i in range(N):
        for j in range(N):
            s = np.int32(0)
            for k in range(N):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def stairs(a: gw.i32[N + 1, N + 1], b: gw.i32[N], c: gw.i32[N]):
    for i in range(N):
        for j in range(N):
            a[i + 1, j] = a[i, j + 1] + b[j] * c[i]


def oblong(a: gw.i32[N], b: gw.i32[4], c: gw.i32[N, 4]):
    for i in range(N):
        for j in range(4):
            c[i, j] = a[i] * b[j]


SHAPES = {
    outer_product: (N, N, (N, N)),
    strided: (2 * N + 1, N + 2, (2 * N + 1, N + 2)),
    product: ((N, N), (N, N), (N, N)),
}


@pytest.mark.parametrize("kernel", SHAPES, ids=lambda each: each.__name__)
def test_the_results_stay(kernel: Callable[..., None]) -> None:
    design = gw.compile(kernel, plan="squares(i, j)")
    assert gw.Decision("squares", ("i", "j")) in design.plan.decisions
    random = np.random.default_rng(1)
    given: list[Any] = [random.integers(-99, 99, shape, np.int32) for shape in SHAPES[kernel]]
    wanted = [each.copy() for each in given]
    kernel(*wanted)
    for level in LEVELS:
        found = [each.copy() for each in given]
        run = design.run(*found, level=level)
        assert all(map(np.array_equal, found, wanted)), level
        assert run.cycles in (None, design.report["cycles"])
    assert gw.compile(kernel, plan=design.plan).verilog == design.verilog


@pytest.mark.parametrize(
    ("kernel", "reason"),
    [(stairs, "a"), (oblong, "as many iterations of one as of the other")],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_it_is_not_for_is_refused(kernel: Callable[..., None], reason: str) -> None:
    with pytest.raises(gw.UnsupportedError, match="cannot be visited by growing squares") as caught:
        gw.compile(kernel, plan="squares(i, j)")
    assert reason in str(caught.value)


def test_a_square_grows() -> None:
    rows, columns = squares(5)
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(i, j) for i in range(5) for j in range(5)]
    for size in range(1, 6):
        assert max(*rows[: size * size], *columns[: size * size]) == size - 1


@pytest.mark.parametrize(("size", "most"), [(2, 16), (4, 34), (6, 62), (8, 100)])
def test_a_product_takes_little_longer_than_its_operands_to_arrive(size: int, most: int) -> None:
    """As many multipliers as results, a port an array: Calyx' systolic generator takes 37, 85, 141, 205 cycles."""

    def run(a, b, c):
        for i in range(size):
            for j in range(size):
                s = np.int32(0)
                for k in range(size):
                    s += a[i, k] * b[k, j]
                c[i, j] = s

    zeros = [np.zeros((size, size), np.int32) for _ in range(3)]
    design = gw.compile(run, args=tuple(zeros), multipliers=size * size)
    assert design.report["cycles"] <= most
    one, other = np.random.default_rng(size).integers(-(2**31), 2**31, (2, size, size)).astype(np.int32)
    for level in LEVELS:
        found = np.zeros((size, size), np.int32)
        done = design.run(one, other, found, level=level)
        assert np.array_equal(found, one @ other), level
        assert done.cycles in (None, design.report["cycles"])
