"""What a message says of an operation: its name, and the place in the user's program that it comes from."""

from __future__ import annotations

import linecache

from xdsl.dialects.builtin import FileLineColLoc, UnregisteredOp
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
    if not isinstance(location, FileLineColLoc):
        return None
    file, line, column = location.filename.data, location.line.data, location.column.data
    return SourceLocation(file, line, column - 1) if column > 0 else line_of(file, line)


def line_of(file: str, line: int) -> SourceLocation:
    """A whole line, for a place whose column is not known."""
    text = linecache.getline(file, line).rstrip()
    start = len(text) - len(text.lstrip())
    return SourceLocation(file, line, start, max(1, len(text) - start))


def operation_name(op: Operation) -> str:
    """The name of an operation, of a dialect that we know or not."""
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name
