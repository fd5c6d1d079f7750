"""From the location of an operation to the place in the user's program."""

from __future__ import annotations

from xdsl.dialects.builtin import FileLineColLoc
from xdsl.ir import Operation

from gatewright.errors import SourceLocation


def source_location(op: Operation) -> SourceLocation | None:
    """The source line an operation comes from; that of the nearest enclosing operation if it has none itself."""
    current: Operation | None = op
    while current is not None:
        location = current.location
        if isinstance(location, FileLineColLoc):
            return SourceLocation(location.filename.data, location.line.data, max(0, location.column.data))
        current = current.parent_op()
    return None
