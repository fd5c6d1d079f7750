"""Integer multiply-add-shift for `round(a * x + b * y + offset)`: as narrow as it can be, exact for every argument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd

import numpy as np

MOST_BITS = 40
"""The largest shift that is tried."""

MOST_STEPS = 1 << 22
"""Where the result steps, over all channels and values of the second argument, at most; beyond, nobody looks."""


@dataclass(frozen=True)
class Line:
    """`(numerators[0] * x + numerators[1] * y + offset) / denominator` for channels: exact, integers of any size."""

    numerators: tuple[np.ndarray, ...]
    """One or two arrays of integers, an element a channel; those of `x` are not 0."""
    offset: np.ndarray
    denominator: np.ndarray
    """Positive."""


@dataclass(frozen=True)
class Requantization:
    """`(multipliers[0] * x + multipliers[1] * y + offset) >> shift`, which rounds down."""

    multipliers: tuple[np.ndarray, ...]
    offset: np.ndarray
    shift: int


def reduced(line: Line) -> Line:
    """The same line in lowest terms, channel by channel."""
    shared = np.frompyfunc(gcd, 2, 1)
    by = line.denominator
    for array in (*line.numerators, line.offset):
        by = shared(by, array)
    return Line(tuple(a // by for a in line.numerators), line.offset // by, line.denominator // by)


def requantization(
    line: Line, ranges: Sequence[tuple[int, int]], low: int, high: int, most_bits: int = MOST_BITS
) -> Requantization | None:
    """The requantisation with the smallest shift that gives the nearest integer, ties to even, wherever that is from
    `low` to `high`; and where it is beyond, one that is beyond too. `ranges` are those of the arguments.

    Where the rounded line steps to a level is known exactly, and an integer line must step there too; so `offset` lies
    between bounds for given multipliers, and these are the exact slopes rounded up or down. None if there is none of at
    most `most_bits` bits, as when ties to even make unequal steps, or if that takes too long to find out.
    """
    line, sign = _ascending(line)
    mirrored = [_mirrored(ranges[0], each) for each in np.unique(sign)]
    first = min(r[0] for r in mirrored), max(r[1] for r in mirrored)
    others = np.arange(ranges[1][0], ranges[1][1] + 1) if len(ranges) > 1 else np.zeros(1, np.int64)
    levels = np.arange(low + 1, high + 1)
    if not len(levels) or len(line.offset) * len(others) * len(levels) > MOST_STEPS:
        return None
    steps = _steps(line, others, levels, first)
    slope = max(
        abs(int(a) * x) // int(d) for a, d in zip(line.numerators[0], line.denominator, strict=True) for x in first
    )
    headroom = 61 - max(slope.bit_length(), int(max(abs(low), abs(high))).bit_length()) - 1
    for shift in range(min(most_bits, headroom) + 1):
        found = _at_shift(line, steps, others, levels, first, shift)
        if found is not None:
            multipliers = (found.multipliers[0] * sign, *found.multipliers[1:])
            return Requantization(multipliers, found.offset, shift)
    return None


def _ascending(line: Line) -> tuple[Line, np.ndarray]:
    """The line in `sign * x`, which never descends."""
    sign = np.where(line.numerators[0] < 0, -1, 1).astype(np.int64)
    return Line((line.numerators[0] * sign, *line.numerators[1:]), line.offset, line.denominator), sign


def _mirrored(range_: tuple[int, int], sign: int) -> tuple[int, int]:
    return range_ if sign > 0 else (-range_[1], -range_[0])


def _steps(line: Line, others: np.ndarray, levels: np.ndarray, range_: tuple[int, int]) -> np.ndarray:
    """The least argument from which a level is reached, by channel, second argument and level; one more than the range
    has if none does.

    A number rounds to `t` or more if it is more than `t - 1/2`, or just that and `t` is even.
    """
    twice = 2 * line.numerators[0][:, None, None]
    rest = line.offset[:, None]
    if len(line.numerators) > 1:
        rest = rest + line.numerators[1][:, None] * others.astype(object)[None, :]
    needed = line.denominator[:, None, None] * (2 * levels.astype(object) - 1)[None, None, :] - 2 * rest[:, :, None]
    even = (levels % 2 == 0)[None, None, :]
    least = np.where(even, -(-needed // twice), needed // twice + 1)
    return np.clip(least, range_[0], range_[1] + 1).astype(np.int64)


def _at_shift(
    line: Line, steps: np.ndarray, others: np.ndarray, levels: np.ndarray, range_: tuple[int, int], shift: int
) -> Requantization | None:
    """A requantisation with this shift, if there is one whose multipliers are slopes rounded up or down."""
    targets = (levels << shift)[None, None, :]
    multipliers = [np.zeros(len(line.offset), np.int64) for _ in line.numerators]
    offset, missing = np.zeros(len(line.offset), np.int64), np.ones(len(line.offset), bool)
    for candidate in _candidates(line, shift):
        first = candidate[0][:, None, None]
        rest = (candidate[1][:, None] * others[None, :])[:, :, None] if len(candidate) > 1 else 0
        reached, before = steps <= range_[1], steps - 1 >= range_[0]
        lowest = np.max(np.where(reached, targets - first * steps - rest, -(1 << 62)), axis=(1, 2))
        highest = np.min(np.where(before, targets - first * (steps - 1) - rest - 1, 1 << 62), axis=(1, 2))
        good = missing & (lowest <= highest)
        chosen = np.where(lowest > -(1 << 62), lowest, np.minimum(highest, 0))
        for array, each in zip(multipliers, candidate, strict=True):
            array[good] = each[good]
        offset[good] = chosen[good]
        missing &= ~good
        if not missing.any():
            return Requantization(tuple(multipliers), offset, shift)
    return None


def _candidates(line: Line, shift: int) -> Iterator[tuple[np.ndarray, ...]]:
    below = [((a << shift) // line.denominator).astype(np.int64) for a in line.numerators]
    for ups in product((0, 1), repeat=len(below)):
        yield tuple(each + up for each, up in zip(below, ups, strict=True))
