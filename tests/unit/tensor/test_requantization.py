"""Requantisation by a multiply, an add and a shift is the rounded line, for every argument."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.transforms.tensor.requantization import Line, Requantization, reduced, requantization

SCALES = st.floats(2.0**-13, 0.125, width=32).map(Fraction)


def line_of(slopes: list[list[Fraction]], offsets: list[Fraction]) -> Line:
    """A line through rationals: a list for each argument, of a slope for each channel."""
    denominators = [offset.denominator for offset in offsets]
    for slope in slopes:
        denominators = [d * s.denominator for d, s in zip(denominators, slope, strict=True)]

    def whole(values: list[Fraction]) -> np.ndarray:
        return np.array([int(v * d) for v, d in zip(values, denominators, strict=True)], object)

    return Line(tuple(whole(slope) for slope in slopes), whole(offsets), np.array(denominators, object))


def clamped(found: Requantization, channel: int, arguments: tuple[int, ...], low: int, high: int) -> int:
    products = [int(m[channel]) * x for m, x in zip(found.multipliers, arguments, strict=True)]
    return min(max((sum(products) + int(found.offset[channel])) >> found.shift, low), high)


def is_tie(value: Fraction) -> bool:
    """Whether a number is as far from the integer below as from that above."""
    return value.denominator == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SCALES, SCALES, st.booleans(), st.integers(-500, 500)), min_size=1, max_size=3), SCALES)
def test_one_argument(channels: list[tuple[Fraction, Fraction, bool, int]], result: Fraction):
    slopes = [a * b / result * (-1 if negative else 1) for a, b, negative, _ in channels]
    offsets = [Fraction(n, 7) for *_, n in channels]
    found = requantization(reduced(line_of([slopes], offsets)), [(-900, 1100)], -128, 127)
    if found is None:
        assert any(is_tie(s * x + o) for s, o in zip(slopes, offsets, strict=True) for x in range(-900, 1101))
        return
    for channel, (slope, offset) in enumerate(zip(slopes, offsets, strict=True)):
        for x in range(-900, 1101):
            expected = min(max(round(slope * x + offset), -128), 127)
            assert clamped(found, channel, (x,), -128, 127) == expected


@settings(max_examples=15, deadline=None)
@given(SCALES, SCALES, SCALES, st.integers(-300, 300))
def test_two_arguments(a: Fraction, b: Fraction, result: Fraction, n: int):
    slopes, offset = [a / result, b / result], Fraction(n, 11)
    found = requantization(reduced(line_of([[slope] for slope in slopes], [offset])), [(-128, 127), (-16, 15)], -8, 7)
    if found is None:
        assert any(is_tie(slopes[0] * x + slopes[1] * y + offset) for x in range(-128, 128) for y in range(-16, 16))
        return
    for x in range(-128, 128):
        for y in range(-16, 16):
            expected = min(max(round(slopes[0] * x + slopes[1] * y + offset), -8), 7)
            assert clamped(found, 0, (x, y), -8, 7) == expected


def test_no_shift_is_smaller():
    line = reduced(line_of([[Fraction(1, 3)]], [Fraction(0)]))
    found = requantization(line, [(-500, 500)], -128, 127)
    assert found is not None and found.shift == 10 and found.multipliers[0].tolist() == [341]
    for shift in range(10):
        for multiplier in range(1 << shift):
            # Were this enough, some offset would round zero and its neighbours right, and the far ends too.
            good = [
                offset
                for offset in range(1 << shift)
                if all((multiplier * x + offset) >> shift == round(Fraction(x, 3)) for x in (-380, -1, 0, 1, 2, 380))
                and all((multiplier * x + offset) >> shift == round(Fraction(x, 3)) for x in range(-382, 382))
            ]
            assert not good


@pytest.mark.parametrize(("slope", "shift"), [(Fraction(1), 0), (Fraction(-1), 0), (Fraction(5, 49), 16)])
def test_simple_slopes_need_little(slope: Fraction, shift: int):
    found = requantization(reduced(line_of([[slope]], [Fraction(0)])), [(-400, 400)], -128, 127)
    assert found is not None and found.shift <= shift


@pytest.mark.parametrize("slope", [Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(1, 36)])
def test_ties_to_even_make_no_line(slope: Fraction):
    assert requantization(reduced(line_of([[slope]], [Fraction(0)])), [(-400, 400)], -128, 127) is None
