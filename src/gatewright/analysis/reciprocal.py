"""The multiplier that divides by a constant, exactly.

Source: T. Granlund and P. L. Montgomery, Division by invariant integers using multiplication, PLDI 1994.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reciprocal:
    """`multiplier / 2^shift` is the reciprocal of a divisor, a little too large but by no more than is harmless."""

    multiplier: int
    shift: int


def reciprocal(divisor: int, bits: int, *, above: bool = False) -> Reciprocal:
    """The smallest multiplier with `x * multiplier >> shift == x // divisor` for `x` from 0 to `2^bits - 1`.

    With `above` also `(x * multiplier >> shift) + 1 == -(-x // divisor)` for `x` from `-2^bits` to -1, for which the
    multiple of the divisor has to be above `2^shift` (theorem 5.1). The divisor is at most `2^bits`.

    Let `excess = multiplier * divisor - 2^shift`. The product is too large by `x * excess / divisor` of `2^shift`. That
    matters first where `x` is one below a multiple of the divisor, and so first for the largest such `x`.
    """
    largest = (1 << bits) - 1 + above
    worst = largest - (largest + 1) % divisor
    assert 0 < divisor <= largest + 1
    shift = 0
    while True:
        multiplier = (1 << shift) // divisor + 1 if above else -(-(1 << shift) // divisor)
        if worst * (multiplier * divisor - (1 << shift)) < 1 << shift:
            return Reciprocal(multiplier, shift)
        shift += 1
