"""NumPy's functions that work on each element or rearrange an array, and the methods of arrays."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

from gatewright.frontends.python import floating_point
from gatewright.frontends.python.arrays import array_of, assign, elementwise, materialize
from gatewright.frontends.python.builtin_functions import elaborate_absolute, function_of, select, square_root
from gatewright.frontends.python.casts import convert, number_of, plain_number
from gatewright.frontends.python.dtypes import cast, named_type, strong
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.operators import (
    binary,
    common_type,
    compare,
    is_python,
    logical_not,
    number_binary,
    number_compare,
    unary,
)
from gatewright.frontends.python.subscripts import index, reshape, transpose
from gatewright.frontends.python.tables import Arguments, function, known_int, method
from gatewright.frontends.python.values import (
    ArrayValue,
    ArrayView,
    FixedPoint,
    LazyArray,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    PythonObject,
    SliceIndex,
    Tuple,
    Value,
    kind_of,
)
from gatewright.numbers import functions
from gatewright.numbers.types import Bool, Float, Integer
from gatewright.operators.float_operators import FUNCTIONS, OF_TWO

UFUNCS: dict[object, tuple[str, str]] = {
    np.add: ("np.add", "+"),
    np.subtract: ("np.subtract", "-"),
    np.multiply: ("np.multiply", "*"),
    np.floor_divide: ("np.floor_divide", "//"),
    np.remainder: ("np.remainder", "%"),
    np.power: ("np.power", "**"),
    np.left_shift: ("np.left_shift", "<<"),
    np.right_shift: ("np.right_shift", ">>"),
    np.bitwise_and: ("np.bitwise_and", "&"),
    np.bitwise_or: ("np.bitwise_or", "|"),
    np.bitwise_xor: ("np.bitwise_xor", "^"),
    np.true_divide: ("np.divide", "/"),
    np.fmax: ("np.fmax", "fmax"),
    np.fmin: ("np.fmin", "fmin"),
    np.copysign: ("np.copysign", "copysign"),
    np.maximum: ("np.maximum", "max"),
    np.minimum: ("np.minimum", "min"),
}
"""NumPy's functions of two arguments that an operator computes."""

COMPARING: dict[object, tuple[str, str]] = {
    np.equal: ("np.equal", "=="),
    np.not_equal: ("np.not_equal", "!="),
    np.less: ("np.less", "<"),
    np.less_equal: ("np.less_equal", "<="),
    np.greater: ("np.greater", ">"),
    np.greater_equal: ("np.greater_equal", ">="),
}
"""NumPy's functions that compare."""

LOGICAL: dict[object, tuple[str, str]] = {
    np.logical_and: ("np.logical_and", "&"),
    np.logical_or: ("np.logical_or", "|"),
    np.logical_xor: ("np.logical_xor", "^"),
}
"""NumPy's functions of two truth values."""


_EVERYTHING, _NEW_AXIS = SliceIndex(None, None, None), PythonObject(None)


def _enter_binary(thing: object, name: str, note: str, elaborate: Callable[[Elaboration, Value, Value], Value]) -> None:
    def of_two(state: Elaboration, arguments: Arguments) -> Value:
        a, b = arguments.bind(state, "x1", "x2", least=2)
        assert a is not None and b is not None
        return strong(state, elaborate(state, a, b))

    of_two.__doc__ = note
    function(thing, name)(of_two)


def _operator(symbol: str) -> Callable[[Elaboration, Value, Value], Value]:
    return lambda state, a, b: binary(state, symbol, a, b)


def _comparison(symbol: str) -> Callable[[Elaboration, Value, Value], Value]:
    return lambda state, a, b: compare(state, symbol, a, b)


def _logical(symbol: str) -> Callable[[Elaboration, Value, Value], Value]:
    return lambda state, a, b: binary(state, symbol, cast(state, a, Bool()), cast(state, b, Bool()))


