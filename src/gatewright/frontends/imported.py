"""MLIR's generic text of a program on tensors, as xDSL, with the user's lines as locations."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith, cf
from xdsl.dialects.builtin import (
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    LocationAttr,
    ModuleOp,
    NameLoc,
    UnknownLoc,
)
from xdsl.ir import Attribute
from xdsl.parser import Parser

from gatewright.context import context


def read(text: str, is_users: Callable[[str], bool] = lambda file: True) -> ModuleOp:
    """Parse text that `bridge.mlir` printed. Of the places in a location stays the innermost that `is_users`, or
    the innermost of all."""
    known = context()
    known.load_dialect(cf.Cf)
    known.allow_unregistered = True
    module = Parser(known, text).parse_module()
    for op in module.walk():
        if isinstance(op, arith.TruncIOp):
            op.properties.pop("overflowFlags", None)  # newer than xDSL's definition
        op.location = _place(op.location, is_users)
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    argument.location = _place(argument.location, is_users)
    return module


def _place(location: Attribute, is_users: Callable[[str], bool]) -> LocationAttr:
    files = _files(location)
    return next((file for file in files if is_users(file.filename.data)), files[0] if files else UnknownLoc())


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
            return [file for part in location.locations for file in _files(part)]  # pyright: ignore
    return []
