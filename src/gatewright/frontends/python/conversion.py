"""Turn numbers into terms and into numbers of other types."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerType

from gatewright.dialects import gw
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import (
    WEAK,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    SquareRoot,
    ir_type_of,
    python_int,
)
from gatewright.ir.constants import zero_of
from gatewright.numbers.types import Bool, Float, Integer, f16, f32, f64

FLOAT_REMEDY = "compile without precision=, or use gw.fixed(width, fraction) numbers"
ROOT_REMEDY = "take its integer part at once, as in np.uint32(np.sqrt(x))"


def term_of(state: Elaboration, number: Number) -> TypedTerm:
    """The term of a number; a known one becomes a constant."""
    if number.term is not None:
        return number.term
    if isinstance(number.type, PythonFloat):
        if state.options.precision is not None:
            raise float_error(state, f"{number.constant}")
        assert number.constant is not None
        return state.builder.constant(number.constant, ir_type_of(number.type))
    if isinstance(number.type, PythonInt) and not -(1 << 63) <= number.known < 1 << 63:
        raise state.unsupported(
            f"the Python integer {number.known} has more than 64 bits", why="Python integers are 64 bits in hardware"
        )
    return state.builder.constant(number.known, ir_type_of(number.type))


def float_error(state: Elaboration, what: str):
    """The error for a floating-point number where hardware would need one."""
    return state.unsupported(f"{what} is floating point", why="numbers are fixed point here", remedy=FLOAT_REMEDY)


def wrap(value: int, type_: Integer | Bool) -> int:
    """The value that an integer takes in a type, as NumPy wraps it."""
    if isinstance(type_, Bool):
        return int(value != 0)
    value &= (1 << type_.bits) - 1
    return value - (1 << type_.bits) if type_.signed and value >> (type_.bits - 1) else value


def resize(state: Elaboration, value: TypedTerm, bits: int, signed: bool) -> TypedTerm:
    """An integer of another width: extended by its sign if `signed`, by zeros if not, or truncated."""
    assert isinstance(value.type, IntegerType)
    present = value.type.width.data
    if present == bits:
        return value
    if present > bits:
        return state.builder.pure(arith.TruncIOp, value, IntegerType(bits))
    return state.builder.pure(arith.ExtSIOp if signed else arith.ExtUIOp, value, IntegerType(bits))


def bits_of(state: Elaboration, number: Number, bits: int) -> TypedTerm:
    """The value of an integer, Python's or NumPy's, or truth value as `bits` bits of two's complement."""
    if number.is_known:
        return state.builder.constant(number.known, IntegerType(bits))
    value = term_of(state, number)
    if isinstance(number.type, PythonInt):
        if bits <= 64:
            return state.builder.pure(arith.IndexCastOp, value, IntegerType(bits))
        return resize(state, state.builder.pure(arith.IndexCastOp, value, IntegerType(64)), bits, True)
    return resize(state, value, bits, is_signed(number.type))


def is_signed(type_: NumberType) -> bool:
    """Whether the values of a type can be negative."""
    return isinstance(type_, (PythonInt, FixedPoint)) or (isinstance(type_, Integer) and type_.signed)


def to_python_int(state: Elaboration, number: Number) -> Number:
    """The number as a Python integer."""
    if isinstance(number.type, PythonInt):
        return number
    if number.is_known:
        return python_int(number.known)
    value = term_of(state, number)
    assert isinstance(value.type, IntegerType)
    if not is_signed(number.type) and value.type.width.data < 64:
        value = resize(state, value, 64, False)
    index = state.builder.pure(arith.IndexCastOp, value, IndexType())
    low, high = range_of(number.type)
    return state.python_int(index, None, low, high)


def range_of(type_: NumberType) -> tuple[int | None, int | None]:
    """The least and greatest integer of a type that 64-bit signed arithmetic holds."""
    if isinstance(type_, (Bool, PythonBool)):
        return 0, 1
    if isinstance(type_, Integer) and (type_.signed or type_.bits < 64):
        return type_.minimum, type_.maximum
    return None, None


def to_integer(state: Elaboration, number: Number, type_: Integer) -> Number:
    """The number as a NumPy integer; it wraps. The root of an integer becomes its floor."""
    if isinstance(number.type, SquareRoot):
        return _floor_of_root(state, number, type_)
    if number.type == type_:
        return number
    if number.is_known:
        return Number(type_, constant=wrap(number.known, type_))
    return Number(type_, bits_of(state, number, type_.bits))


def _floor_of_root(state: Elaboration, root: Number, type_: Integer) -> Number:
    """The integer part of a square root; `root` holds the integer below it."""
    assert isinstance(root.type, SquareRoot)
    of = root.type.of
    if root.is_known:
        return Number(type_, constant=wrap(isqrt(max(root.known, 0)), type_))
    bits = 64 if isinstance(of, PythonInt) else of.bits
    value = state.builder.pure(gw.IsqrtOp, bits_of(state, Number(of, root.term, root.constant), bits))
    return Number(type_, resize(state, value, type_.bits, False))


def to_truth(state: Elaboration, number: Number, type_: Bool | PythonBool) -> Number:
    """Whether the number is not zero."""
    if isinstance(number.type, SquareRoot):
        number = Number(number.type.of, number.term, number.constant)
    if number.is_known:
        return Number(type_, constant=int(number.constant != 0))
    value = term_of(state, number)
    if isinstance(number.type, (Float, PythonFloat)):
        zero = state.builder.pure(arith.ConstantOp, zero_of(value.type))
        return Number(type_, state.builder.pure(arith.CmpfOp, value, zero, "une"))
    if not isinstance(number.type, (Bool, PythonBool)):
        value = state.builder.pure(arith.CmpiOp, value, state.builder.constant(0, value.type), "ne")
    return Number(type_, value)


def root_type(root: SquareRoot) -> Float:
    """The type that NumPy gives the square root of an integer: the smallest that holds it, up to float64."""
    bits = 64 if isinstance(root.of, PythonInt) else root.of.bits
    return f16 if bits <= 8 else f32 if bits <= 16 else f64


def from_truth(state: Elaboration, number: Number) -> Number:
    """A Python truth value as the Python integer 0 or 1; other numbers as they are."""
    return to_python_int(state, number) if isinstance(number.type, PythonBool) else number


def as_fraction(number: Number) -> Fraction:
    """The value of a number known while compiling."""
    assert number.constant is not None
    if isinstance(number.type, FixedPoint):
        return Fraction(number.known) / Fraction(2) ** number.type.fraction
    return Fraction(number.constant)


def check_fits(state: Elaboration, number: Number, type_: Integer) -> None:
    """Refuse a Python integer known while compiling that NumPy would not take next to a number of `type_`."""
    if isinstance(number.type, PythonInt) and number.is_known and wrap(number.known, type_) != number.known:
        raise state.mistake(
            f"the Python integer {number.known} does not fit {type_}",
            why=f"{type_} holds {type_.minimum} to {type_.maximum}, and NumPy raises OverflowError here",
            remedy="convert the other operand to a wider type first",
        )


def is_weak(number: Number) -> bool:
    """Whether the number takes the type of a NumPy number it meets."""
    return isinstance(number.type, WEAK)
