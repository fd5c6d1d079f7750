"""The arrays of a function by the names that the user gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DictionaryAttr, MemRefType, StringAttr
from xdsl.ir import SSAValue

from gatewright.dialects.notes import CHANNEL, PORT_BANK, PORT_NAME
from gatewright.errors import OptionError
from gatewright.ir.banked_ports import Bank, banks_of_arguments

ALL = "*"
"""Stands for every array."""


def arrays_of(function: func.FuncOp) -> Iterator[tuple[str, SSAValue]]:
    """The arrays of a function with their names: parameters, local and constant ones; banks have that of all."""
    attributes = function.arg_attrs.data if function.arg_attrs is not None else ()
    given = [_name(each) for each in attributes] or [None] * len(function.body.block.args)
    given = [
        name if bank is None else bank.array for name, bank in zip(given, banks_of_arguments(function), strict=True)
    ]
    for argument, name in zip(function.body.block.args, given, strict=True):
        if isinstance(argument.type, MemRefType):
            yield name or argument.name_hint or "", argument
    for op in function.walk():
        if isinstance(op, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp) and (bank := PORT_BANK.value(op)):
            yield Bank.parse(bank).array, op.memref
        elif isinstance(op, memref.AllocOp | memref.AllocaOp):
            yield op.memref.name_hint or "", op.memref
        elif isinstance(op, memref.GetGlobalOp):
            yield op.memref.name_hint or op.name_.string_value(), op.memref


def _name(attributes: DictionaryAttr) -> str | None:
    name = attributes.data.get(PORT_NAME.name)
    return name.data if isinstance(name, StringAttr) else None


def dual_port_arrays(function: func.FuncOp, wanted: Iterable[str]) -> frozenset[SSAValue]:
    """The arrays that some names stand for; OptionError for a name that no array has, or only a channel."""
    names = set(wanted)
    if not names:
        return frozenset()
    attributes = function.arg_attrs.data if function.arg_attrs is not None else ()
    arguments = zip(function.body.block.args, attributes, strict=False)
    channels = {argument for argument, entry in arguments if CHANNEL.name in entry.data}
    found = [(name, array) for name, array in arrays_of(function) if array not in channels]
    known = {name for name, _ in found}
    for name in sorted(names - known - {ALL}):
        raise OptionError(
            f"there is no array {name!r} to give two ports",
            remedy=f"one of {', '.join(sorted(known - {''}))}" if known - {""} else "leave dual_port out",
        )
    return frozenset(array for name, array in found if name in names or ALL in names)
