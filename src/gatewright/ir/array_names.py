"""The names of arrays, by which plans call them."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Operation, SSAValue

from gatewright.dialects.notes import ARRAY
from gatewright.ir.interface import argument_names
from gatewright.ir.loop_labels import unique
from gatewright.plan import is_name

UNNAMED = "array"
"""What an array is called that has no name in the source."""


def local_arrays(function: func.FuncOp) -> Iterator[Operation]:
    """What makes the arrays inside a function: memories of its own and constants."""
    return (op for op in function.walk() if isinstance(op, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp))


def name_arrays(function: func.FuncOp) -> None:
    """Name the arrays of a function that have no name, in the order of the text."""
    taken = {name for op in local_arrays(function) if (name := ARRAY.value(op)) is not None}
    taken |= set(argument_names(function))
    for op in local_arrays(function):
        if ARRAY.value(op) is None:
            hint = op.results[0].name_hint
            name = unique(hint if hint and is_name(hint) else UNNAMED, taken)
            taken.add(name)
            ARRAY.set(op, name)


def names_of_arrays(function: func.FuncOp) -> dict[SSAValue, str]:
    """The names of the arrays of a function, arguments included."""
    arguments = zip(function.body.block.args, argument_names(function), strict=True)
    found: dict[SSAValue, str] = {value: name for value, name in arguments if isinstance(value.type, MemRefType)}
    for op in local_arrays(function):
        if (name := ARRAY.value(op)) is not None:
            found[op.results[0]] = name
    return found


def array_called(function: func.FuncOp, name: str) -> SSAValue | None:
    """The array of that name; None if there is none."""
    return next((value for value, each in names_of_arrays(function).items() if each == name), None)
