"""Names and types of the arguments of an imported function, as the interface encodes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute

from gatewright.dialects.notes import PORT_NAME, PORT_RESULT, PORT_TYPE
from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location


@dataclass(frozen=True)
class PortDescription:
    """What a front end knows of an argument or result: its name, and its element type if the IR does not tell it."""

    name: str
    type: str | None = None


def describe_ports(
    function: func.FuncOp, arguments: Sequence[PortDescription], results: Sequence[PortDescription]
) -> None:
    """Write the interface of a function: its arguments and results have the types that the ports or else its IR say."""
    type_ = function.function_type
    entries = [
        DictionaryAttr(
            {PORT_NAME.name: StringAttr(port.name), PORT_TYPE.name: StringAttr(_spelled(port, given, function))}
        )
        for port, given in zip(arguments, type_.inputs, strict=True)
    ]
    returned = [
        DictionaryAttr(
            {PORT_TYPE.name: StringAttr(_spelled(port, given, function)), PORT_RESULT.name: IntegerAttr(position, i64)}
        )
        for position, (port, given) in enumerate(zip(results, type_.outputs, strict=True))
    ]
    function.properties["arg_attrs"] = ArrayAttr(entries)
    function.properties["res_attrs"] = ArrayAttr(returned)


def _spelled(port: PortDescription, type_: Attribute, function: func.FuncOp) -> str:
    """The element type as `gw` prints it: signless integers are signed."""
    if port.type is not None:
        return port.type
    element = type_.get_element_type() if isinstance(type_, (TensorType, MemRefType)) else type_
    if isinstance(element, AnyFloat):
        return str(element)
    if isinstance(element, IntegerType) and element.width.data <= 64:
        return "bool" if element.width.data == 1 else f"i{element.width.data}"
    raise UnsupportedError(f"an argument or result of type {type_} has no hardware", where=source_location(function))
