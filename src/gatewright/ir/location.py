"""What a message says of an operation: its name, and the place in the user's program that it comes from."""

from __future__ import annotations

import linecache
from pathlib import Path

from xdsl.dialects.builtin import FileLineColLoc, NameLoc, UnregisteredOp
from xdsl.ir import Attribute, Operation

from gatewright.errors import SourceLocation


def source_location(op: Operation) -> SourceLocation | None:
    """The source line an operation comes from; that of the nearest enclosing operation if it has none itself."""
    current: Operation | None = op
    while current is not None:
        if (place := place_of(current.location)) is not None:
            return place
        current = current.parent_op()
    return None


def place_of(location: Attribute) -> SourceLocation | None:
    """The place that a location names, if it names one. Columns of locations count from 1, as MLIR's do."""
    if (of := file_of(location)) is None:
        return None
    file, line, column = of.filename.data, of.line.data, of.column.data
    return SourceLocation(file, line, column - 1) if column > 0 else line_of(file, line)


def file_of(location: Attribute) -> FileLineColLoc | None:
    """The file, line and column of a location, if it has them."""
    if isinstance(location, NameLoc):
        return file_of(location.location)
    return location if isinstance(location, FileLineColLoc) else None


def brief_place(location: Attribute) -> str | None:
    """The place of a location as `file:line`, without the folder of the file."""
    of = file_of(location)
    return f"{Path(of.filename.data).name}:{of.line.data}" if of is not None else None


def layer_of(location: Attribute) -> str | None:
    """The layer of a model that a location is in, by its name there, as `features.conv1`."""
    return location.desc.data if isinstance(location, NameLoc) else None


def line_of(file: str, line: int) -> SourceLocation:
    """A whole line, for a place whose column is not known."""
    text = linecache.getline(file, line).rstrip()
    start = len(text) - len(text.lstrip())
    return SourceLocation(file, line, start, max(1, len(text) - start))


def operation_name(op: Operation) -> str:
    """The name of an operation, of a dialect that we know or not."""
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name
