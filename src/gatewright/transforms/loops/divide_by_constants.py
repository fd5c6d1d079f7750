"""Divide by constants without a divider."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.ranges import width_of
from gatewright.analysis.reciprocal import reciprocal
from gatewright.ir.rewriting import insert_before

DIVISIONS = (arith.DivUIOp, arith.DivSIOp, arith.FloorDivSIOp, arith.RemUIOp, arith.RemSIOp)


@dataclass(frozen=True)
class DivideByConstantsPass(ModulePass):
    """Turn divisions and remainders by constants into products by the reciprocal, those by powers of two into shifts.

    ```
                                            %w = arith.extui %x : i8 to i17
                                            %p = arith.muli %w, %c293 : i17
    %q = arith.divui %x, %c7 : i8      ->   %s = arith.shrui %p, %c11 : i17
                                            %q = arith.trunci %s : i17 to i8
    %r = arith.remui %x, %c8 : i8           %r = arith.andi %x, %c7 : i8
    ```

    Every result stays as it was, also those of the rules for a divisor of 0 and for the smallest number divided by -1.
    A quotient takes one product, of at most `2 * bits + 1` bits; a remainder one more, of `bits` bits.
    """

    name = "divide-by-constants"

    widest: int
    """Most bits of a dividend for which a product is worth its multipliers; powers of two are shifts at any width."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            if isinstance(inner, DIVISIONS) and isinstance(inner.rhs.owner, arith.ConstantOp):
                divisor = inner.rhs.owner.value
                if isinstance(divisor, IntegerAttr):
                    self._replace(inner, divisor.value.data)

    def _replace(self, division: Operation, divisor: int) -> None:
        type_ = division.results[0].type
        width = width_of(type_)
        assert width is not None
        divisor &= (1 << width) - 1
        if isinstance(division, arith.DivSIOp | arith.FloorDivSIOp | arith.RemSIOp) and divisor >> (width - 1):
            divisor -= 1 << width
        if width > self.widest and abs(divisor) & (abs(divisor) - 1):
            return
        emit = _QuotientBuilder(division)
        value = emit.cast(division.operands[0], IntegerType(width))
        result = emit.constant(0, width) if divisor == 0 else _divided(emit, division, value, divisor)
        emit.finish(emit.cast(result, type_))


class _QuotientBuilder:
    """Puts arithmetic in front of an operation that it is to replace."""

    def __init__(self, at: Operation):
        self.at = at

    def insert(self, op: Operation) -> SSAValue:
        """Insert an operation; its result."""
        return insert_before(op, self.at).results[0]

    def constant(self, number: int, width: int) -> SSAValue:
        """The low `width` bits of a number, as a constant."""
        low = number & ((1 << width) - 1)
        signed = low - (1 << width) if low >> (width - 1) else low
        return self.insert(arith.ConstantOp(IntegerAttr(signed, IntegerType(width))))

    def cast(self, value: SSAValue, type_: Attribute) -> SSAValue:
        """`value` as a type of the same width."""
        return value if value.type == type_ else self.insert(arith.IndexCastOp(value, type_))

    def resize(self, value: SSAValue, width: int, signed: bool) -> SSAValue:
        """`value` in `width` bits, extended or truncated."""
        old, type_ = bits(value), IntegerType(width)
        if width == old:
            return value
        if width < old:
            return self.insert(arith.TruncIOp(value, type_))
        return self.insert(arith.ExtSIOp(value, type_) if signed else arith.ExtUIOp(value, type_))

    def shift_right(self, value: SSAValue, amount: int, signed: bool) -> SSAValue:
        """`value >> amount`, for an amount below its width."""
        assert amount < bits(value)
        if amount == 0:
            return value
        by = self.constant(amount, bits(value))
        return self.insert(arith.ShRSIOp(value, by) if signed else arith.ShRUIOp(value, by))

    def subtract(self, left: SSAValue, right: SSAValue) -> SSAValue:
        """`left - right`."""
        return self.insert(arith.SubiOp(left, right))

    def finish(self, result: SSAValue) -> None:
        """Replace the operation by a value."""
        name = self.at.results[0].name_hint
        if name is not None and isinstance(result.owner, Operation):
            result.name_hint = name
        Rewriter.replace_op(self.at, [], [result])


def bits(value: SSAValue) -> int:
    """The width of an integer."""
    assert isinstance(value.type, IntegerType)
    return value.type.width.data


