"""Convert a number to any type: what a cast, a store into an array and a join of two paths do."""

from __future__ import annotations

from gatewright.frontends.python import fixed_point, floating_point
from gatewright.frontends.python.conversion import (
    ROOT_REMEDY,
    check_fits,
    float_error,
    root_type,
    to_integer,
    to_python_int,
    to_truth,
    wrap,
)
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.values import (
    PYTHON_BOOL,
    PYTHON_FLOAT,
    PYTHON_INT,
    TRUTH,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    PythonObject,
    SquareRoot,
    Value,
    kind_of,
    python_int,
)
from gatewright.numbers.types import Bool, Fixed, Float, Integer


def convert(state: Elaboration, number: Number, type_: NumberType) -> Number:
    """The number in another type, as a NumPy cast makes it: integers wrap, fixed point rounds and saturates."""
    if number.type == type_:
        return number if not number.possible_types else Number(type_, number.term, number.constant, number.linear)
    match type_:
        case Float():
            return floating_point.convert(state, number, type_)
        case PythonFloat() if number.is_known and not isinstance(number.type, (FixedPoint, SquareRoot)):
            return Number(PYTHON_FLOAT, constant=number.known_float)
        case PythonFloat() if state.options.precision is None:
            return floating_point.convert(state, number, type_)
        case Bool() | PythonBool():
            return to_truth(state, number, type_)
        case FixedPoint() if floating_point.is_floating(number):
            return floating_point.to_fixed(state, number, type_)
        case FixedPoint():
            return fixed_point.store(state, number, type_)
        case Integer():
            return _to_integer(state, number, type_)
        case PythonInt():
            return _to_python_int(state, number)
    raise float_error(state, str(type_))


def _to_integer(state: Elaboration, number: Number, type_: Integer) -> Number:
    if floating_point.is_floating(number):
        return floating_point.to_integer(state, number, type_)
    if isinstance(number.type, PythonFloat):
        assert number.constant is not None
        return Number(type_, constant=wrap(_whole(state, number), type_))
    if isinstance(number.type, FixedPoint):
        return fixed_point.to_integer(state, number, type_)
    return to_integer(state, number, type_)


def _to_python_int(state: Elaboration, number: Number) -> Number:
    if floating_point.is_floating(number):
        return floating_point.to_integer(state, number, PYTHON_INT)
    if isinstance(number.type, PythonFloat):
        return python_int(_whole(state, number))
    if isinstance(number.type, FixedPoint):
        return fixed_point.to_integer(state, number, PYTHON_INT)
    if isinstance(number.type, SquareRoot):
        return to_python_int(state, to_integer(state, number, Integer(64)))
    if isinstance(number.type, Integer) and number.type.maximum >= 1 << 63 and not number.is_known:
        raise state.unsupported(
            "a u64 does not fit a Python integer of 64 bits", remedy="convert it with np.int64(x), which wraps"
        )
    return to_python_int(state, number)


def _whole(state: Elaboration, number: Number) -> int:
    try:
        return int(number.constant or 0)
    except (OverflowError, ValueError):
        raise state.mistake(f"{number.constant} is not an integer") from None


def store_as(state: Elaboration, number: Number, type_: NumberType) -> Number:
    """The number as an array element of `type_`; like NumPy, it refuses a Python integer that does not fit."""
    if isinstance(type_, Integer):
        check_fits(state, number, type_)
    return convert(state, number, type_)


def number_of(state: Elaboration, value: Value | None, what: str = "this") -> Number:
    """The value, which must be a scalar."""
    if isinstance(value, Number):
        return value
    raise state.unsupported(f"{what} must be a number, not {kind_of(value)}")


def plain_number(state: Elaboration, number: Number, doing: str) -> Number:
    """The number; the square root of an integer, a float, only where floats are."""
    if isinstance(number.type, SquareRoot) and state.options.precision is None:
        python = isinstance(number.type.of, PythonInt)
        type_ = PYTHON_FLOAT if python else root_type(number.type)
        return floating_point.convert(state, number, type_)
    if isinstance(number.type, SquareRoot):
        raise state.unsupported(f"{doing} of a square root is floating point", remedy=ROOT_REMEDY)
    return number


def scalar_type(state: Elaboration, scalar: object) -> NumberType:
    """The type of a number for a `gw` scalar type; floats take the format of the option `precision`."""
    match scalar:
        case Integer() | Bool():
            return scalar
        case Fixed():
            return FixedPoint(scalar.bits, scalar.fraction)
        case Float():
            if (format_ := state.options.fixed_format()) is not None:
                return FixedPoint(format_.bits, format_.fraction)
            return scalar
    raise float_error(state, str(scalar))


def is_truth(number: Number) -> bool:
    """Whether the number is a truth value."""
    return isinstance(number.type, TRUTH)


def truth_of(state: Elaboration, value: Value) -> Number:
    """Whether Python takes the value for true."""
    match value:
        case Number():
            return to_truth(state, value, PYTHON_BOOL)
        case PythonObject(value=known) if known is None or isinstance(known, str):
            return Number(PYTHON_BOOL, constant=int(bool(known)))
    raise state.unsupported(
        f"{kind_of(value)} is not a condition", remedy="compare its elements, or use np.any or np.all"
    )
