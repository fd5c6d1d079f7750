"""Exact fixed-point arithmetic, and the one rounding where a value is stored.

A sum has one bit more than its wider operand, a product the bits of both, so nothing is lost. Storing rounds to
nearest, ties to even, and saturates. A Python float is the exact binary number that it is.
"""

from __future__ import annotations

from fractions import Fraction

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType

from gatewright.frontends.python.conversion import as_fraction, bits_of, resize, term_of, to_python_int
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.promotion import exact_union
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import TRUTH, FixedPoint, Number, PythonFloat, PythonInt, SquareRoot
from gatewright.numbers.types import Integer

WIDEST = 512


def to_exact(state: Elaboration, number: Number) -> Number:
    """The number, of any type, as an exact fixed-point number of the fewest bits that its type needs."""
    type_ = number.type
    if isinstance(type_, FixedPoint):
        return number
    if isinstance(type_, SquareRoot):
        raise state.unsupported("this square root is floating point", why="fixed point has no square root yet")
    if number.is_known:
        return exact_constant(state, as_fraction(number))
    if isinstance(type_, TRUTH):
        return Number(FixedPoint(2, 0), bits_of(state, number, 2))
    if isinstance(type_, PythonInt):
        bits = _bits_needed(number)
        return Number(FixedPoint(bits, 0), bits_of(state, number, bits))
    assert isinstance(type_, Integer)
    bits = type_.bits + (not type_.signed)
    return Number(FixedPoint(bits, 0), bits_of(state, number, bits))


def _bits_needed(number: Number) -> int:
    """The bits that hold every value within the bounds of a Python integer."""
    assert number.linear is not None
    low, high = number.linear.least(), number.linear.greatest()
    if low is None or high is None:
        return 64
    return min(64, max(2, _signed_bits(low), _signed_bits(high)))


def _signed_bits(value: int) -> int:
    return (value if value >= 0 else ~value).bit_length() + 1


def exact_constant(state: Elaboration, value: Fraction) -> Number:
    """A binary fraction as a fixed-point constant of the fewest bits."""
    denominator = value.denominator
    if denominator & (denominator - 1):
        raise state.unsupported(f"{value} is not a binary fraction", remedy="round it with gw.fixed(width, fraction)")
    fraction, raw = denominator.bit_length() - 1, value.numerator
    while raw % 2 == 0 and raw.bit_length() > 63:
        raw //= 2
        fraction -= 1
    return Number(FixedPoint(max(2, _signed_bits(raw)), fraction), constant=raw)


def rescale(state: Elaboration, number: Number, type_: FixedPoint) -> Number:
    """The number in a format that holds it exactly."""
    given = number.type
    assert isinstance(given, FixedPoint) and type_.fraction >= given.fraction
    if type_.bits > WIDEST:
        raise state.unsupported(
            f"this needs a fixed-point number of {type_.bits} bits",
            why=f"intermediate results are exact and at most {WIDEST} bits wide",
            remedy="round a part of it with gw.fixed(width, fraction)(...)",
        )
    shift = type_.fraction - given.fraction
    if number.is_known:
        return Number(type_, constant=number.known << shift)
    value = resize(state, term_of(state, number), type_.bits, True)
    if shift:
        value = state.builder.pure(arith.ShLIOp, value, state.builder.constant(shift, value.type))
    return Number(type_, value)


