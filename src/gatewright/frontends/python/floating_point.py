"""Floating-point arithmetic, IEEE 754's, with NumPy's types: where no fixed-point `precision` takes its place.

A NumPy float has a format and is always in the IR. A Python float is known while compiling, or is a double in the IR;
either way it takes the type of the NumPy float that it meets.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Operation

from gatewright.frontends.python.conversion import bits_of, resize, term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import (
    PYTHON_FLOAT,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    SquareRoot,
    ir_type_of,
)
from gatewright.ir.float_operations import MOST_FACTORS, OPERATION_OF, has_functions, is_root_or_product
from gatewright.ir.floats import float_constant
from gatewright.numbers.types import Bool, Float, Integer, f16, f32, f64
from gatewright.operators.float_operators import FUNCTIONS, OF_TWO

ARITHMETIC: dict[str, type[Operation]] = {
    "+": arith.AddfOp,
    "-": arith.SubfOp,
    "*": arith.MulfOp,
    "/": arith.DivfOp,
    "max": arith.MaximumfOp,
    "min": arith.MinimumfOp,
    "fmax": arith.MaxnumfOp,
    "fmin": arith.MinnumfOp,
    "copysign": math.CopySignOp,
}
"""What computes an operator, or a function of two numbers."""

PREDICATES = {"==": "oeq", "!=": "une", "<": "olt", "<=": "ole", ">": "ogt", ">=": "oge"}

OF_ONE: dict[str, type[Operation]] = {
    **{name: kind for name, kind in OPERATION_OF.items() if name not in OF_TWO},
    "sqrt": math.SqrtOp,
    "expm1": math.ExpM1Op,
    "log10": math.Log10Op,
    "log1p": math.Log1pOp,
    "sinh": math.SinhOp,
    "cosh": math.CoshOp,
    "floor": math.FloorOp,
    "ceil": math.CeilOp,
    "trunc": math.TruncOp,
    "rint": math.RoundEvenOp,
    "sigmoid": OPERATION_OF["logistic"],
}
"""What computes a function of one number."""

_MADE_OF = {"expm1": "exp", "log10": "log", "log1p": "log", "sinh": "exp", "cosh": "exp", "sigmoid": "logistic"}


def is_floating(number: Number) -> bool:
    """Whether arithmetic with a number that is in the IR is floating-point arithmetic."""
    return isinstance(number.type, Float) or (isinstance(number.type, PythonFloat) and number.term is not None)


def union(a: NumberType, b: NumberType) -> Float | PythonFloat | None:
    """The type in which two numbers meet of which one is a float, as NumPy has it; None if they do not meet."""
    if isinstance(a, (FixedPoint, SquareRoot)) or isinstance(b, (FixedPoint, SquareRoot)):
        return None
    if isinstance(a, Float) and isinstance(b, Float):
        return _wider(a, b)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Float):
            return one if isinstance(other, (PythonInt, PythonBool, PythonFloat)) else _with_integer(one, other)
    if isinstance(a, (PythonInt, PythonBool, PythonFloat)) and isinstance(b, (PythonInt, PythonBool, PythonFloat)):
        return PYTHON_FLOAT
    return f64


def joined(a: Number, b: Number) -> Float | PythonFloat | None:
    """The type of a variable that is `a` on one path and `b` on another, of which one is a float; None if the paths
    would give different results with it. A constant of Python's may be of any type that holds it."""
    if isinstance(a.type, PythonFloat | PythonInt | PythonBool) and isinstance(
        b.type, PythonFloat | PythonInt | PythonBool
    ):
        return PYTHON_FLOAT
    for one, other in ((a, b), (b, a)):
        if not isinstance(one.type, Float):
            continue
        if one.type == other.type:
            return one.type
        python = isinstance(other.type, PythonFloat | PythonInt | PythonBool)
        if python and other.constant is not None and _holds(one.type, _exactly(other.constant)):
            return one.type
    return None


def _holds(type_: Float, value: float) -> bool:
    return value != value or float_constant(value, type_.format).value.data == value


def of_integers(type_: NumberType) -> Float | PythonFloat:
    """The type in which NumPy takes a function of integers: the smallest that holds them, up to float64."""
    if isinstance(type_, PythonInt | PythonBool):
        return f64
    bits = type_.bits if isinstance(type_, Integer) else 1
    return f16 if bits <= 8 else f32 if bits <= 16 else f64


def _wider(a: Float, b: Float) -> Float:
    """The smaller of the two formats that holds both, or the smallest of NumPy's that does."""
    for one, other in ((a, b), (b, a)):
        if one.exponent >= other.exponent and one.mantissa >= other.mantissa:
            return one
    holds_both = max(a.exponent, b.exponent) <= f32.exponent and max(a.mantissa, b.mantissa) <= f32.mantissa
    return f32 if holds_both else f64