_WORDS = {
    "max": "The larger of two numbers",
    "min": "The smaller of two numbers",
    "fmax": "The larger of two numbers; one that is a NaN does not count",
    "fmin": "The smaller of two numbers; one that is a NaN does not count",
    "copysign": "The first number with the sign of the second",
}
for _table, _kind in ((UFUNCS, _operator), (COMPARING, _comparison), (LOGICAL, _logical)):
    for _thing, (_name, _symbol) in _table.items():
        _enter_binary(
            _thing, _name, f"{_WORDS.get(_symbol, f'The operator `{_symbol}`')}, for each element.", _kind(_symbol)
        )


@function(np.abs, "np.abs")
def elaborate_abs(state: Elaboration, arguments: Arguments) -> Value:
    """The absolute value of each element; the smallest integer of a type keeps its sign."""
    (value,) = arguments.bind(state, "x")
    return strong(state, elaborate_absolute(state, value))


@function(np.negative, "np.negative")
def elaborate_negative(state: Elaboration, arguments: Arguments) -> Value:
    """The operator `-`, for each element."""
    (value,) = arguments.bind(state, "x")
    assert value is not None
    return strong(state, unary(state, ast.USub, value))


@function(np.invert, "np.invert")
def elaborate_invert(state: Elaboration, arguments: Arguments) -> Value:
    """The operator `~`, for each element."""
    (value,) = arguments.bind(state, "x")
    assert value is not None
    return unary(state, ast.Invert, strong(state, value))


@function(np.logical_not, "np.logical_not")
def elaborate_logical_not(state: Elaboration, arguments: Arguments) -> Value:
    """The opposite truth value of each element."""
    (value,) = arguments.bind(state, "x")
    return elementwise(state, lambda x: logical_not(state, convert(state, x, Bool())), [_numeric(state, value)])


@function(np.square, "np.square")
def elaborate_square(state: Elaboration, arguments: Arguments) -> Value:
    """The square of each element."""
    (value,) = arguments.bind(state, "x")
    return elementwise(state, lambda x: number_binary(state, "*", x, x), [_numeric(state, value)])


@function(np.sqrt, "np.sqrt")
def elaborate_sqrt(state: Elaboration, arguments: Arguments) -> Value:
    """The square root of each element; of integers of up to 32 bits, `np.uint32(np.sqrt(x))` is its exact floor."""
    (value,) = arguments.bind(state, "x")
    return elementwise(
        state, lambda x: square_root(state, plain_number(state, x, "the square root")), [_numeric(state, value)]
    )


_FUNCTIONS: dict[str, str] = {
    "exp": "e to the power of each element",
    "exp2": "2 to the power of each element",
    "expm1": "e to the power of each element, less 1",
    "log": "The natural logarithm of each element",
    "log2": "The logarithm to the base of 2 of each element",
    "log10": "The decimal logarithm of each element",
    "log1p": "The natural logarithm of each element plus 1",
    "sin": "The sine of each element",
    "cos": "The cosine of each element",
    "tan": "The tangent of each element",
    "sinh": "The hyperbolic sine of each element",
    "cosh": "The hyperbolic cosine of each element",
    "tanh": "The hyperbolic tangent of each element",
    "floor": "Each element rounded down",
    "ceil": "Each element rounded up",
    "trunc": "Each element rounded towards zero",
    "rint": "Each element rounded to the nearest integer, ties to even",
}
"""NumPy's functions of one floating-point number."""


def _enter_function(thing: object, name: str, spoken: str, note: str) -> None:
    def elaborate(state: Elaboration, arguments: Arguments) -> Value:
        (value,) = arguments.bind(state, "x")
        return elementwise(state, lambda x: _applied(state, name, spoken, x), [_numeric(state, value)])

    elaborate.__doc__ = f"{note}."
    function(thing, spoken)(elaborate)


def _applied(state: Elaboration, name: str, spoken: str, number: Number) -> Number:
    return function_of(state, name, plain_number(state, number, spoken))


for _name, _note in _FUNCTIONS.items():
    _enter_function(getattr(np, _name), _name, f"np.{_name}", _note)


