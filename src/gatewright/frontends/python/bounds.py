"""Integer expressions that are linear in loop variables, and the least and greatest values they can take.

This is what proves that `k - i - 1` is not negative in `for i in range(k)`: variables are eliminated from the
innermost outwards by the bounds of their loops.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

_orders = count()
_MOST_TERMS = 8


@dataclass(eq=False)
class BoundedInteger:
    """An integer that is not known while compiling, between any of `lower` and any of `upper` (both inclusive).

    Its bounds mention older symbols only, so that eliminating the newest symbol of an expression terminates.
    """

    lower: tuple[Linear, ...] = ()
    upper: tuple[Linear, ...] = ()
    order: int = field(default_factory=lambda: next(_orders))


@dataclass(frozen=True)
class Linear:
    """A constant plus a sum of coefficients times symbols, none of them zero, oldest symbol first."""

    constant: int
    terms: tuple[tuple[BoundedInteger, int], ...] = ()

    def __add__(self, other: Linear) -> Linear:
        sums: dict[BoundedInteger, int] = dict(self.terms)
        for symbol, coefficient in other.terms:
            sums[symbol] = sums.get(symbol, 0) + coefficient
        kept = sorted(((s, c) for s, c in sums.items() if c), key=lambda term: term[0].order)
        return Linear(self.constant + other.constant, tuple(kept))

    def __sub__(self, other: Linear) -> Linear:
        return self + other.times(-1)

    def times(self, factor: int) -> Linear:
        """The expression multiplied by a constant."""
        if factor == 0:
            return Linear(0)
        return Linear(self.constant * factor, tuple((s, c * factor) for s, c in self.terms))

    def least(self) -> int | None:
        """The greatest lower bound that elimination finds, or None if it finds none."""
        if not self.terms:
            return self.constant
        if len(self.terms) > _MOST_TERMS:
            return None
        symbol, coefficient = self.terms[-1]
        rest = Linear(self.constant, self.terms[:-1])
        bounds = symbol.lower if coefficient > 0 else symbol.upper
        found = [(rest + bound.times(coefficient)).least() for bound in bounds]
        return max((value for value in found if value is not None), default=None)

    def greatest(self) -> int | None:
        """The least upper bound that elimination finds, or None if it finds none."""
        value = self.times(-1).least()
        return None if value is None else -value


def between(lower: int | None, upper: int | None) -> Linear:
    """A fresh unknown between two constants; None stands for no bound."""
    low = () if lower is None else (Linear(lower),)
    high = () if upper is None else (Linear(upper),)
    return Linear(0, ((BoundedInteger(low, high), 1),))
