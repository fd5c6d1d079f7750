"""What a message says of an operation: its name, and the place in the user's program that it comes from."""

from __future__ import annotations

import linecache

from xdsl.dialects.builtin import FileLineColLoc, UnregisteredOp
from xdsl.ir import Operation

from gatewright.errors import SourceLocation


def source_location(op: Operation) -> SourceLocation | None:
    """The source line an operation comes from; that of the nearest enclosing operation if it has none itself."""
    current: Operation | None = op
    while current is not None:
        location = current.location
        if isinstance(location, FileLineColLoc):
            return _place(location.filename.data, location.line.data, location.column.data)
        current = current.parent_op()
    return None


def _place(file: str, line: int, column: int) -> SourceLocation:
    """A place; the whole line where no column is known."""
    if column > 0:
        return SourceLocation(file, line, column)
    text = linecache.getline(file, line).rstrip()
    start = len(text) - len(text.lstrip())
    return SourceLocation(file, line, start, max(1, len(text) - start))


def operation_name(op: Operation) -> str:
    """The name of an operation, of a dialect that we know or not."""
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name