def _with_integer(a: Float, b: NumberType) -> Float:
    if isinstance(b, Bool):
        return a
    assert isinstance(b, Integer)
    size = next(size for size in (8, 16, 32, 64) if b.bits <= size)
    least = {8: 11, 16: 24, 32: 53, 64: 53}[size]
    # NumPy's own choice: a format that holds the integers of the type, but float64 for the largest.
    if a.mantissa + 1 >= least:
        return a
    return f32 if least <= 24 else f64


def number(state: Elaboration, value: float, type_: Float) -> Number:
    """A constant of a format."""
    attribute = float_constant(value, type_.format)
    return Number(type_, state.builder.pure(arith.ConstantOp, attribute))


def known_float(state: Elaboration, value: float) -> Number:
    """A Python float in the IR."""
    return Number(PYTHON_FLOAT, number(state, value, f64).term)


def convert(state: Elaboration, given: Number, type_: Float | PythonFloat) -> Number:
    """A number of any type as a float, rounded to nearest."""
    target = f64 if isinstance(type_, PythonFloat) else type_
    return Number(type_, _converted(state, given, target))


def _converted(state: Elaboration, given: Number, target: Float) -> TypedTerm:
    build = state.builder.pure
    if isinstance(given.type, SquareRoot):
        of = Number(given.type.of, given.term, given.constant)
        root = build(math.SqrtOp, _converted(state, of, f64))
        return _between(state, root, f64, target)
    if isinstance(given.type, FixedPoint):
        # Both steps are exact in a format that holds the digits: only the last one rounds.
        wide = f32 if given.type.bits <= f32.mantissa + 1 and abs(given.type.fraction) < f32.format.bias // 2 else f64
        raw = build(arith.SIToFPOp, term_of(state, given), ir_type_of(wide))
        scaled = build(arith.MulfOp, raw, _constant(state, 2.0**-given.type.fraction, wide))
        return _between(state, scaled, wide, target)
    if given.is_known:
        assert given.constant is not None
        return _constant(state, _exactly(given.constant), target)
    value = term_of(state, given)
    if isinstance(given.type, (Float, PythonFloat)):
        source = f64 if isinstance(given.type, PythonFloat) else given.type
        return _between(state, value, source, target)
    if isinstance(given.type, PythonInt):
        return build(arith.SIToFPOp, bits_of(state, given, 64), ir_type_of(target))
    signed = isinstance(given.type, Integer) and given.type.signed
    return build(arith.SIToFPOp if signed else arith.UIToFPOp, value, ir_type_of(target))


