"""NumPy's functions that make arrays: `zeros`, `full`, `array`, `arange` and the like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from gatewright.frontends.python import floating_point
from gatewright.frontends.python.arrays import array_of, element_type_of, fill_array, materialize
from gatewright.frontends.python.casts import convert, scalar_type, store_as
from gatewright.frontends.python.conversion import float_error
from gatewright.frontends.python.dtypes import named_type, one_type
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.memory import allocate, check_size, memory_type, store, table
from gatewright.frontends.python.promotion import exact_union, promote
from gatewright.frontends.python.subscripts import subscript
from gatewright.frontends.python.tables import Arguments, function, known_int
from gatewright.frontends.python.values import (
    ArrayValue,
    ArrayView,
    ElementType,
    FixedPoint,
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
    python_int,
    whole,
)
from gatewright.numbers.float_arrays import float_bits
from gatewright.numbers.types import Bool, Float, Integer, f64


def parse_shape(state: Elaboration, value: Value | None) -> tuple[int, ...]:
    """A shape argument: an integer or a tuple of integers, known while compiling."""
    items = value.items if isinstance(value, Tuple) else (value,)
    return tuple(known_int(state, item, "the shape of an array") for item in items)


def _filled(
    state: Elaboration, type_: NumberType, shape: tuple[int, ...], value: Number | None, name: str
) -> ArrayView:
    array = whole(allocate(state, memory_type(state, type_), shape, name))
    if value is not None:
        fill_array(state, array, value)
    return array


def _enter_filled(name: str, value: int | None, note: str) -> None:
    """Enter `np.<name>` and `np.<name>_like`."""
    start = None if value is None else python_int(value)

    def fresh(state: Elaboration, arguments: Arguments) -> Value:
        shape, dtype = arguments.bind(state, "shape", "dtype")
        return _filled(state, named_type(state, dtype), parse_shape(state, shape), start, name)

    def like(state: Elaboration, arguments: Arguments) -> Value:
        model, dtype = arguments.bind(state, "a", "dtype")
        array = array_of(state, model, f"the argument of {arguments.name}")
        type_ = element_type_of(state, array) if dtype is None else named_type(state, dtype)
        return _filled(state, type_, array.shape, start, name)

    fresh.__doc__, like.__doc__ = f"{note}.", f"{note}, of the shape and type of another."
    function(getattr(np, name), f"np.{name}")(fresh)
    function(getattr(np, f"{name}_like"), f"np.{name}_like")(like)


_enter_filled("zeros", 0, "An array of zeros")
_enter_filled("ones", 1, "An array of ones")
_enter_filled("empty", None, "An array whose elements have no value yet")


def _type_of_fill(state: Elaboration, value: Value | None, dtype: Value | None) -> tuple[Number, NumberType]:
    if not isinstance(value, Number):
        raise state.unsupported("an array can be filled with a number only", remedy="assign with a[:] = ...")
    return value, array_element_type(state, [value]) if dtype is None else named_type(state, dtype)


@function(np.full, "np.full")
def elaborate_full(state: Elaboration, arguments: Arguments) -> Value:
    """An array of one number."""
    shape, value, dtype = arguments.bind(state, "shape", "fill_value", "dtype", least=2)
    number, type_ = _type_of_fill(state, value, dtype)
    return _filled(state, type_, parse_shape(state, shape), number, "full")


@function(np.full_like, "np.full_like")
def elaborate_full_like(state: Elaboration, arguments: Arguments) -> Value:
    """An array of one number, of the shape and type of another."""
    model, value, dtype = arguments.bind(state, "a", "fill_value", "dtype", least=2)
    array = array_of(state, model)
    number, _ = _type_of_fill(state, value, None)
    type_ = element_type_of(state, array) if dtype is None else named_type(state, dtype)
    return _filled(state, type_, array.shape, number, "full")


def array_element_type(state: Elaboration, numbers: list[Number]) -> NumberType:
    """The element type of an array that NumPy makes of numbers: Python's integers count as int64."""
    type_: NumberType | None = None
    for number in numbers:
        own = _kept_as(state, one_type(state, number))
        type_ = own if type_ is None else _union(state, type_, own)
    assert type_ is not None
    return type_


def _kept_as(state: Elaboration, type_: NumberType) -> NumberType:
    match type_:
        case PythonInt():
            return Integer(64)
        case PythonBool():
            return Bool()
        case PythonFloat():
            return scalar_type(state, f64)
        case Integer() | Bool() | FixedPoint() | Float():
            return type_
    raise float_error(state, "this array")


def _union(state: Elaboration, a: NumberType, b: NumberType) -> NumberType:
    if isinstance(a, FixedPoint) and isinstance(b, FixedPoint):
        return exact_union(a, b)
    if isinstance(a, FixedPoint) or isinstance(b, FixedPoint):
        return a if isinstance(a, FixedPoint) else b
    if isinstance(a, Float) or isinstance(b, Float):
        found = floating_point.union(a, b)
        assert isinstance(found, Float)
        return found
    assert isinstance(a, (Integer, Bool)) and isinstance(b, (Integer, Bool))
    if (type_ := promote(a, b)) is None and state.options.precision is None:
        return f64
    if type_ is None:
        raise state.unsupported(f"{a} and {b} meet in float64", remedy="give the array a dtype")
    return type_


