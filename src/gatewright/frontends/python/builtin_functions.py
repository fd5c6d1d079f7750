"""Python's own functions: `range`, `len`, `abs`, `min`, `int` and the like."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects import arith

from gatewright.dialects import gw
from gatewright.frontends.python import fixed_point, floating_point
from gatewright.frontends.python.arrays import counted, element_at, elementwise
from gatewright.frontends.python.casts import convert, number_of, truth_of
from gatewright.frontends.python.conversion import bits_of, float_error, term_of, to_python_int
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.iteration import counted_items, progression
from gatewright.frontends.python.joins import open_number
from gatewright.frontends.python.naming import settled
from gatewright.frontends.python.operators import absolute, number_binary, number_compare, on_each_alternative
from gatewright.frontends.python.tables import Arguments, function
from gatewright.frontends.python.values import (
    PYTHON_FLOAT,
    PYTHON_INT,
    ArrayValue,
    FixedPoint,
    Number,
    PythonFloat,
    PythonInt,
    PythonObject,
    RangeObject,
    SquareRoot,
    Tuple,
    Value,
    ZippedIterator,
    kind_of,
    python_int,
)
from gatewright.numbers.types import Float, Integer


def select(state: Elaboration, condition: Number, a: Number, b: Number) -> Number:
    """`a if condition else b` for numbers that exist already."""
    if condition.is_known:
        return a if condition.known else b
    if (merged := open_number(state, a, b)) is None:
        raise state.unsupported(f"{a.type} and {b.type} have no common type", remedy="convert one of them")
    left, right = (term_of(state, convert(state, number, merged.type)) for number in (a, b))
    value = state.builder.pure(arith.SelectOp, term_of(state, condition), left, right) if left is not right else left
    if isinstance(merged.type, PythonInt):
        return state.python_int(value, merged.linear)
    return Number(merged.type, value, possible_types=merged.possible_types)


@function(range, "range")
def elaborate_range(state: Elaboration, arguments: Arguments) -> Value:
    """For loops; any bounds and steps, known or not, negative ones too."""
    values = [value for value in arguments.bind(state, "start", "stop", "step") if value is not None]
    numbers = []
    for value in values:
        number = number_of(state, value, "an argument of range")
        if not isinstance(number.type, (Integer, PythonInt)):
            raise state.mistake(f"range takes integers, not {number.type}")
        numbers.append(to_python_int(state, number))
    return progression(state, numbers)


@function(len, "len")
def elaborate_len(state: Elaboration, arguments: Arguments) -> Value:
    """The length of an array's first axis, a tuple or a range, known while compiling."""
    (value,) = arguments.bind(state, "object")
    if isinstance(value, Tuple):
        return python_int(len(value.items))
    if isinstance(value, ArrayValue) and value.shape:
        return python_int(value.shape[0])
    if isinstance(value, RangeObject):
        count, _ = counted_items(state, value)
        return number_binary(state, "max", count, python_int(0))
    if isinstance(value, PythonObject) and isinstance(value.value, (str, dict)):
        return python_int(len(value.value))
    assert value is not None
    raise state.mistake(f"{kind_of(value)} has no length")


@function(enumerate, "enumerate")
def elaborate_enumerate(state: Elaboration, arguments: Arguments) -> Value:
    """For loops over arrays and ranges, with a count."""
    value, start = arguments.bind(state, "iterable", "start")
    assert value is not None
    return ZippedIterator(
        "enumerate", (settled(state, value),), python_int(0) if start is None else number_of(state, start)
    )


@function(zip, "zip")
def elaborate_zip(state: Elaboration, arguments: Arguments) -> Value:
    """For loops over several arrays and ranges at once."""
    (strict,) = Arguments("zip", [], arguments.keywords).bind(state, "strict", least=0)
    if not arguments.positional:
        raise state.mistake("zip needs an argument")
    parts = tuple(settled(state, value) for value in arguments.positional)
    counts = [counted_items(state, part)[0] for part in parts]
    known = {count.known for count in counts if count.is_known}
    if strict is not None and truth_of(state, strict).known and (len(known) > 1 or not all(c.is_known for c in counts)):
        raise state.mistake("zip with strict=True needs items of one length", why="Python raises ValueError otherwise")
    return ZippedIterator("zip", parts)


@function(reversed, "reversed")
def elaborate_reversed(state: Elaboration, arguments: Arguments) -> Value:
    """For loops over an array or range from its end."""
    (value,) = arguments.bind(state, "sequence")
    assert value is not None
    return (
        Tuple(value.items[::-1]) if isinstance(value, Tuple) else ZippedIterator("reversed", (settled(state, value),))
    )


