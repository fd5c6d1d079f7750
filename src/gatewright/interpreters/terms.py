"""Python expressions with the range of their values: what arithmetic becomes in generated code.

A term's value is what generated code holds for its IR type (see `raw.py`). The range, found on the way as intervals,
tells where wrapping around, a sign conversion or a bounds check cannot matter and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute

from gatewright.ir.floats import scalar_bits

INDEX_WIDTH = 64
"""Bits of an `index`."""

_LARGEST_UNWRAPPED = 1 << 160
"""Magnitude from which on it is cheaper to wrap at once than to go on with the long number."""


@dataclass(frozen=True)
class Term:
    """An expression, in parentheses unless it is an atom, with the least and greatest value that it can have."""

    text: str
    low: int
    high: int
    unwrapped: Term | None = None
    """The same before it was wrapped around: an equal number modulo two to the power of the width."""

    @property
    def is_atom(self) -> bool:
        """Whether the text is a name or a literal, which may be repeated at no cost."""
        return not self.text.startswith("(") or self.constant is not None

    @property
    def constant(self) -> int | None:
        """The value if there is only one."""
        return self.low if self.low == self.high else None


def width_of(type_: Attribute) -> int:
    """Bits of a number: an integer, an index or a floating-point number."""
    width = scalar_bits(type_)
    assert width is not None, f"{type_} is no number"
    return width


def mask_of(type_: Attribute) -> int:
    """The integer with all bits of a type set."""
    return (1 << width_of(type_)) - 1


def range_of(type_: Attribute) -> tuple[int, int]:
    """The least and the greatest integer that stand for a value of a type."""
    if isinstance(type_, IndexType):
        return -(1 << (INDEX_WIDTH - 1)), (1 << (INDEX_WIDTH - 1)) - 1
    return 0, mask_of(type_)


def literal(value: int) -> Term:
    """A constant."""
    return Term(str(value) if value >= 0 else f"({value})", value, value)


def named(name: str, type_: Attribute) -> Term:
    """A variable that can have any value of its type."""
    return Term(name, *range_of(type_))


def wrapped(text: str, low: int, high: int, type_: Attribute) -> Term:
    """The term for the integer `text`, known to be from `low` to `high`, wrapped around to `type_`."""
    if low == high:
        return literal(_wrap(low, type_))
    least, greatest = range_of(type_)
    if least <= low and high <= greatest:
        return Term(text, low, high)
    unwrapped = Term(text, low, high) if max(-low, high) < _LARGEST_UNWRAPPED else None
    if isinstance(type_, IndexType):
        return Term(f"(({text} + {1 << 63} & {mask_of(type_)}) - {1 << 63})", least, greatest, unwrapped)
    return Term(f"({text} & {mask_of(type_)})", least, greatest, unwrapped)


def modulo(term: Term) -> Term:
    """A cheaper term for an operation that wraps its own result around, as sums and products do."""
    return term.unwrapped or term


def _wrap(value: int, type_: Attribute) -> int:
    value &= mask_of(type_)
    return value - (1 << INDEX_WIDTH) if isinstance(type_, IndexType) and value >> (INDEX_WIDTH - 1) else value


def signed(term: Term, type_: Attribute) -> Term:
    """The value of `term` read as two's complement."""
    sign = 1 << (width_of(type_) - 1)
    if isinstance(type_, IndexType) or term.high < sign:
        return term
    if term.constant is not None:
        return literal(term.constant - 2 * sign)
    return Term(f"(({term.text} ^ {sign}) - {sign})", -sign, sign - 1)


def unsigned(term: Term, type_: Attribute) -> Term:
    """The value of `term` read as a number without sign."""
    if term.low >= 0:
        return term
    if term.constant is not None:
        return literal(term.constant & mask_of(type_))
    return Term(f"({term.text} & {mask_of(type_)})", 0, mask_of(type_))


def in_signed_order(terms: list[Term], type_: Attribute) -> list[Term]:
    """Terms whose order as integers is that of `terms` read as two's complement; cheaper than `signed`."""
    sign = 1 << (width_of(type_) - 1)
    if isinstance(type_, IndexType) or all(term.high < sign for term in terms):
        return terms
    return [
        literal(term.constant ^ sign)
        if term.constant is not None
        else Term(f"({term.text} ^ {sign})", 0, mask_of(type_))
        for term in terms
    ]
