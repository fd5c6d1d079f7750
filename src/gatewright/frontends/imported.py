"""MLIR's generic text of a program on tensors, as xDSL: constants as bytes, locations as the user's lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from xdsl.dialects.builtin import (
    BytesAttr,
    CallSiteLoc,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
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

_RESOURCES = "\n{-#"
_BLOB = re.compile(r'"?([\w.$-]+)"?\s*:\s*"0x[0-9A-Fa-f]{8}([0-9A-Fa-f]*)"')
"""A resource: its name, four bytes that tell its alignment, its contents."""


def read(text: str, is_users: Callable[[str], bool] = lambda file: True) -> ModuleOp:
    """Parse text that `bridge.mlir` printed. Of the files in a location, the innermost that `is_users` stays."""
    program, found, resources = text.partition(_RESOURCES)
    blobs = {match[1]: bytes.fromhex(match[2]) for match in _BLOB.finditer(resources)} if found else {}
    module = Parser(context(), program).parse_module()
    for op in module.walk():
        op.location = _place(op.location, is_users)
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    argument.location = _place(argument.location, is_users)
        for name, value in list(op.properties.items()):
            if isinstance(value, DenseResourceAttr):
                data = BytesAttr(blobs[value.resource_handle.data])
                op.properties[name] = DenseIntOrFPElementsAttr(value.type, data)  # pyright: ignore[reportArgumentType]
    return module


def _place(location: Attribute, is_users: Callable[[str], bool]) -> LocationAttr:
    for file in _files(location):
        if is_users(file.filename.data):
            return file
    return UnknownLoc()


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
