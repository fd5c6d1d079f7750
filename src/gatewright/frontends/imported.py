"""MLIR's generic text of a program on tensors, as xDSL, with the user's lines as locations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from xdsl.dialects import cf
from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    LocationAttr,
    ModuleOp,
    NameLoc,
    StringAttr,
    TensorType,
    UnknownLoc,
)
from xdsl.ir import Attribute, Operation
from xdsl.irdl import IRDLOperation
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

from gatewright.bridge.contents import Carried
from gatewright.errors import UnsupportedError
from gatewright.frontends.rank0_tensors import spread_single_numbers
from gatewright.frontends.restore_integer_ops import undo_integer_detours
from gatewright.ir.contents import restore
from gatewright.ir.context import context
from gatewright.ir.location import source_location

LAYER = "layer:"
"""What the name of a file begins with that stands for a layer, in the locations of a text."""

_HINTS = {"overflowFlags", "invariant", "nontemporal", "fastmath"}


def read(
    given: Carried, is_users: Callable[[str], bool] = lambda file: True, rename: Mapping[str, str] | None = None
) -> ModuleOp:
    """Parse what `bridge.mlir` printed.

    Of the places in a location stays the innermost that `is_users`, or the innermost of all, with the name of the
    layer if one is among them; `rename` tells the true names of files.
    Columns count from 0 afterwards.
    """
    known = context()
    known.load_dialect(cf.Cf)
    known.allow_unregistered = True
    module = Parser(known, given.text).parse_module()
    restore(module, given.contents)
    for op in module.walk():
        _drop_newer_properties(op)
        op.location = _place(op.location, is_users, rename or {})
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    argument.location = _place(argument.location, is_users, rename or {})
        _check_extents(op)
    spread_single_numbers(module)
    undo_integer_detours(module)
    try:
        module.verify()
    except VerifyException as error:
        reason = str(error).strip().splitlines()[-1].strip(" ^")
        raise UnsupportedError(
            "this program cannot be lowered", why=f"what MLIR makes of it is not valid: {reason}"
        ) from error
    return module


def _check_extents(op: Operation) -> None:
    for value in op.results:
        if isinstance(value.type, TensorType) and 0 in value.type.get_shape():
            raise UnsupportedError(
                "this tensor is empty", where=source_location(op), why="an array of a circuit has at least one element"
            )


def _drop_newer_properties(op: Operation) -> None:
    """Remove hints to MLIR's optimiser that xDSL's definition of an operation does not know yet."""
    for name in _HINTS & set(op.properties):
        if isinstance(op, IRDLOperation) and name not in op.get_irdl_definition().properties:
            del op.properties[name]


def _place(location: Attribute, is_users: Callable[[str], bool], rename: Mapping[str, str]) -> LocationAttr:
    places = _files(location)
    layers = [file.filename.data.removeprefix(LAYER) for file in places if file.filename.data.startswith(LAYER)]
    files = [file for file in places if not file.filename.data.startswith(LAYER)]
    place = next((file for file in files if is_users(file.filename.data)), files[0] if files else None)
    if place is None:
        return UnknownLoc()
    name = place.filename.data
    line = FileLineColLoc(StringAttr(rename.get(name, name)), place.line, place.column)
    return NameLoc(StringAttr(layers[0]), line) if layers else line


def _files(location: Attribute) -> list[FileLineColLoc]:
    """The places in a location, innermost first."""
    match location:
        case FileLineColLoc():
            return [location]
        case CallSiteLoc():
            return _files(location.callee) + _files(location.caller)
        case NameLoc():
            return _files(location.location)
        case FusedLoc():
            return [file for part in cast("ArrayAttr[Attribute]", location.locations) for file in _files(part)]
    return []
