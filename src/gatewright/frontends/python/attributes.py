"""Attributes: of arrays and numbers, and of modules and other Python objects."""

from __future__ import annotations

from math import prod

from gatewright.frontends.python.captured import from_python
from gatewright.frontends.python.dtypes import one_type, type_object
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.subscripts import transpose
from gatewright.frontends.python.tables import METHODS
from gatewright.frontends.python.values import (
    ArrayValue,
    Method,
    Number,
    PythonObject,
    Tuple,
    Value,
    kind_of,
    python_int,
)


def attribute(state: Elaboration, owner: Value, name: str) -> Value:
    """`owner.name`."""
    if isinstance(owner, PythonObject):
        if not hasattr(owner.value, name):
            raise state.mistake(f"{kind_of(owner)} has no {name}")
        return from_python(state, getattr(owner.value, name), name)
    if isinstance(owner, (Number, ArrayValue)):
        shape = owner.shape if isinstance(owner, ArrayValue) else ()
        match name:
            case "shape":
                return Tuple(tuple(python_int(extent) for extent in shape))
            case "size":
                return python_int(prod(shape))
            case "ndim":
                return python_int(len(shape))
            case "dtype":
                return type_object(one_type(state, owner) if isinstance(owner, Number) else owner.type)
            case "T":
                return transpose(state, owner) if isinstance(owner, ArrayValue) else owner
        if name in METHODS:
            return Method(owner, name)
    raise state.unsupported(f"{kind_of(owner)} has no .{name} in hardware")
