"""Exact integer arithmetic on binary fixed-point numbers, and the one rounding at its end.

Every number carries where its binary point is and between which integers its raw value lies, so each operation is
given just the bits that it needs: nothing can overflow, and nothing is rounded before `to_format`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, LocationAttr
from xdsl.ir import Block, Operation, SSAValue

from gatewright.numbers.types import Fixed

PREDICATES = {"eq": 0, "ne": 1, "lt": 2, "le": 3, "gt": 4, "ge": 5}
"""The signed predicates of `arith.cmpi`."""


@dataclass(frozen=True)
class Exact:
    """The number `raw * 2**-fraction / divisor` where `low <= raw <= high`.

    `value` is the raw integer, sign-extended in the IR's type; None for a constant, which is `low`.
    """

    value: SSAValue | None
    fraction: int
    low: int
    high: int
    divisor: np.ndarray | None = None
    """Positive integers, over the iteration space; None for 1."""

    @property
    def width(self) -> int:
        """The least signed width that holds every raw value."""
        return bits(self.low, self.high)


def bits(low: int, high: int) -> int:
    """The least width of signed integers that holds `low` to `high`."""
    return 1 + max((value if value >= 0 else ~value).bit_length() for value in (low, high))


def limits(width: int) -> tuple[int, int]:
    """The smallest and largest signed integer of a width."""
    return -(1 << (width - 1)), (1 << (width - 1)) - 1


def nearest(array: np.ndarray, width: int) -> tuple[np.ndarray, int]:
    """Raw integers of `width` bits for an array of reals, and their fraction bits.

    The binary point is as far left as the largest magnitude allows; trailing zeros that all have are dropped.
    """
    largest = float(np.max(np.abs(array), initial=0.0))
    if largest == 0.0:
        return np.zeros(array.shape, np.int64), 0
    assert np.isfinite(largest), "an infinite constant reached quantisation"
    fraction = width - 1 - int(np.frexp(largest)[1])
    raw = np.rint(np.ldexp(array, fraction))
    if np.max(np.abs(raw)) > limits(width)[1]:
        fraction -= 1
        raw = np.rint(np.ldexp(array, fraction))
    raw = raw.astype(np.int64)
    while not np.any(raw & 1):
        raw, fraction = raw >> 1, fraction - 1
    return raw, fraction


class ExactArithmetic:
    """Emits exact arithmetic at the end of a block."""

    def __init__(self, block: Block, location: LocationAttr, table: Callable[[np.ndarray], Exact]):
        """`table` gives the element of a constant array of integers at the current point."""
        self.block, self.location, self.table = block, location, table

    def emit(self, op: Operation) -> SSAValue:
        """Append an operation; its result."""
        op.location = self.location
        self.block.add_op(op)
        return op.results[0]

    def constant(self, raw: int, width: int) -> SSAValue:
        """An integer constant."""
        return self.emit(arith.ConstantOp(IntegerAttr(raw, IntegerType(width))))

    def at_width(self, number: Exact, width: int) -> SSAValue:
        """The raw value in `width` bits, which hold it."""
        assert number.width <= width, "a number was put into fewer bits than it needs"
        if number.value is None:
            return self.constant(number.low, width)
        given = number.value.type
        assert isinstance(given, IntegerType)
        if given.width.data == width:
            return number.value
        convert = arith.ExtSIOp if given.width.data < width else arith.TruncIOp
        return self.emit(convert(number.value, IntegerType(width)))

    def shifted(self, number: Exact, fraction: int) -> Exact:
        """The same number with at least as many fraction bits."""
        distance = fraction - number.fraction
        assert distance >= 0
        low, high = number.low << distance, number.high << distance
        if low == high:
            return Exact(None, fraction, low, high, number.divisor)
        if distance == 0 or number.value is None:
            return Exact(number.value, fraction, low, high, number.divisor)
        width = bits(low, high)
        value = self.at_width(number, width)
        moved = self.emit(arith.ShLIOp(value, self.constant(distance, width)))
        return Exact(moved, fraction, low, high, number.divisor)

    def moved(self, number: Exact, distance: Exact, places: int) -> Exact:
        """The same number with `places` more fraction bits, if the raw value is shifted left by `distance`."""
        low, high = number.low << distance.high, number.high << distance.high
        width = max(bits(low, high), distance.width)
        raw = self.emit(arith.ShLIOp(self.at_width(number, width), self.at_width(distance, width)))
        return Exact(raw, number.fraction + places, low, high, number.divisor)

    def alike(self, left: Exact, right: Exact) -> tuple[Exact, Exact]:
        """Both numbers with one binary point and one divisor."""
        if not _same_divisor(left.divisor, right.divisor):
            left, right = self._times_divisor(left, right.divisor), self._times_divisor(right, left.divisor)
        fraction = max(left.fraction, right.fraction)
        return self.shifted(left, fraction), self.shifted(right, fraction)

    def _times_divisor(self, number: Exact, divisor: np.ndarray | None) -> Exact:
        if divisor is None:
            return number
        scaled = self.multiply(replace(number, divisor=None), self.table(divisor))
        return replace(scaled, divisor=divisor if number.divisor is None else number.divisor * divisor)

    def add(self, left: Exact, right: Exact) -> Exact:
        """The sum."""
        if right.value is None and right.low == 0:
            return left
        if left.value is None and left.low == 0:
            return right
        left, right = self.alike(left, right)
        low, high = left.low + right.low, left.high + right.high
        if left.value is None and right.value is None:
            return replace(left, low=low, high=high)
        return self._binary(arith.AddiOp, left, right, left.fraction, low, high, left.divisor)

    def multiply(self, left: Exact, right: Exact) -> Exact:
        """The product."""
        fraction, divisor = left.fraction + right.fraction, _product(left.divisor, right.divisor)
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        low, high = min(corners), max(corners)
        if left.value is None and right.value is None:
            return Exact(None, fraction, low, high, divisor)
        for one, other in ((left, right), (right, left)):
            if one.value is None and one.low == 1:
                return replace(other, fraction=fraction, divisor=divisor)
            if one.value is None and one.low == 0:
                return Exact(None, 0, 0, 0)
            if one.value is None and one.low == -1:
                return replace(self.negate(other), fraction=fraction, divisor=divisor)
        return self._binary(arith.MuliOp, left, right, fraction, low, high, divisor)

    def negate(self, of: Exact) -> Exact:
        """The number with the other sign."""
        if of.value is None:
            return replace(of, low=-of.high, high=-of.low)
        zero = Exact(None, of.fraction, 0, 0, of.divisor)
        return self._binary(arith.SubiOp, zero, of, of.fraction, -of.high, -of.low, of.divisor)

    def divide(self, of: Exact, divisor: np.ndarray) -> Exact:
        """The number divided by positive integers; no rounding happens yet."""
        return replace(of, divisor=_product(of.divisor, divisor))

    def extreme(self, largest: bool, left: Exact, right: Exact) -> Exact:
        """The larger or the smaller of two numbers."""
        left, right = self.alike(left, right)
        pick = max if largest else min
        low, high = pick(left.low, right.low), pick(left.high, right.high)
        if left.value is None and right.value is None:
            return replace(left, low=low, high=high)
        kind = arith.MaxSIOp if largest else arith.MinSIOp
        return self._binary(kind, left, right, left.fraction, low, high, left.divisor)

    def compare(self, predicate: str, left: Exact, right: Exact) -> SSAValue:
        """The truth of a comparison, one bit."""
        left, right = self.alike(left, right)
        width = max(left.width, right.width)
        operands = self.at_width(left, width), self.at_width(right, width)
        return self.emit(arith.CmpiOp(*operands, PREDICATES[predicate]))

    def choose(self, condition: SSAValue, true: Exact, false: Exact) -> Exact:
        """One of two numbers."""
        true, false = self.alike(true, false)
        low, high = min(true.low, false.low), max(true.high, false.high)
        width = bits(low, high)
        value = self.emit(arith.SelectOp(condition, self.at_width(true, width), self.at_width(false, width)))
        return Exact(value, true.fraction, low, high, true.divisor)

    def _binary(
        self,
        kind: type[Operation],
        left: Exact,
        right: Exact,
        fraction: int,
        low: int,
        high: int,
        divisor: np.ndarray | None,
    ) -> Exact:
        """Two operands at a width that holds them and the result."""
        width = max(bits(low, high), left.width, right.width)
        value = self.emit(kind(self.at_width(left, width), self.at_width(right, width)))  # pyright: ignore[reportCallIssue]
        return Exact(value, fraction, low, high, divisor)

    def to_format(self, number: Exact, format_: Fixed) -> Exact:
        """Round to nearest, ties to even, and saturate: the raw value in exactly the bits of the format."""
        rounded = self.rounded(number, format_.fraction)
        low, high = limits(format_.bits)
        clipped = rounded
        if rounded.low < low:
            clipped = self.extreme(True, clipped, Exact(None, format_.fraction, low, low))
        if rounded.high > high:
            clipped = self.extreme(False, clipped, Exact(None, format_.fraction, high, high))
        return replace(clipped, value=self.at_width(clipped, format_.bits))

    def beyond(self, number: Exact, format_: Fixed) -> SSAValue | None:
        """The truth of whether `to_format` saturates, one bit; None if it never does."""
        rounded = self.rounded(number, format_.fraction)
        low, high = limits(format_.bits)
        found = []
        if rounded.low < low:
            found.append(self.compare("lt", rounded, Exact(None, format_.fraction, low, low)))
        if rounded.high > high:
            found.append(self.compare("gt", rounded, Exact(None, format_.fraction, high, high)))
        if len(found) == 2:
            return self.emit(arith.OrIOp(*found))
        return found[0] if found else None

    def rounded(self, number: Exact, fraction: int) -> Exact:
        """The nearest number with `fraction` fraction bits and no divisor; the even one of two that are as near."""
        if number.divisor is not None:
            return self._rounded_quotient(number, fraction)
        distance = number.fraction - fraction
        if distance <= 0:
            return self.shifted(number, fraction)
        low, high = _round_shift(number.low, distance), _round_shift(number.high, distance)
        if number.value is None:
            return Exact(None, fraction, low, high)
        width = bits(number.low, number.high + (1 << (distance - 1)))
        raw = self.at_width(number, max(width, distance + 2))
        width = max(width, distance + 2)
        amount, one = self.constant(distance, width), self.constant(1, width)
        odd = self.emit(arith.AndIOp(self.emit(arith.ShRSIOp(raw, amount)), one))
        biased = self.emit(arith.AddiOp(raw, self.constant((1 << (distance - 1)) - 1, width)))
        nudged = self.emit(arith.AddiOp(biased, odd))
        shifted = self.emit(arith.ShRSIOp(nudged, amount))
        return Exact(shifted, fraction, low, high)

    def _rounded_quotient(self, number: Exact, fraction: int) -> Exact:
        """Round `raw / divisor`: halves away from zero by adding half the divisor, then ties back to even.

        The quotient of the magnitudes is a product with a reciprocal rounded up, which is exact when the reciprocal has
        as many more bits as the dividend (T. Granlund and P. Montgomery, PLDI 1994, theorem 4.2); its low bits are less
        than the reciprocal just when nothing remains (D. Lemire, O. Kaser and N. Kurz, 2019), and then there was a tie.
        """
        assert number.divisor is not None
        divisor = number.divisor
        numerator = replace(number, divisor=None)
        shared = int(np.bitwise_or.reduce(divisor, axis=None))
        twos = (shared & -shared).bit_length() - 1
        divisor, numerator = divisor >> twos, replace(numerator, fraction=numerator.fraction + twos)
        if np.all(divisor == 1):
            return self.rounded(numerator, fraction)
        distance = numerator.fraction - fraction
        if distance < 0:
            numerator = self.shifted(numerator, fraction)
        divisor = divisor << max(0, distance)
        if numerator.value is None:
            return self.rounded(self._constant_quotient(numerator, divisor), fraction)
        negative, magnitude = self._magnitude(numerator)
        doubled = replace(self.shifted(magnitude, magnitude.fraction + 1), fraction=0)
        dividend = self.add(doubled, self.table(divisor))
        places = dividend.high.bit_length() + int(np.max(divisor * 2)).bit_length()
        reciprocal = self.table(np.vectorize(lambda d: (1 << places) // (2 * int(d)) + 1, otypes=[object])(divisor))
        product = self.multiply(replace(dividend, fraction=0), reciprocal)
        quotient = self._quotient(product, reciprocal, places, ties=bool(np.any(divisor % 2 == 0)))
        quotient = replace(quotient, high=dividend.high // (2 * int(np.min(divisor))))
        if negative is None:
            return replace(quotient, fraction=fraction)
        return replace(self.choose(negative, self.negate(quotient), quotient), fraction=fraction)

    def _magnitude(self, number: Exact) -> tuple[SSAValue | None, Exact]:
        """Whether a number is negative (None if it cannot be), and its magnitude."""
        if number.low >= 0:
            return None, number
        negative = self.compare("lt", number, Exact(None, number.fraction, 0, 0))
        magnitude = self.choose(negative, self.negate(number), number)
        return negative, replace(magnitude, low=0, high=max(-number.low, number.high))

    def _quotient(self, product: Exact, reciprocal: Exact, places: int, ties: bool) -> Exact:
        width = max(product.width, places + 2)
        raw = self.at_width(product, width)
        quotient = self.emit(arith.ShRSIOp(raw, self.constant(places, width)))
        if ties:
            low_bits = self.emit(arith.AndIOp(raw, self.constant((1 << places) - 1, width)))
            exact = self.emit(arith.CmpiOp(low_bits, self.at_width(reciprocal, width), PREDICATES["lt"]))
            odd = self.emit(arith.TruncIOp(quotient, IntegerType(1)))
            back = self.emit(arith.ExtUIOp(self.emit(arith.AndIOp(exact, odd)), IntegerType(width)))
            quotient = self.emit(arith.SubiOp(quotient, back))
        return Exact(quotient, 0, 0, product.high >> places)

    def _constant_quotient(self, numerator: Exact, divisor: np.ndarray) -> Exact:
        values = np.vectorize(lambda d: _round_quotient(numerator.low, int(d)), otypes=[object])(divisor)
        return self.table(values)


def _same_divisor(left: np.ndarray | None, right: np.ndarray | None) -> bool:
    if left is None or right is None:
        return left is right
    return left.shape == right.shape and bool(np.array_equal(left, right))


def _product(left: np.ndarray | None, right: np.ndarray | None) -> np.ndarray | None:
    if left is None or right is None:
        return right if left is None else left
    return left * right


def _round_shift(raw: int, distance: int) -> int:
    """`raw / 2**distance` to nearest, ties to even."""
    return _round_quotient(raw, 1 << distance)


def _round_quotient(numerator: int, divisor: int) -> int:
    """`numerator / divisor` to nearest, ties to even."""
    quotient, remainder = divmod(2 * numerator + divisor, 2 * divisor)
    return quotient - 1 if remainder == 0 and quotient % 2 else quotient