@function(np.array, "np.array")
def elaborate_array(state: Elaboration, arguments: Arguments) -> Value:
    """An array of numbers, or a copy of an array."""
    value, dtype = arguments.bind(state, "object", "dtype")
    if isinstance(value, ArrayValue):
        return materialize(
            state, value, "copy", None if dtype is None else memory_type(state, named_type(state, dtype))
        )
    if not isinstance(value, Tuple):
        raise state.unsupported(f"np.array does not work on {kind_of(value)}")
    shape, numbers = _flattened(state, value)
    type_ = array_element_type(state, numbers) if dtype is None else named_type(state, dtype)
    element = memory_type(state, type_)
    if isinstance(element, Float) and all(n.is_known and not isinstance(n.type, FixedPoint) for n in numbers):
        values = np.array([number.known_float for number in numbers]).reshape(shape)
        return _table(state, element, float_bits(element.format, values), "table")
    numbers = [store_as(state, number, element) for number in numbers]
    if all(number.is_known for number in numbers):
        return _table(state, element, np.array([number.known for number in numbers], object).reshape(shape), "table")
    array = whole(allocate(state, element, shape, "array"))
    for position, number in zip(np.ndindex(*shape), numbers, strict=True):
        store(state, array.buffer, number, [python_int(index) for index in position])
    return array


def _flattened(state: Elaboration, value: Value) -> tuple[tuple[int, ...], list[Number]]:
    """The shape of nested tuples, and their numbers in row-major order."""
    if isinstance(value, Number):
        return (), [value]
    if not isinstance(value, Tuple) or not value.items:
        raise state.unsupported(f"an array cannot be made of {kind_of(value)}")
    parts = [_flattened(state, item) for item in value.items]
    if len({shape for shape, _ in parts}) != 1:
        raise state.mistake("the rows of this array differ in length")
    return (len(parts), *parts[0][0]), [number for _, numbers in parts for number in numbers]


def _table(state: Elaboration, element: ElementType, contents: np.ndarray, name: str) -> ArrayView:
    return whole(table(state, element, contents, name))


@function(np.asarray, "np.asarray")
def elaborate_asarray(state: Elaboration, arguments: Arguments) -> Value:
    """An array as it is, or a new one of numbers."""
    value, dtype = arguments.bind(state, "a", "dtype")
    if isinstance(value, ArrayValue) and (dtype is None or named_type(state, dtype) == value.type):
        return value
    return elaborate_array(state, arguments)


@function(np.copy, "np.copy")
def elaborate_copy(state: Elaboration, arguments: Arguments) -> Value:
    """A copy of an array."""
    (value,) = arguments.bind(state, "a")
    return materialize(state, array_of(state, value), "copy")


@function(np.arange, "np.arange")
def elaborate_arange(state: Elaboration, arguments: Arguments) -> Value:
    """The integers of a range that is known while compiling."""
    *bounds, dtype = arguments.bind(state, "start", "stop", "step", "dtype")
    known = [known_int(state, bound, "the range of np.arange") for bound in bounds if bound is not None]
    check_size(state, (len(range(*known)),) if len(known) < 3 or known[2] else ())
    contents = np.arange(*known)
    element = memory_type(state, Integer(64) if dtype is None else named_type(state, dtype))
    if contents.size == 0:
        raise state.unsupported("np.arange without elements has no memory")
    return _table(state, element, _as_raw(state, contents, element), "arange")


@function(np.eye, "np.eye")
def elaborate_eye(state: Elaboration, arguments: Arguments) -> Value:
    """A matrix with ones on its diagonal."""
    rows, columns, diagonal, dtype = arguments.bind(state, "N", "M", "k", "dtype")
    sizes = [known_int(state, value, "the size of np.eye") for value in (rows, columns) if value is not None]
    shift = 0 if diagonal is None else known_int(state, diagonal, "the diagonal of np.eye")
    element = memory_type(state, named_type(state, dtype))
    check_size(state, [*sizes, *sizes][:2])
    contents = np.eye(*sizes, k=shift, dtype=np.int64)
    return _table(state, element, _as_raw(state, contents, element), "eye")


def _as_raw(state: Elaboration, contents: np.ndarray, element: ElementType) -> np.ndarray:
    if isinstance(element, Float):
        return float_bits(element.format, contents)
    numbers: Iterator[Number] = (convert(state, python_int(int(value)), element) for value in contents.ravel())
    return np.array([number.known for number in numbers], object).reshape(contents.shape)


@function(np.concatenate, "np.concatenate")
def elaborate_concatenate(state: Elaboration, arguments: Arguments) -> Value:
    """Arrays one after the other along an axis."""
    value, axis = arguments.bind(state, "arrays", "axis")
    if not isinstance(value, Tuple) or not value.items:
        raise state.unsupported("np.concatenate takes a tuple of arrays")
    arrays = [array_of(state, item, "an argument of np.concatenate") for item in value.items]
    along = 0 if axis is None else known_int(state, axis, "the axis")
    shapes = [np.empty(array.shape, np.bool_) for array in arrays]
    try:
        shape = np.concatenate(shapes, axis=along).shape
    except ValueError as error:
        raise state.mistake(f"these arrays do not fit together: {error}") from None
    along %= len(shape)
    type_ = array_element_type(state, [Number(array.type) for array in arrays])
    joined = whole(allocate(state, memory_type(state, type_), shape, "concatenated"))
    start = 0
    for array in arrays:
        stop = start + array.shape[along]
        window: list[Value] = [SliceIndex(None, None, None)] * along
        window.append(SliceIndex(python_int(start), python_int(stop), None))
        fill_array(state, subscript(state, joined, window), array)
        start = stop
    return joined


@function(np.iinfo, "np.iinfo")
def elaborate_iinfo(state: Elaboration, arguments: Arguments) -> Value:
    """The limits of an integer type."""
    (value,) = arguments.bind(state, "type")
    if not isinstance(value, PythonObject):
        raise state.unsupported("np.iinfo takes a type")
    try:
        return PythonObject(np.iinfo(cast(Any, value.value)))
    except (TypeError, ValueError):
        raise state.mistake(f"np.iinfo knows no {kind_of(value)}") from None
