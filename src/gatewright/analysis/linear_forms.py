"""Subscripts as linear forms: sums of values, each times a constant, and a constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, SSAValue

from gatewright.analysis.ranges import Range, whole
from gatewright.ir.constants import constant_value

_SUMS = (arith.AddiOp, arith.SubiOp)
_CASTS = (arith.IndexCastOp, arith.ExtSIOp, arith.TruncIOp)


@dataclass(frozen=True)
class LinearForm:
    """`sum(factor * value) + constant`, of values that are no such sums themselves."""

    factors: tuple[tuple[SSAValue, int], ...]
    """Each value once, in the order in which they were met; no factor is 0."""
    constant: int

    def __add__(self, other: LinearForm) -> LinearForm:
        factors = dict(self.factors)
        for value, factor in other.factors:
            factors[value] = factors.get(value, 0) + factor
        kept = tuple((value, factor) for value, factor in factors.items() if factor)
        return LinearForm(kept, self.constant + other.constant)

    def times(self, factor: int) -> LinearForm:
        """So many times the form."""
        if factor == 0:
            return LinearForm((), 0)
        return LinearForm(tuple((value, factor * each) for value, each in self.factors), factor * self.constant)

    def is_multiple(self, divisor: int) -> bool:
        """Whether the form is a multiple of a number and a constant, whatever the values are."""
        return all(factor % divisor == 0 for _, factor in self.factors)

    def divided(self, divisor: int) -> LinearForm:
        """The quotient, rounded down, of a form that is a multiple of the divisor and a constant."""
        assert self.is_multiple(divisor)
        factors = tuple((value, factor // divisor) for value, factor in self.factors)
        return LinearForm(factors, self.constant // divisor)

    def step(self, divisor: int) -> tuple[int, int]:
        """The least remainder by a divisor, and the number that the others are apart, whatever the values are."""
        apart = gcd(divisor, *(factor for _, factor in self.factors))
        return self.constant % apart, apart

    def in_order(self, order: Mapping[SSAValue, int]) -> LinearForm:
        """The same form with its values in another order."""
        return LinearForm(tuple(sorted(self.factors, key=lambda each: order[each[0]])), self.constant)

    @property
    def moving(self) -> frozenset[tuple[SSAValue, int]]:
        """The form without its constant: equal for forms that are always the same number apart."""
        return frozenset(self.factors)


class LinearForms:
    """The linear forms of the values of a function.

    Arithmetic of a limited width is followed only where its result is known to fit.
    """

    def __init__(self, ranges: Mapping[SSAValue, Range]):
        self.ranges = ranges
        self._known: dict[SSAValue, LinearForm] = {}

    def of(self, value: SSAValue) -> LinearForm:
        """The form of a value: one of itself alone if it is computed in any other way."""
        if value not in self._known:
            self._known[value] = self._form(value)
        return self._known[value]

    def of_all(self, values: Sequence[SSAValue]) -> tuple[LinearForm, ...]:
        """The forms of some values."""
        return tuple(map(self.of, values))

    def _form(self, value: SSAValue) -> LinearForm:
        if (constant := constant_value(value)) is not None:
            return LinearForm((), constant)
        owner = value.owner
        if self._fits(value):
            if isinstance(owner, _SUMS):
                left, right = self.of(owner.lhs), self.of(owner.rhs)
                return left + (right if isinstance(owner, arith.AddiOp) else right.times(-1))
            if isinstance(owner, arith.MuliOp):
                for operand, factor in (owner.operands, reversed(owner.operands)):
                    if (constant := constant_value(factor)) is not None:
                        return self.of(operand).times(constant)
            if isinstance(owner, arith.ShLIOp) and 0 <= (amount := constant_value(owner.rhs) or -1) < 32:
                return self.of(owner.lhs).times(1 << amount)
            if isinstance(owner, _CASTS):
                return self.of(owner.operands[0])
        return LinearForm(((value, 1),), 0)

    def _fits(self, value: SSAValue) -> bool:
        """Whether the result of an operation is a number of its type, without having wrapped."""
        return _is_wide(value.type) or self.ranges.get(value, whole(value.type)) != whole(value.type)


def _is_wide(type_: Attribute) -> bool:
    """Whether a type is that of subscripts, which are far from the ends of 64 bits inside an array."""
    return isinstance(type_, IndexType)