def _enter_function_of_two(thing: object, name: str, spoken: str, note: str) -> None:
    def elaborate(state: Elaboration, arguments: Arguments) -> Value:
        values = [_numeric(state, value) for value in arguments.bind(state, "x1", "x2", least=2)]
        return elementwise(state, lambda x, y: floating_point.apply_to_two(state, name, x, y), values)

    elaborate.__doc__ = f"{note}."
    function(thing, spoken)(elaborate)


for _name in FUNCTIONS:
    if _name not in _FUNCTIONS and isinstance(_made := getattr(np, _name, None), np.ufunc):
        _enter = _enter_function_of_two if _name in OF_TWO else _enter_function
        _note = (FUNCTIONS[_name].__doc__ or "").split("\n")[0].removesuffix(".")
        _enter(_made, _name, f"np.{_made.__name__}", _note)
for _name in ("erf", "rsqrt", "sigmoid", "gelu"):
    _made = getattr(functions, _name)
    _enter_function(_made, _name, f"gw.{_name}", _made.__doc__.split(".")[0])


@function(np.isnan, "np.isnan")
def elaborate_isnan(state: Elaboration, arguments: Arguments) -> Value:
    """Whether each element is a NaN."""
    (value,) = arguments.bind(state, "x")
    return elementwise(
        state, lambda x: convert(state, number_compare(state, "!=", x, x), Bool()), [_numeric(state, value)]
    )


@function(np.reciprocal, "np.reciprocal")
def elaborate_reciprocal(state: Elaboration, arguments: Arguments) -> Value:
    """One divided by each floating-point element."""
    (value,) = arguments.bind(state, "x")
    one = Number(PythonFloat(), constant=1.0)
    return elementwise(state, lambda x: number_binary(state, "/", one, x), [_numeric(state, value)])


def _numeric(state: Elaboration, value: Value | None) -> Number | ArrayValue:
    if isinstance(value, (Number, ArrayValue)):
        return value
    raise state.unsupported(f"this works on numbers and arrays, not {kind_of(value)}")


@function(np.where, "np.where")
def elaborate_where(state: Elaboration, arguments: Arguments) -> Value:
    """For each element, one of two values."""
    condition, a, b = arguments.bind(state, "condition", "x", "y", least=3)

    def choose(which: Number, x: Number, y: Number) -> Number:
        type_ = meeting_type(state, x, y)
        return select(state, convert(state, which, Bool()), convert(state, x, type_), convert(state, y, type_))

    return elementwise(state, choose, [_numeric(state, operand) for operand in (condition, a, b)])


def meeting_type(state: Elaboration, a: Number, b: Number) -> NumberType:
    """The type of an array that holds both numbers, as NumPy promotes them."""
    a, b = plain_number(state, a, "a choice"), plain_number(state, b, "a choice")
    either = (a, b)
    if any(isinstance(n.type, (FixedPoint, Float, PythonFloat)) or n.possible_types for n in either):
        with state.trial():
            return number_binary(state, "max", a, b).type
    if is_python(a) and is_python(b):
        return Bool() if isinstance(a.type, PythonBool) and isinstance(b.type, PythonBool) else Integer(64)
    return common_type(state, a, b)


@function(np.clip, "np.clip")
def elaborate_clip(state: Elaboration, arguments: Arguments) -> Value:
    """Each element kept between two bounds."""
    value, low, high = arguments.bind(state, "a", "a_min", "a_max", least=3)
    return clip(state, value, low, high)


def clip(state: Elaboration, value: Value | None, low: Value | None, high: Value | None) -> Value:
    """`np.clip`; a bound that is None does nothing."""
    result: Value = _numeric(state, value)
    for bound, operator in ((low, "max"), (high, "min")):
        if bound is not None and not (isinstance(bound, PythonObject) and bound.value is None):
            result = binary(state, operator, result, bound)
    return strong(state, result)


@function(np.transpose, "np.transpose")
def elaborate_transpose(state: Elaboration, arguments: Arguments) -> Value:
    """The array with its axes in another order; a view."""
    value, axes = arguments.bind(state, "a", "axes")
    return transpose(state, array_of(state, value), _axes(state, axes))


