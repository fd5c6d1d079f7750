"""Names and types of the arguments of an imported function, as the interface encodes them."""

from __future__ import annotations

from collections.abc import Sequence

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

from gatewright.errors import UnsupportedError
from gatewright.location import source_location


def name_arguments(function: func.FuncOp, names: Sequence[str]) -> None:
    """Give the arguments of a function names and every argument and result the type that its IR says."""
    type_ = function.function_type
    entries = [
        DictionaryAttr({"gw.name": StringAttr(name), "gw.type": StringAttr(_spelled(given, function))})
        for name, given in zip(names, type_.inputs, strict=True)
    ]
    returned = [
        DictionaryAttr({"gw.type": StringAttr(_spelled(given, function)), "gw.result": IntegerAttr(position, i64)})
        for position, given in enumerate(type_.outputs)
    ]
    function.properties["arg_attrs"] = ArrayAttr(entries)
    function.properties["res_attrs"] = ArrayAttr(returned)


def _spelled(type_: Attribute, function: func.FuncOp) -> str:
    """The element type as `gw` prints it: signless integers are signed."""
    element = type_.get_element_type() if isinstance(type_, (TensorType, MemRefType)) else type_
    if isinstance(element, AnyFloat):
        return str(element)
    if isinstance(element, IntegerType) and element.width.data <= 64:
        return "bool" if element.width.data == 1 else f"i{element.width.data}"
    raise UnsupportedError(f"an argument or result of type {type_} has no hardware", where=source_location(function))