@function(abs, "abs")
def elaborate_abs(state: Elaboration, arguments: Arguments) -> Value:
    """The absolute value of a number or array; the smallest integer of a type keeps its sign."""
    (value,) = arguments.bind(state, "x")
    return elaborate_absolute(state, value)


def elaborate_absolute(state: Elaboration, value: Value | None) -> Value:
    """`abs` of a number or of each element."""
    if not isinstance(value, (Number, ArrayValue)):
        raise state.unsupported(f"abs does not work on {kind_of(value) if value is not None else 'nothing'}")
    return elementwise(state, lambda x: on_each_alternative(state, absolute, x), [value])


def _extreme(state: Elaboration, arguments: Arguments, sign: str) -> Value:
    """`min` or `max`: the first of the smallest or largest, as Python finds it."""
    values = arguments.positional
    if arguments.keywords:
        raise state.unsupported(f"{arguments.name} cannot take {next(iter(arguments.keywords))}= here")
    if len(values) == 1 and isinstance(values[0], Tuple):
        values = list(values[0].items)
    if len(values) == 1 and isinstance(values[0], ArrayValue) and len(values[0].shape) == 1:
        return _extreme_of_array(state, values[0], sign)
    if not values:
        raise state.mistake(f"{arguments.name} needs an argument")
    best = number_of(state, values[0], f"an argument of {arguments.name}")
    for value in values[1:]:
        best = _better(state, best, number_of(state, value, f"an argument of {arguments.name}"), sign)
    return best


def _better(state: Elaboration, best: Number, other: Number, sign: str) -> Number:
    if best.type == other.type and isinstance(best.type, (Integer, PythonInt, FixedPoint)) and not best.possible_types:
        return number_binary(state, "min" if sign == "<" else "max", best, other)
    return select(state, number_compare(state, sign, other, best), other, best)


def _extreme_of_array(state: Elaboration, array: ArrayValue, sign: str) -> Number:
    first = element_at(state, array, [python_int(0)])
    if array.shape[0] == 1:
        return first

    def step(index: Number, carried: Sequence[Number]) -> list[Number]:
        following = number_binary(state, "+", index, python_int(1))
        return [_better(state, carried[0], element_at(state, array, [following]), sign)]

    return counted(state, array.shape[0] - 1, [first], step)[0]


@function(min, "min")
def elaborate_min(state: Elaboration, arguments: Arguments) -> Value:
    """The smallest of several numbers, or of a one-dimensional array."""
    return _extreme(state, arguments, "<")


@function(max, "max")
def elaborate_max(state: Elaboration, arguments: Arguments) -> Value:
    """The largest of several numbers, or of a one-dimensional array."""
    return _extreme(state, arguments, ">")


@function(sum, "sum")
def elaborate_sum(state: Elaboration, arguments: Arguments) -> Value:
    """The sum of the numbers of a tuple or a one-dimensional array, in the type of its elements."""
    value, start = arguments.bind(state, "iterable", "start")
    total = python_int(0) if start is None else number_of(state, start)
    if isinstance(value, Tuple):
        for item in value.items:
            total = number_binary(state, "+", total, number_of(state, item))
        return total
    if not isinstance(value, ArrayValue) or len(value.shape) != 1:
        raise state.unsupported("sum works on one-dimensional arrays and tuples", remedy="use np.sum")
    first = number_binary(state, "+", total, element_at(state, value, [python_int(0)]))
    if isinstance(first.type, FixedPoint):
        raise state.unsupported("sum does not work on fixed-point numbers", remedy="use np.sum, which is exact")
    if value.shape[0] == 1:
        return first

    def step(index: Number, carried: Sequence[Number]) -> list[Number]:
        following = number_binary(state, "+", index, python_int(1))
        return [number_binary(state, "+", carried[0], element_at(state, value, [following]))]

    return counted(state, value.shape[0] - 1, [first], step)[0]


@function(int, "int")
def elaborate_int(state: Elaboration, arguments: Arguments) -> Value:
    """A number as a Python integer, which is 64 bits wide; fixed point is cut towards zero."""
    (value,) = arguments.bind(state, "x")
    return convert(state, number_of(state, value, "the argument of int"), PYTHON_INT)