def _axes(state: Elaboration, value: Value | None) -> list[int] | None:
    if value is None or (isinstance(value, PythonObject) and value.value is None):
        return None
    items = value.items if isinstance(value, Tuple) else (value,)
    return [known_int(state, item, "an axis") for item in items]


@function(np.reshape, "np.reshape")
def elaborate_reshape(state: Elaboration, arguments: Arguments) -> Value:
    """The array in another shape; a view where NumPy gives one."""
    value, shape = arguments.bind(state, "a", "shape", least=2)
    return reshape(state, array_of(state, value), _axes(state, shape) or [])


@function(np.ravel, "np.ravel")
def elaborate_ravel(state: Elaboration, arguments: Arguments) -> Value:
    """The array with one axis; a view where NumPy gives one."""
    (value,) = arguments.bind(state, "a")
    return reshape(state, array_of(state, value), [-1])


@function(np.outer, "np.outer")
def elaborate_outer(state: Elaboration, arguments: Arguments) -> Value:
    """All products of the elements of two vectors."""
    a, b = (array_of(state, value) for value in arguments.bind(state, "a", "b", least=2))
    columns = index(state, reshape(state, a, [-1]), [_EVERYTHING, _NEW_AXIS])
    return binary(state, "*", columns, reshape(state, b, [-1]))


@method("astype")
def elaborate_astype(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The elements converted to a type; integers wrap."""
    (dtype,) = arguments.bind(state, "dtype")
    converted = cast(state, owner, named_type(state, dtype), strict=False)
    if isinstance(converted, LazyArray) and (
        isinstance(owner, ArrayView) or (isinstance(owner, LazyArray) and owner.cheap)
    ):
        converted.cheap = isinstance(converted.type, Integer | Bool) and isinstance(owner.type, Integer | Bool)
    return converted


@method("copy")
def elaborate_copy(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """A copy of the array."""
    arguments.bind(state)
    return owner if isinstance(owner, Number) else materialize(state, array_of(state, owner), "copy")


@method("reshape")
def elaborate_reshape_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The array in another shape; a view where NumPy gives one."""
    given = arguments.positional
    shape = given[0].items if len(given) == 1 and isinstance(given[0], Tuple) else given
    Arguments(arguments.name, [], arguments.keywords).bind(state, least=0)
    return reshape(state, array_of(state, owner), [known_int(state, item, "an extent") for item in shape])


@method("ravel")
def elaborate_ravel_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The array with one axis; a view where NumPy gives one."""
    arguments.bind(state)
    return reshape(state, array_of(state, owner), [-1])


@method("flatten")
def elaborate_flatten(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """A copy of the array with one axis."""
    arguments.bind(state)
    return reshape(state, materialize(state, array_of(state, owner)), [-1])


@method("transpose")
def elaborate_transpose_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The array with its axes in another order; a view."""
    given = arguments.positional
    axes = given[0] if len(given) == 1 else Tuple(tuple(given)) if given else None
    return transpose(state, array_of(state, owner), _axes(state, axes))


@method("fill")
def elaborate_fill(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """Store one number into all elements."""
    (value,) = arguments.bind(state, "value")
    array = array_of(state, owner)
    if not isinstance(array, ArrayView) or value is None:
        raise state.unsupported("fill works on arrays that have a name")
    assign(state, array, number_of(state, value))
    return PythonObject(None)


@method("clip")
def elaborate_clip_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """Each element kept between two bounds."""
    low, high = arguments.bind(state, "min", "max", least=0)
    return clip(state, owner, low, high)


@method("item")
def elaborate_item(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """A NumPy number as a Python number."""
    arguments.bind(state)
    number = number_of(state, owner)
    if isinstance(number.type, Float):
        return convert(state, number, PythonFloat())
    return convert(state, number, PythonBool() if isinstance(number.type, Bool) else PythonInt())
