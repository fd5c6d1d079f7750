"""Give values to names: arrays are evaluated, fixed-point variables keep the format of their first assignment."""

from __future__ import annotations

from gatewright.frontends.python import fixed_point
from gatewright.frontends.python.arrays import materialize
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.values import (
    ArrayView,
    FixedPoint,
    LazyArray,
    Number,
    PythonFloat,
    Tuple,
    Unbound,
    Value,
)


def settled(state: Elaboration, value: Value, name: str = "temporary") -> Value:
    """The value with all array expressions in it evaluated now."""
    if isinstance(value, LazyArray):
        return materialize(state, value, name)
    if isinstance(value, Tuple):
        return Tuple(tuple(settled(state, item, name) for item in value.items))
    return value


def bind(state: Elaboration, name: str, value: Value) -> None:
    """`name = value` in the current function."""
    value = settled(state, value, name)
    if isinstance(value, Number):
        value = _formatted(state, name, value)
        if value.term is not None and value.term.node is not None:
            value.term.hint(name)
    if isinstance(value, ArrayView) and value.is_whole and value.buffer.origin is not None:
        value.buffer.term.hint(name)
    state.frame.names[name] = value


def _formatted(state: Elaboration, name: str, number: Number) -> Number:
    """The number in the fixed-point format of the variable, if it has one; the first such number gives it one."""
    formats = state.frame.formats
    default = state.options.fixed_format()
    if name not in formats and isinstance(number.type, PythonFloat) and default is not None:
        formats[name] = FixedPoint(default.bits, default.fraction)
    if name in formats:
        return fixed_point.store(state, number, formats[name])
    if isinstance(number.type, FixedPoint):
        formats[name] = number.type
    return number


def lookup(state: Elaboration, name: str) -> Value:
    """The value of a name."""
    frame = state.frame
    value = frame.names.get(name)
    if value is None:
        if name in frame.own:
            raise state.mistake(f"{name} has no value here", why="it is assigned later, or not on every path to here")
        value = frame.lookup(name)
    if value is None:
        raise state.mistake(f"{name} is not defined")
    if isinstance(value, Unbound):
        remedy = value.remedy or f"give {name} a value of one type on every path"
        raise state.unsupported(value.reason, remedy=remedy)
    return value