def _divided(emit: _QuotientBuilder, division: Operation, value: SSAValue, divisor: int) -> SSAValue:
    """The result of a division of a kind by a constant other than 0."""
    width = bits(value)
    match division:
        case arith.DivUIOp():
            return _unsigned(emit, value, divisor)
        case arith.FloorDivSIOp():
            return _rounded_down(emit, value, divisor)
        case arith.DivSIOp():
            return _truncated(emit, value, divisor)
        case arith.RemUIOp():
            if divisor & (divisor - 1) == 0:
                return emit.insert(arith.AndIOp(value, emit.constant(divisor - 1, width)))
            quotient = _unsigned(emit, value, divisor)
        case _:
            # The sign of the divisor makes no difference to a remainder that has the sign of the dividend.
            divisor = abs(divisor)
            quotient = _truncated(emit, value, divisor)
    if divisor == 1:
        return emit.constant(0, width)
    return emit.subtract(value, emit.insert(arith.MuliOp(quotient, emit.constant(divisor, width))))


def _unsigned(emit: _QuotientBuilder, value: SSAValue, divisor: int, dividend_bits: int | None = None) -> SSAValue:
    """`value // divisor` of an unsigned number, of which only the lowest `dividend_bits` bits are not 0."""
    width = bits(value)
    used = width if dividend_bits is None else dividend_bits
    # A factor of two is a shift, which makes the dividend and with it the product narrower.
    twos = (divisor & -divisor).bit_length() - 1
    divisor >>= twos
    if used <= twos or divisor >> (used - twos):
        return emit.constant(0, width)
    value = emit.shift_right(value, twos, signed=False)
    if divisor == 1:
        return value
    used -= twos
    inverse = reciprocal(divisor, used)
    product = used + inverse.multiplier.bit_length()
    narrow = emit.resize(value, used, signed=False)
    extended = emit.resize(narrow, product, signed=False)
    scaled = emit.insert(arith.MuliOp(extended, emit.constant(inverse.multiplier, product)))
    return emit.resize(emit.shift_right(scaled, inverse.shift, signed=False), width, signed=False)


def _rounded_down(emit: _QuotientBuilder, value: SSAValue, divisor: int) -> SSAValue:
    """`value // divisor` of a signed number, rounded down as in Python."""
    width = bits(value)
    if divisor < 0:
        # x // -d = ~((x - 1) // d); the difference takes one bit more.
        wide = emit.resize(value, width + 1, signed=True)
        less = emit.subtract(wide, emit.constant(1, width + 1))
        quotient = _rounded_down(emit, less, -divisor)
        inverted = emit.insert(arith.XOrIOp(quotient, emit.constant(-1, width + 1)))
        return emit.resize(inverted, width, signed=True)
    if divisor & (divisor - 1) == 0:
        return emit.shift_right(value, divisor.bit_length() - 1, signed=True)
    # x // d = ~(~x // d), and one of x and ~x is not negative.
    sign = emit.shift_right(value, width - 1, signed=True)
    positive = emit.insert(arith.XOrIOp(value, sign))
    quotient = _unsigned(emit, positive, divisor, width - 1)
    return emit.insert(arith.XOrIOp(quotient, sign))


def _truncated(emit: _QuotientBuilder, value: SSAValue, divisor: int) -> SSAValue:
    """The quotient of a signed number, rounded towards 0."""
    width, magnitude = bits(value), abs(divisor)
    if magnitude & (magnitude - 1) == 0:
        twos = magnitude.bit_length() - 1
        quotient = value
        if twos:
            # A negative number is rounded down unless d - 1 is added first.
            sign = emit.shift_right(value, width - 1, signed=True)
            added = emit.shift_right(sign, width - twos, signed=False)
            quotient = emit.shift_right(emit.insert(arith.AddiOp(value, added)), twos, signed=True)
        return emit.subtract(emit.constant(0, width), quotient) if divisor < 0 else quotient
    inverse = reciprocal(magnitude, width - 1, above=True)
    product = width + inverse.multiplier.bit_length()
    extended = emit.resize(value, product, signed=True)
    scaled = emit.insert(arith.MuliOp(extended, emit.constant(inverse.multiplier, product)))
    floor = emit.resize(emit.shift_right(scaled, inverse.shift, signed=True), width, signed=True)
    # Rounded down it is one too small where the number is negative; `sign` is -1 there.
    sign = emit.shift_right(value, width - 1, signed=True)
    return emit.subtract(sign, floor) if divisor < 0 else emit.subtract(floor, sign)
