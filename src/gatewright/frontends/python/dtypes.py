"""Types named in a program: `np.uint32`, `"int8"`, `int`, `gw.fixed(16, 8)`; and casts to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gatewright.errors import InterfaceError
from gatewright.frontends.python import floating_point
from gatewright.frontends.python.arrays import elementwise
from gatewright.frontends.python.casts import convert, scalar_type
from gatewright.frontends.python.conversion import check_fits
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.tables import Arguments, function, known_int
from gatewright.frontends.python.values import (
    PYTHON_INT,
    ArrayValue,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    PythonObject,
    Value,
    kind_of,
)
from gatewright.numbers import types
from gatewright.numbers.types import Bool, Integer


def is_type(thing: object) -> bool:
    """Whether a Python object names the type of a NumPy number or of hardware."""
    return isinstance(thing, (types.Scalar, np.dtype)) or (isinstance(thing, type) and issubclass(thing, np.generic))


def named_type(state: Elaboration, value: Value | None) -> NumberType:
    """The element type that a `dtype` argument names; None stands for NumPy's default, float64."""
    if value is None:
        return scalar_type(state, types.f64)
    thing = value.value if isinstance(value, PythonObject) else None
    if isinstance(thing, FixedPoint):
        return thing
    if isinstance(thing, types.Scalar):
        return scalar_type(state, thing)
    try:
        named: Any = thing
        dtype = np.dtype(named) if thing is not None else None
    except TypeError:
        dtype = None
    scalar = types.type_of_dtype(dtype) if dtype is not None else None
    if scalar is None:
        raise state.unsupported(f"{kind_of(value)} is not an element type", remedy="name one, for example np.int32")
    return scalar_type(state, scalar)


def cast(state: Elaboration, value: Value, type_: NumberType, strict: bool = True) -> Value:
    """A number or array converted to a type; `strict` casts refuse Python integers that do not fit, as NumPy does."""
    if not isinstance(value, (Number, ArrayValue)):
        raise state.unsupported(f"{kind_of(value)} cannot become {type_}")

    def one(number: Number) -> Number:
        if strict and isinstance(type_, Integer):
            check_fits(state, number, type_)
        return convert(state, number, type_)

    return elementwise(state, one, [value])


def strong(state: Elaboration, value: Value) -> Value:
    """What NumPy makes of Python numbers: int64, float64 and bool."""
    if isinstance(value, Number) and isinstance(value.type, PythonInt):
        return convert(state, value, Integer(64))
    if isinstance(value, Number) and isinstance(value.type, PythonBool):
        return convert(state, value, Bool())
    if isinstance(value, Number) and isinstance(value.type, PythonFloat) and state.options.precision is None:
        return convert(state, value, types.f64)
    return value


def one_type(state: Elaboration, number: Number) -> NumberType:
    """The type of a number, which must not depend on the path."""
    if number.possible_types:
        raise state.unsupported(
            "the type of a variable here depends on the path",
            remedy="give the variable one type on every path, for example with np.uint32(x)",
        )
    return number.type


def type_object(type_: NumberType) -> PythonObject:
    """What `.dtype` gives: a NumPy dtype, or the front end's own type where NumPy has none."""
    if isinstance(type_, Bool):
        return PythonObject(np.dtype(np.bool_))
    if isinstance(type_, Integer) and type_.bits in (8, 16, 32, 64):
        return PythonObject(type_.raw_dtype)
    if type_ == PYTHON_INT:
        return PythonObject(np.dtype(np.int64))
    if isinstance(type_, PythonFloat):
        return PythonObject(np.dtype(np.float64))
    if isinstance(type_, types.Float) and (native := floating_point.numpy_type(type_)) is not None:
        return PythonObject(native)
    return PythonObject(type_)


def _enter_maker(make: Callable[..., types.Scalar], name: str, parameters: tuple[str, ...], note: str) -> None:
    """Enter a function that makes a type."""

    def elaborate(state: Elaboration, arguments: Arguments) -> Value:
        values = arguments.bind(state, *parameters, least=len(parameters))
        sizes = [
            known_int(state, value, f"the {parameter}") for value, parameter in zip(values, parameters, strict=True)
        ]
        try:
            return PythonObject(make(*sizes))
        except InterfaceError as error:
            raise state.mistake(error.what, why=error.why, remedy=error.remedy) from None

    elaborate.__doc__ = note
    function(make, name)(elaborate)


_enter_maker(types.fixed, "gw.fixed", ("width", "fraction"), "A fixed-point type, to cast to.")
_enter_maker(types.int_, "gw.int_", ("bits",), "A signed integer type of any width, to cast to.")
_enter_maker(types.uint, "gw.uint", ("bits",), "An unsigned integer type of any width, to cast to.")