def arithmetic(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """The exact result of `+`, `-`, `*`, `/` by a power of two, `min` or `max`."""
    if operator == "/":
        return _divide(state, to_exact(state, a), b)
    a, b = to_exact(state, a), to_exact(state, b)
    if operator == "*":
        return _multiply(state, a, b)
    if operator not in ("+", "-", "min", "max"):
        raise state.unsupported(
            f"{operator} does not work on fixed-point numbers", remedy="convert them to integers first"
        )
    assert isinstance(a.type, FixedPoint) and isinstance(b.type, FixedPoint)
    union = exact_union(a.type, b.type)
    if operator in ("+", "-"):
        union = FixedPoint(union.bits + 1, union.fraction)
    if operator in ("+", "-") and b.constant == 0:
        return a
    if operator == "+" and a.constant == 0:
        return b
    a, b = rescale(state, a, union), rescale(state, b, union)
    if a.is_known and b.is_known:
        compute = {"+": int.__add__, "-": int.__sub__, "min": min, "max": max}[operator]
        return Number(union, constant=compute(a.known, b.known))
    kind = {"+": arith.AddiOp, "-": arith.SubiOp, "min": arith.MinSIOp, "max": arith.MaxSIOp}[operator]
    return Number(union, state.builder.pure(kind, term_of(state, a), term_of(state, b)))


def _multiply(state: Elaboration, a: Number, b: Number) -> Number:
    assert isinstance(a.type, FixedPoint) and isinstance(b.type, FixedPoint)
    type_ = FixedPoint(a.type.bits + b.type.bits, a.type.fraction + b.type.fraction)
    if a.is_known and b.is_known:
        return Number(type_, constant=a.known * b.known)
    for factor, other in ((a, b), (b, a)):
        if factor.is_known and factor.known == 1:
            assert isinstance(other.type, FixedPoint)
            return Number(FixedPoint(other.type.bits, type_.fraction), other.term, other.constant)
    if type_.bits > WIDEST:
        rescale(state, a, type_)
    left, right = (resize(state, term_of(state, factor), type_.bits, True) for factor in (a, b))
    return Number(type_, state.builder.pure(arith.MuliOp, left, right))


def _divide(state: Elaboration, a: Number, b: Number) -> Number:
    value = abs(as_fraction(b)) if b.is_known else Fraction(0)
    ratio = value.numerator * value.denominator
    if not b.is_known or value == 0 or ratio & (ratio - 1):
        raise state.unsupported(
            "fixed-point division works by a constant power of two only",
            why="other quotients have no exact fixed-point value",
            remedy="multiply by the reciprocal, for example x * gw.fixed(18, 16)(1 / 3)",
        )
    assert isinstance(a.type, FixedPoint)
    places = value.numerator.bit_length() - value.denominator.bit_length()
    quotient = Number(FixedPoint(a.type.bits, a.type.fraction + places), a.term, a.constant)
    return quotient if as_fraction(b) > 0 else negate(state, quotient)


def negate(state: Elaboration, a: Number) -> Number:
    """`-a`, one bit wider so that the most negative number has a counterpart."""
    assert isinstance(a.type, FixedPoint)
    type_ = FixedPoint(a.type.bits + 1, a.type.fraction)
    if a.is_known:
        return Number(type_, constant=-a.known)
    value = resize(state, term_of(state, a), type_.bits, True)
    return Number(type_, state.builder.pure(arith.SubiOp, state.builder.constant(0, value.type), value))


def aligned(state: Elaboration, a: Number, b: Number) -> tuple[Number, Number]:
    """Both numbers in one format that holds them exactly, for comparisons."""
    a, b = to_exact(state, a), to_exact(state, b)
    assert isinstance(a.type, FixedPoint) and isinstance(b.type, FixedPoint)
    union = exact_union(a.type, b.type)
    return rescale(state, a, union), rescale(state, b, union)


def store(state: Elaboration, number: Number, type_: FixedPoint) -> Number:
    """The number in the format of the place where it is kept: rounded to nearest, ties to even, and saturated."""
    number = to_exact(state, number)
    given = number.type
    assert isinstance(given, FixedPoint)
    if given == type_:
        return number
    if number.is_known:
        return Number(type_, constant=quantize(as_fraction(number), type_))
    drop = given.fraction - type_.fraction
    if drop <= 0:
        number = rescale(state, number, FixedPoint(max(given.bits - drop, type_.bits), type_.fraction))
        value, bits = term_of(state, number), max(given.bits - drop, type_.bits)
        needed = given.bits - drop
    else:
        value, bits = _rounded(state, term_of(state, number), given.bits, drop)
        needed = given.bits - drop + 1
    if needed <= type_.bits:
        return Number(type_, resize(state, value, type_.bits, True))
    return Number(type_, _saturated(state, value, bits, type_))


def _rounded(state: Elaboration, value: TypedTerm, bits: int, drop: int) -> tuple[TypedTerm, int]:
    """The value without its `drop` lowest bits, rounded to nearest even: half less one, plus the lowest bit that stays,
    is added before the shift."""
    build, constant = state.builder.pure, state.builder.constant
    bits = max(bits, drop) + 1
    value = resize(state, value, bits, True)
    places = constant(drop, value.type)
    odd = build(arith.AndIOp, build(arith.ShRSIOp, value, places), constant(1, value.type))
    bias = build(arith.AddiOp, odd, constant((1 << (drop - 1)) - 1, value.type))
    return build(arith.ShRSIOp, build(arith.AddiOp, value, bias), places), bits


def _saturated(state: Elaboration, value: TypedTerm, bits: int, type_: FixedPoint) -> TypedTerm:
    constant, build = state.builder.constant, state.builder.pure
    low, high = constant(type_.minimum, IntegerType(bits)), constant(type_.maximum, IntegerType(bits))
    return resize(state, build(arith.MaxSIOp, build(arith.MinSIOp, value, high), low), type_.bits, True)


def quantize(value: Fraction, type_: FixedPoint) -> int:
    """The raw value of a known number in a format: rounded to nearest, ties to even, and saturated."""
    return min(max(round(value * Fraction(2) ** type_.fraction), type_.minimum), type_.maximum)


def to_integer(state: Elaboration, number: Number, type_: Integer | PythonInt) -> Number:
    """A fixed-point number as an integer: its fraction is dropped, towards zero, and it saturates."""
    assert isinstance(number.type, FixedPoint)
    target = FixedPoint(64 if isinstance(type_, PythonInt) else type_.bits + (not type_.signed), 0)
    if number.is_known:
        value = min(max(int(as_fraction(number)), target.minimum), target.maximum)
        value = value if isinstance(type_, PythonInt) or type_.signed else max(value, 0)
        whole = Number(FixedPoint(target.bits, 0), constant=value)
    else:
        whole = store(state, _truncated(state, number), target)
    if isinstance(type_, PythonInt):
        return to_python_int(state, Number(Integer(64), whole.term, whole.constant))
    if whole.is_known:
        return Number(type_, constant=whole.known)
    value = term_of(state, whole)
    if not type_.signed:
        value = state.builder.pure(arith.MaxSIOp, value, state.builder.constant(0, value.type))
    return Number(type_, resize(state, value, type_.bits, True))


def _truncated(state: Elaboration, number: Number) -> Number:
    """The integer part, towards zero: an arithmetic shift after adding all dropped ones to negative numbers."""
    assert isinstance(number.type, FixedPoint)
    drop = number.type.fraction
    if drop <= 0:
        return rescale(state, number, FixedPoint(number.type.bits - drop, 0))
    bits = max(number.type.bits, drop) + 1
    build, constant = state.builder.pure, state.builder.constant
    value = resize(state, term_of(state, number), bits, True)
    negative = build(arith.CmpiOp, value, constant(0, value.type), "slt")
    bias = build(arith.SelectOp, negative, constant((1 << drop) - 1, value.type), constant(0, value.type))
    whole = build(arith.ShRSIOp, build(arith.AddiOp, value, bias), constant(drop, value.type))
    return Number(FixedPoint(bits, 0), whole)


def is_fixed(number: Number) -> bool:
    """Whether arithmetic with this number is fixed-point arithmetic."""
    return isinstance(number.type, (FixedPoint, PythonFloat))


def add_within(state: Elaboration, a: Number, b: Number) -> Number:
    """The sum of two numbers of one format, which the caller knows to be in its range."""
    assert a.type == b.type and isinstance(a.type, FixedPoint)
    return Number(a.type, state.builder.pure(arith.AddiOp, term_of(state, a), term_of(state, b)))
