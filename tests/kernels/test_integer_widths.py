"""Integers of every width from 1 to 64, signed and unsigned: at ports, in memories, and in arithmetic."""

from __future__ import annotations

import random

import numpy as np
import pytest

import gatewright as gw

SIZE = 6


def wrapped(value: int, width: int, signed: bool) -> int:
    """What is left of an integer in some bits."""
    value &= (1 << width) - 1
    return value - (1 << width) if signed and value >> (width - 1) else value


def program(width: int):
    signed, unsigned = gw.int_(width), gw.uint(width)

    def mixed(a: signed[SIZE], b: unsigned[SIZE], s: signed, u: unsigned):  # pyright: ignore[reportInvalidTypeForm]
        c = np.zeros(SIZE, signed)
        d = np.zeros(SIZE, unsigned)
        for i in range(SIZE):
            c[i] = a[i] * s - a[i]
            d[i] = b[i] * u + (b[i] ^ u) // (u | 1)
            a[i] = max(a[i], s) if a[i] < s else a[i] + s
        return c, d, a[0] - s, b[1] & ~u, a[1] < s, b[2] >= u

    return mixed


def expected(width: int, a: list[int], b: list[int], s: int, u: int) -> tuple[list[int], list[list[int] | int]]:
    """The array that the program changes, and what it returns."""
    c = [wrapped(x * s - x, width, True) for x in a]
    d = [wrapped(x * u + (x ^ u) // (u | 1), width, False) for x in b]
    changed = [max(x, s) if x < s else wrapped(x + s, width, True) for x in a]
    difference = wrapped(changed[0] - s, width, True)
    return changed, [c, d, difference, b[1] & ~u & ((1 << width) - 1), int(changed[1] < s), int(b[2] >= u)]


@pytest.mark.parametrize("width", range(1, 65))
def test_every_width_computes_the_same_at_every_level(width: int):
    drawn = random.Random(width)
    design = gw.compile(program(width))
    size = next(size for size in (8, 16, 32, 64) if width <= size)
    low, high = -(1 << (width - 1)), (1 << width) - 1
    signed = [low, ~low, *(drawn.randint(low, ~low) for _ in range(SIZE - 2))]
    unsigned = [0, high, *(drawn.randint(0, high) for _ in range(SIZE - 2))]
    s, u = drawn.randint(low, ~low), drawn.randint(0, high)
    changed, results = expected(width, signed, unsigned, s, u)
    cycles = set()
    for level in design.levels if width in (1, 7, 33, 64) else ("loops", "schedule", "rtl"):
        a, b = np.array(signed, f"int{size}"), np.array(unsigned, f"uint{size}")
        run = design.run(a, b, s, u, level=level)
        assert a.tolist() == changed, level
        assert [np.asarray(output).astype(object).tolist() for output in run.outputs] == results, level
        cycles |= {run.cycles} if run.cycles is not None else set()
    assert len(cycles) == 1


@pytest.mark.parametrize("width", [1, 3, 33])
def test_an_argument_beyond_its_width_is_refused(width: int):
    design = gw.compile(program(width))
    a, b = np.zeros(SIZE, np.int64), np.zeros(SIZE, np.uint64)
    a[2] = 1 << (width - 1)
    with pytest.raises(gw.GatewrightError):
        design(a, b, 0, 0)
