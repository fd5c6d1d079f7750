"""Elementwise real-valued expressions with their constants folded, over the iteration space of one operation.

A constant is a NumPy array with one axis a loop, of the loop's extent where the constant depends on it and 1 where it
does not. Expressions are built by the functions of this module, which keep them in a normal form:

* everything that depends on no data is one `Constant`;
* scaling and adding constants is one `ScaledValue` step, whatever the number of operations it was written with (the
  four operations of a batch normalisation become one product and one sum);
* a division by a constant integer stays a `Quotient`, so that an average is exact before it is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.ir import SSAValue

ONE, ZERO = np.ones(()), np.zeros(())
"""Constants that are the same at every point."""

LARGEST_DIVISOR = 1 << 16
"""Constant integers up to this divide exactly; other divisors become a product with the reciprocal."""


class Expression:
    """A value at every point of an iteration space."""


@dataclass(frozen=True, eq=False)
class Constant(Expression):
    """A constant."""

    array: np.ndarray


@dataclass(frozen=True, eq=False)
class Input(Expression):
    """The element of an operand that a point reads; `argument` is its block argument."""

    argument: SSAValue


BEYOND = 2.0**40
"""More than any number of a format that is used."""


@dataclass(frozen=True, eq=False)
class Gather(Expression):
    """The element of `source` at constant positions, one array an axis of the source."""

    source: SSAValue
    positions: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class ScaledValue(Expression):
    """`of * scale + offset`."""

    of: Expression
    scale: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True, eq=False)
class Quotient(Expression):
    """`of / divisor` for positive integers."""

    of: Expression
    divisor: np.ndarray


@dataclass(frozen=True, eq=False)
class Sum(Expression):
    """`left + right`, both data."""

    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Product(Expression):
    """`left * right`, both data."""

    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Extreme(Expression):
    """The larger (`largest`) or smaller of two values."""

    largest: bool
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Comparison(Expression):
    """A truth value: `predicate` is `eq`, `ne`, `lt`, `le`, `gt` or `ge`."""

    predicate: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Choice(Expression):
    """`true` where `condition` holds, else `false`."""

    condition: Comparison
    true: Expression
    false: Expression


def scalar(value: float) -> Constant:
    """The same constant at every point."""
    return Constant(np.asarray(value, np.float64))


def same(left: Expression, right: Expression) -> bool:
    """True if both are surely the same value."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return left.array.shape == right.array.shape and bool(np.array_equal(left.array, right.array))
    return left is right


def affine(of: Expression, scale: np.ndarray, offset: np.ndarray) -> Expression:
    """`of * scale + offset` in normal form."""
    if isinstance(of, Constant):
        return Constant(of.array * scale + offset)
    if isinstance(of, ScaledValue):
        return affine(of.of, of.scale * scale, of.offset * scale + offset)
    if isinstance(of, Quotient) and not np.any(offset):
        return of if np.all(scale == 1) else Quotient(affine(of.of, scale, offset), of.divisor)
    if np.all(scale == 1) and not np.any(offset):
        return of
    return ScaledValue(of, np.asarray(scale, np.float64), np.asarray(offset, np.float64))


def add(left: Expression, right: Expression) -> Expression:
    """`left + right`."""
    if isinstance(right, Constant):
        return affine(left, ONE, right.array)
    if isinstance(left, Constant):
        return affine(right, ONE, left.array)
    return Sum(left, right)


def negate(of: Expression) -> Expression:
    """`-of`."""
    return affine(of, -ONE, ZERO)


def multiply(left: Expression, right: Expression) -> Expression:
    """`left * right`; constant factors move outwards."""
    if isinstance(right, Constant):
        return affine(left, right.array, ZERO)
    if isinstance(left, Constant):
        return affine(right, left.array, ZERO)
    if isinstance(left, ScaledValue) and not np.any(left.offset):
        return affine(multiply(left.of, right), left.scale, left.offset)
    if isinstance(right, ScaledValue) and not np.any(right.offset):
        return affine(multiply(left, right.of), right.scale, right.offset)
    return Product(left, right)


def divide(of: Expression, divisor: np.ndarray) -> Expression:
    """`of / divisor` for a constant without a zero."""
    magnitude = np.abs(divisor)
    whole = np.all(magnitude == np.rint(magnitude)) and np.all(magnitude <= LARGEST_DIVISOR)
    if isinstance(of, Constant) or not whole or np.all(np.log2(magnitude) % 1 == 0):
        return affine(of, 1.0 / divisor, ZERO)
    signed = affine(of, np.sign(divisor), ZERO)
    return Quotient(signed, magnitude.astype(np.int64))


def extreme(largest: bool, left: Expression, right: Expression) -> Expression:
    """The larger or smaller of two values; infinities that never win disappear."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant((np.maximum if largest else np.minimum)(left.array, right.array))
    never = -np.inf if largest else np.inf
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Constant) and np.all(one.array == never):
            return other
    return Extreme(largest, left, right)


def _finite(of: Expression) -> Expression:
    """A constant with infinities as numbers beyond all formats: of those there is no part."""
    return Constant(np.clip(of.array, -BEYOND, BEYOND)) if isinstance(of, Constant) else of


def choose(condition: Expression, true: Expression, false: Expression) -> Expression | None:
    """`true` where `condition` holds, else `false`; None if the condition is not a comparison."""
    if isinstance(condition, Constant):
        if np.all(condition.array) or not np.any(condition.array):
            return true if np.all(condition.array) else false
        if isinstance(true, Constant) and isinstance(false, Constant):
            return Constant(np.where(condition.array, true.array, false.array))
        mask = condition.array.astype(np.float64)
        true, false = _finite(true), _finite(false)
        return add(affine(true, mask, ZERO), affine(false, 1 - mask, ZERO))
    if not isinstance(condition, Comparison):
        return None
    kept = same(true, condition.left) and same(false, condition.right)
    swapped = same(true, condition.right) and same(false, condition.left)
    if condition.predicate in ("lt", "le", "gt", "ge") and (kept or swapped):
        return extreme((condition.predicate in ("gt", "ge")) == kept, true, false)
    return Choice(condition, true, false)


def parts(of: Expression) -> tuple[Expression, ...]:
    """The expressions that an expression is made of."""
    match of:
        case ScaledValue() | Quotient():
            return (of.of,)
        case Sum() | Product() | Extreme() | Comparison():
            return (of.left, of.right)
        case Choice():
            return (of.condition, of.true, of.false)
    return ()


def substitute(of: Expression, old: Expression, new: Expression) -> Expression:
    """The expression with one of its parts replaced."""
    if of is old:
        return new
    match of:
        case ScaledValue():
            return ScaledValue(substitute(of.of, old, new), of.scale, of.offset)
        case Quotient():
            return Quotient(substitute(of.of, old, new), of.divisor)
        case Sum() | Product():
            return type(of)(substitute(of.left, old, new), substitute(of.right, old, new))
        case Extreme():
            return Extreme(of.largest, substitute(of.left, old, new), substitute(of.right, old, new))
        case Comparison():
            return Comparison(of.predicate, substitute(of.left, old, new), substitute(of.right, old, new))
        case Choice():
            condition = substitute(of.condition, old, new)
            assert isinstance(condition, Comparison)
            return Choice(condition, substitute(of.true, old, new), substitute(of.false, old, new))
    return of
