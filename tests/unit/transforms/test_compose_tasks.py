"""Hardware of tasks: channels of a single word, nests that are gone when all of their iterations are done at once."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw


def single_words(x: gw.i16[8, 4], y: gw.i16[8, 4]):
    """Banks of the first array need one word: each element is read in the cycle after it is stored."""
    t0, t1 = np.zeros((8, 4), np.int16), np.zeros((8, 4), np.int16)
    for j in range(4):
        for i in range(8):
            t0[i, j] = x[i, j] * np.int16(6)
    for i in range(8):
        for j in range(4):
            s = np.int16(0)
            for k in range(4):
                s += t0[i, k] * t0[i, 3 - j]
            t1[i, j] = s
    for i in range(8):
        for j in range(4):
            y[i, j] = t1[i, 3 - j] * np.int16(6) + t1[7 - i, j] * np.int16(3)


def short(x: gw.i32[6, 4], y: gw.i32[6, 4]):
    """Loops of few iterations, which many multipliers do all at once."""
    a, b = np.zeros((6, 4), np.int32), np.zeros((6, 4), np.int32)
    for i in range(6):
        for j in range(4):
            a[i, j] = x[i, j] * 5
    for i in range(6):
        for j in range(4):
            b[i, j] = a[i, j] * a[5 - i, j]
    for i in range(6):
        for j in range(4):
            y[i, j] = b[i, j] * b[i, 3 - j]


@pytest.mark.parametrize(("function", "multipliers"), [(single_words, 6), (single_words, 9), (short, 9), (short, 30)])
def test_a_stream_is_what_python_computes(function, multipliers):
    design = gw.compile(function, dataflow=True, multipliers=multipliers)
    parameter = design.signature.parameters[0].type
    xs = np.random.default_rng(0).integers(-99, 99, (9, *parameter.shape)).astype(parameter.element.raw_dtype)
    ys, expected = np.zeros_like(xs), np.zeros_like(xs)
    run = design.stream(zip(xs, ys, strict=True))
    with np.errstate(over="ignore"):
        for x, z in zip(xs, expected, strict=True):
            function(x, z)
    assert np.array_equal(ys, expected)
    assert run.interval == design.report["interval"]


def test_memories_outside_with_two_ports_leave_channels_as_they_are():
    design = gw.compile(short, dataflow=True, multipliers=3, dual_port=True)
    assert "dataflow" in design.levels and "x_0_address" in design.verilog
    xs = np.random.default_rng(1).integers(-99, 99, (5, 6, 4)).astype(np.int32)
    ys, expected = np.zeros_like(xs), np.zeros_like(xs)
    design.stream(zip(xs, ys, strict=True))
    with np.errstate(over="ignore"):
        for x, z in zip(xs, expected, strict=True):
            short(x, z)
    assert np.array_equal(ys, expected)


def with_a_number(x: gw.i32[16], y: gw.i32[16]) -> gw.i32:
    """A number that is computed behind all loops is returned."""
    a, s = np.zeros(16, np.int32), np.int32(0)
    for i in range(16):
        a[i] = x[i] * 3
    for j in range(16):
        s += a[15 - j] * a[j]
        y[j] = s
    return s + 1


def test_a_number_that_is_computed_behind_the_loops_is_returned():
    design = gw.compile(with_a_number, dataflow=True, multipliers=2)
    x, y, z = np.arange(16, dtype=np.int32), np.zeros(16, np.int32), np.zeros(16, np.int32)
    assert design(x, y) == with_a_number(x, z) and np.array_equal(y, z)