@function(bool, "bool")
def elaborate_bool(state: Elaboration, arguments: Arguments) -> Value:
    """Whether a number is not zero."""
    (value,) = arguments.bind(state, "x")
    assert value is not None
    return truth_of(state, value)


@function(float, "float")
def elaborate_float(state: Elaboration, arguments: Arguments) -> Value:
    """A number as a float, a double; with `precision` a constant only, and fixed-point numbers stay what they are."""
    (value,) = arguments.bind(state, "x")
    number = number_of(state, value, "the argument of float")
    if isinstance(number.type, FixedPoint):
        return number
    if number.is_known and not isinstance(number.type, SquareRoot):
        return Number(PYTHON_FLOAT, constant=number.known_float)
    if state.options.precision is None:
        return convert(state, number, PYTHON_FLOAT)
    raise float_error(state, f"float of {number.type}")


@function(tuple, "tuple")
def elaborate_tuple(state: Elaboration, arguments: Arguments) -> Value:
    """A tuple of the items of a tuple or list."""
    (value,) = arguments.bind(state, "iterable")
    if isinstance(value, Tuple):
        return value
    raise state.unsupported(f"tuple does not work on {kind_of(value)}")


@function(math.isqrt, "math.isqrt")
def elaborate_isqrt(state: Elaboration, arguments: Arguments) -> Value:
    """The floor of the square root of an integer that is not negative."""
    (value,) = arguments.bind(state, "n")
    number = number_of(state, value, "the argument of isqrt")
    if not isinstance(number.type, (Integer, PythonInt)):
        raise state.mistake(f"isqrt takes an integer, not {number.type}")
    if number.is_known:
        return python_int(math.isqrt(max(0, number.known)))
    bits = 64 if isinstance(number.type, PythonInt) else number.type.bits
    root = state.builder.pure(gw.IsqrtOp, bits_of(state, number, bits))
    return to_python_int(state, Number(Integer(bits, signed=False) if bits < 64 else Integer(64), root))


@function(math.sqrt, "math.sqrt")
def elaborate_sqrt(state: Elaboration, arguments: Arguments) -> Value:
    """The square root, a Python float; the floor of that of an integer is exact."""
    (value,) = arguments.bind(state, "x")
    number = number_of(state, value, "the argument of sqrt")
    if isinstance(number.type, Float):
        number = convert(state, number, PYTHON_FLOAT)
    elif isinstance(number.type, Integer):
        number = to_python_int(state, number)
    return square_root(state, number)


def _has_exact_floor(number: Number) -> bool:
    """Whether the floor of the float64 root of an integer is that of its root: up to 32 bits, or below 2**52."""
    if isinstance(number.type, PythonInt):
        greatest = number.linear.greatest() if number.linear is not None else None
        return greatest is not None and greatest < 1 << 52
    return isinstance(number.type, Integer) and number.type.bits <= 32


def function_of(state: Elaboration, name: str, number: Number) -> Number:
    """A function of one number, of `floating_point.OF_ONE`: with `precision` rounded to it."""
    format_ = state.options.fixed_format()
    if format_ is None:
        return floating_point.apply(state, name, number)
    given = number if isinstance(number.type, Float) else fixed_point.to_exact(state, number)
    found = floating_point.apply(state, name, given)
    return floating_point.to_fixed(state, found, FixedPoint(format_.bits, format_.fraction))


def square_root(state: Elaboration, number: Number) -> Number:
    """The root of a float; or the float64 root of an integer, whose floor is exact."""
    of = number.type
    if isinstance(of, FixedPoint) or (isinstance(of, (Float, PythonFloat)) and state.options.precision is None):
        return function_of(state, "sqrt", number)
    if state.options.precision is None and not _has_exact_floor(number):
        return floating_point.apply(state, "sqrt", number)
    if isinstance(of, PythonInt):
        assert number.linear is not None
        greatest = number.linear.greatest()
        if greatest is None or greatest >= 1 << 52:
            raise state.unsupported(
                "the square root of a Python integer is not exact in float64",
                remedy="use math.isqrt(x), or np.sqrt(np.uint32(x))",
            )
    elif isinstance(of, Integer) and of.bits > 32:
        raise state.unsupported(
            f"the square root of {of} is not exact in float64",
            why="float64 holds integers of 53 bits, so that the root may be rounded up",
            remedy="use math.isqrt(x)",
        )
    elif not isinstance(of, Integer):
        raise state.unsupported(f"there is no square root of {of} in hardware yet")
    return Number(SquareRoot(of), number.term, number.constant)
