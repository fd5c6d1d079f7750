"""Captured objects: those of the module, closure and defaults of a function, as values of the compiled program."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from fractions import Fraction
from types import FunctionType

import numpy as np

from gatewright.frontends.python import floating_point
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.fixed_point import quantize
from gatewright.frontends.python.memory import check_size, outside_table
from gatewright.frontends.python.values import (
    PYTHON_FLOAT,
    FixedPoint,
    Number,
    PythonObject,
    Tuple,
    Value,
    python_bool,
    python_int,
    whole,
)
from gatewright.numbers.float_arrays import float_bits
from gatewright.numbers.types import Bool, Float, Integer, type_of_dtype


def from_python(state: Elaboration, thing: object, name: str = "constant") -> Value:
    """The value that a Python object has in the program."""
    match thing:
        case bool():
            return python_bool(thing)
        case int():
            return python_int(int(thing))
        case np.floating() if state.options.precision is None:
            scalar = type_of_dtype(thing.dtype)
            assert isinstance(scalar, Float)
            return floating_point.number(state, float(thing), scalar)
        case float() | np.floating():
            return Number(PYTHON_FLOAT, constant=float(thing))
        case np.bool_():
            return Number(Bool(), constant=int(thing))
        case np.integer():
            return Number(Integer(8 * thing.dtype.itemsize, thing.dtype.kind == "i"), constant=int(thing))
        case np.ndarray():
            return from_array(state, thing, name)
        case tuple() | list():
            return Tuple(tuple(from_python(state, item, f"{name}_{k}") for k, item in enumerate(thing)))
    return PythonObject(thing)


def from_array(state: Elaboration, array: np.ndarray, name: str) -> Value:
    """A constant array; floats are rounded to the format of the option `precision` if there is one."""
    if array.ndim == 0:
        return from_python(state, array[()], name)
    element, raw = raw_contents(state, array, name)
    return whole(outside_table(state, element, raw, name))


def raw_contents(
    state: Elaboration, array: np.ndarray, name: str
) -> tuple[Integer | Bool | FixedPoint | Float, np.ndarray]:
    """The element type that an array of constants has in the program, and its bits."""
    if array.size == 0:
        raise state.unsupported(f"{name} is an array without elements")
    check_size(state, array.shape, name)
    scalar = type_of_dtype(array.dtype)
    if isinstance(scalar, (Integer, Bool)):
        return scalar, array
    if scalar is None:
        raise state.unsupported(f"{name} is an array of {array.dtype}", why="arrays hold numbers or truth values")
    if (format_ := state.options.fixed_format()) is None:
        assert isinstance(scalar, Float)
        return scalar, float_bits(scalar.format, array)
    if not np.isfinite(array).all():
        raise state.mistake(f"{name} holds a value that is not finite", why=f"{format_} has no representation of it")
    exact = FixedPoint(format_.bits, format_.fraction)
    raw = [quantize_float(float(value), exact) for value in array.ravel()]
    return exact, np.array(raw, np.int64).reshape(array.shape)


def quantize_float(value: float, type_: FixedPoint) -> int:
    """The raw value of a finite float in a format."""
    return quantize(Fraction(value), type_)


def lookup_in(state: Elaboration, function: FunctionType) -> Callable[[str], Value | None]:
    """How a function finds the names it does not assign: in its closure, its module, and among Python's own."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))

    def lookup(name: str) -> Value | None:
        if name in cells:
            try:
                return from_python(state, cells[name].cell_contents, name)
            except ValueError:
                return None
        for scope in (function.__globals__, vars(builtins)):
            if name in scope:
                return from_python(state, scope[name], name)
        return None

    return lookup