def _exactly(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _constant(state: Elaboration, value: float, type_: Float) -> TypedTerm:
    found = number(state, value, type_).term
    assert found is not None
    return found


def _between(state: Elaboration, value: TypedTerm, source: Float, target: Float) -> TypedTerm:
    """A number of one format in another one; by way of a format that holds both where neither does."""
    if source == target:
        return value
    build, type_ = state.builder.pure, ir_type_of(target)
    if target.width > source.width:
        return build(arith.ExtFOp, value, type_)
    if target.width < source.width:
        return build(arith.TruncFOp, value, type_)
    return build(arith.TruncFOp, build(arith.ExtFOp, value, ir_type_of(f32)), type_)


def arithmetic(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """`a operator b`, or a function of two numbers, of which one is a float or the operator is `/`."""
    type_ = union(a.type, b.type)
    if type_ is None:
        raise state.unsupported(
            f"{a.type} and {b.type} have no common type", remedy="convert one of them, for example with np.float32(x)"
        )
    if operator == "**":
        return _power(state, a, b, type_)
    if operator not in ARITHMETIC:
        raise state.unsupported(
            f"{operator} does not work on floating-point numbers",
            remedy="np.floor(a / b) divides and rounds down" if operator in ("//", "%") else None,
        )
    left, right = (convert(state, side, type_).term for side in (a, b))
    assert left is not None and right is not None
    return Number(type_, state.builder.pure(ARITHMETIC[operator], left, right))


def _power(state: Elaboration, a: Number, b: Number, type_: Float | PythonFloat) -> Number:
    form = f64 if isinstance(type_, PythonFloat) else type_
    if not has_functions(form.format) and not is_root_or_product(form.format, b.constant):
        raise state.unsupported(
            f"** of {form} needs an exponent that is known, whole or a half, and at most {MOST_FACTORS}",
            why="elementary functions are those of formats up to float32",
            remedy="convert both operands: np.float32(x) ** np.float32(y)",
        )
    base, exponent = (convert(state, side, type_).term for side in (a, b))
    assert base is not None and exponent is not None
    return Number(type_, state.builder.pure(math.PowFOp, base, exponent))


def compare(state: Elaboration, operator: str, a: Number, b: Number, result: Bool | PythonBool) -> Number:
    """A comparison of numbers of which one is a float."""
    type_ = union(a.type, b.type)
    if type_ is None:
        raise state.unsupported(f"{a.type} and {b.type} cannot be compared", remedy="convert one of them")
    left, right = (convert(state, side, type_).term for side in (a, b))
    assert left is not None and right is not None
    return Number(result, state.builder.pure(arith.CmpfOp, left, right, PREDICATES[operator]))


def beats(state: Elaboration, operator: str, value: Number, best: Number) -> Number:
    """Whether an element takes the place of the best one so far, by `<` or `>`: the first NaN does, and keeps it."""
    value_bits, best_bits = term_of(state, value), term_of(state, best)
    wins = state.builder.pure(arith.CmpfOp, value_bits, best_bits, {"<": "ult", ">": "ugt"}[operator])
    number = state.builder.pure(arith.CmpfOp, best_bits, best_bits, "ord")
    return Number(Bool(), state.builder.pure(arith.AndIOp, wins, number))


def negate(state: Elaboration, a: Number) -> Number:
    """`-a`."""
    return Number(a.type, state.builder.pure(arith.NegfOp, term_of(state, a)))


def absolute(state: Elaboration, a: Number) -> Number:
    """`abs(a)`."""
    return Number(a.type, state.builder.pure(math.AbsFOp, term_of(state, a)))


def apply(state: Elaboration, name: str, given: Number) -> Number:
    """A function of one number, of `OF_ONE`. That of a fixed-point number is of float32, which holds the number."""
    if isinstance(given.type, FixedPoint):
        _check_float_holds(state, name, given.type)
        type_ = f32
    else:
        type_ = given.type if isinstance(given.type, (Float, PythonFloat)) else of_integers(given.type)
    form = f64 if isinstance(type_, PythonFloat) else type_
    if _MADE_OF.get(name, name) in FUNCTIONS and not has_functions(form.format):
        raise state.unsupported(
            f"{name} of {type_} has no hardware",
            why="elementary functions are those of formats up to float32",
            remedy=f"convert its argument: {name}(np.float32(x))",
        )
    value = convert(state, given, type_).term
    assert value is not None
    return Number(type_, state.builder.pure(OF_ONE[name], value))


def apply_to_two(state: Elaboration, name: str, a: Number, b: Number) -> Number:
    """An elementary function of two numbers, in the type that NumPy takes it in."""
    real = any(isinstance(each.type, Float | PythonFloat | FixedPoint) for each in (a, b))
    type_ = union(a.type, b.type) if real else union(of_integers(a.type), of_integers(b.type))
    if type_ is None:
        raise state.unsupported(
            f"{name} does not take {a.type} and {b.type}", remedy="convert both, for example with np.float32(x)"
        )
    form = f64 if isinstance(type_, PythonFloat) else type_
    if not has_functions(form.format):
        raise state.unsupported(
            f"{name} of {type_} has no hardware",
            why="elementary functions are those of formats up to float32",
            remedy=f"convert its arguments: {name}(np.float32(x), np.float32(y))",
        )
    left, right = (convert(state, side, type_).term for side in (a, b))
    assert left is not None and right is not None
    return Number(type_, state.builder.pure(OPERATION_OF[name], left, right))


def _check_float_holds(state: Elaboration, name: str, type_: FixedPoint) -> None:
    if type_.bits > f32.mantissa + 1:
        raise state.unsupported(
            f"{name} of {type_} has no hardware",
            why=f"it is computed in float32, which holds {f32.mantissa + 1} bits",
            remedy="round its argument first: gw.fixed(width, fraction)(x)",
        )


def to_integer(state: Elaboration, a: Number, type_: Integer | PythonInt) -> Number:
    """A float as an integer: its fraction is dropped, towards zero; what is beyond saturates, and a NaN is 0."""
    value, build = term_of(state, a), state.builder.pure
    if isinstance(type_, PythonInt):
        whole = build(arith.FPToSIOp, value, IntegerType(64))
        return state.python_int(build(arith.IndexCastOp, whole, IndexType()))
    kind = arith.FPToSIOp if type_.signed else arith.FPToUIOp
    return Number(type_, build(kind, value, IntegerType(type_.bits)))


def to_fixed(state: Elaboration, a: Number, type_: FixedPoint) -> Number:
    """A float in a fixed-point format: rounded to nearest, ties to even, and saturated."""
    # What becomes too large for the format would have been too large for the fixed-point number.
    narrow = isinstance(a.type, Float) and a.type.mantissa <= f32.mantissa and a.type.exponent <= f32.exponent
    form = f32 if narrow and abs(type_.fraction) < f32.format.bias and type_.bits < f32.format.bias // 2 else f64
    wide = convert(state, a, form).term
    assert wide is not None
    build = state.builder.pure
    scaled = build(arith.MulfOp, wide, _constant(state, 2.0**type_.fraction, form))
    whole = build(math.RoundEvenOp, scaled)
    return Number(type_, resize(state, build(arith.FPToSIOp, whole, IntegerType(type_.bits)), type_.bits, True))


def numpy_type(type_: Float) -> np.dtype | None:
    """NumPy's own type for a format, if it has one."""
    native = {(5, 10): np.float16, (8, 23): np.float32, (11, 52): np.float64}.get((type_.exponent, type_.mantissa))
    return None if native is None else np.dtype(native)
