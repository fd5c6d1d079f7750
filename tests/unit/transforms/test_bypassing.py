"""Loads that look among the last stores: right for every order of addresses, and a cycle an iteration."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw


def histogram(a, h):
    for i in range(24):
        h[a[i]] += 1


def conditional(a, h):
    for i in range(24):
        if a[i] & 1:
            h[a[i]] += a[i]


def in_two_dimensions(a, h):
    for i in range(24):
        h[a[i] // 4, a[i] % 4] += i


def far_behind(a, h):
    for i in range(24):
        h[a[i]] = ((h[a[i]] & 255) * 3 + 1) * 5


def two_loads(a, h):
    for i in range(1, 24):
        h[a[i]] = h[a[i]] + h[a[i - 1]]


def store_first(a, h):
    for i in range(23):
        h[a[i]] = i
        h[a[i + 1]] += 1


def until(a, h):
    i = 0
    while i < 24 and h[a[i]] < 3:
        h[a[i]] += 1
        i += 1


def with_subscripts_of_outside(a, h):
    m = a[0] // 2
    for i in range(3):
        h[0] = h[a[i]] + h[m]


def copies(a, h):
    for i in range(24):
        h[a[i]] = h[a[i - 1]]


def around_the_end(a, h):
    for i in range(8):
        h[i] = h[i - 1]


def chase(a, h):
    for i in range(24):
        h[h[a[i]] & 7] = h[a[i]]


def two_arrays(a, h):
    for i in range(24):
        v = a[a[i] & 7]
        a[i & 7] = h[a[i] & 7]
        h[v & 7] = v


KERNELS = [
    histogram,
    conditional,
    in_two_dimensions,
    far_behind,
    two_loads,
    store_first,
    until,
    with_subscripts_of_outside,
    copies,
    around_the_end,
    chase,
    two_arrays,
]
ADDRESSES = {
    "all equal": np.zeros(24, np.int32),
    "in turns": np.arange(24, dtype=np.int32) % 2,
    "in threes": np.arange(24, dtype=np.int32) % 3,
    "random": np.random.default_rng(0).integers(0, 8, 24).astype(np.int32),
    "few": np.random.default_rng(1).integers(0, 3, 24).astype(np.int32),
}


def flags(a, f):
    for i in range(24):
        if f[a[i]]:
            f[(a[i] + 3) & 7] = False
        else:
            f[(a[i] + 3) & 7] = f[(a[i] + 1) & 7]


def store_where_a_flag_says(a, f):
    for i in range(24):
        if f[a[i]]:
            f[(a[i] + 1) & 7] = a[i] & 1


@pytest.mark.parametrize("kernel", [flags, store_where_a_flag_says], ids=lambda kernel: kernel.__name__)
def test_conditions_that_are_loaded(kernel):
    design = gw.compile(kernel, args=(ADDRESSES["few"], np.zeros(8, bool)))
    for name, addresses in ADDRESSES.items():
        start = np.random.default_rng(5).integers(0, 2, 8).astype(bool)
        expected = start.copy()
        kernel(addresses, expected)
        for level in ("schedule", "rtl"):
            got = start.copy()
            design.run(addresses.copy(), got, level=level)
            np.testing.assert_array_equal(got, expected, err_msg=f"{name} at {level}")


def memory(kernel) -> np.ndarray:
    shape = (2, 4) if kernel is in_two_dimensions else (8,)
    return np.arange(8, dtype=np.int32).reshape(shape)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("clock", [50, 100, 300])
def test_values_are_those_of_python(kernel, clock: int):
    design = gw.compile(kernel, args=(ADDRESSES["few"], memory(kernel)), clock_mhz=clock)
    for name, addresses in ADDRESSES.items():
        expected = memory(kernel)
        kernel(addresses, expected)
        cycles = set()
        for level in ("loops", "schedule", "rtl"):
            got = memory(kernel)
            run = design.run(addresses.copy(), got, level=level)
            np.testing.assert_array_equal(got, expected, err_msg=f"{name} at {level}")
            cycles.add(run.cycles)
        assert len(cycles - {None}) == 1


@pytest.mark.parametrize("kernel", [histogram, conditional, in_two_dimensions], ids=lambda kernel: kernel.__name__)
def test_an_iteration_starts_every_cycle(kernel):
    design = gw.compile(kernel, args=(ADDRESSES["few"], memory(kernel)))
    assert [row["interval"] for row in design.report["loops"]] == [1]


def test_without_it_an_iteration_waits_for_the_one_before():
    design = gw.compile(histogram, args=(ADDRESSES["few"], memory(histogram)), plan="bypass(i, 0)")
    assert [row["interval"] for row in design.report["loops"]] == [2]


def test_nothing_of_it_is_left_in_the_schedule():
    text = gw.compile(histogram, args=(ADDRESSES["few"], memory(histogram))).ir("schedule")
    assert "gw.bypassed" not in text and "gw.access" not in text
