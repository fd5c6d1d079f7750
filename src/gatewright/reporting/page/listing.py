"""Texts in lines, each with what stands in it: the user's source, and the IR of a level."""

from __future__ import annotations

import io
import linecache
from pathlib import Path
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.printer import Printer

from gatewright.ir.location import brief_place, file_of

CONTEXT = 2
"""Lines of the source that are shown around those that the program comes from."""


class _TrackingPrinter(Printer):
    """Notes the line in which each operation starts."""

    def __init__(self, stream: io.StringIO):
        super().__init__(stream=stream)
        self.line_of: dict[Operation, int] = {}

    def print_op(self, op: Operation) -> None:
        self.line_of[op] = self._current_line
        super().print_op(op)


def place(op: Operation) -> str | None:
    """The line of the source that an operation comes from, as `file:line` without the folder of the file."""
    return brief_place(op.location)


def ir_listing(module: ModuleOp, number_of: dict[Operation, int]) -> list[dict[str, Any]]:
    """The lines of a module: text, and the place and the number of the operation that starts in each."""
    stream = io.StringIO()
    printer = _TrackingPrinter(stream)
    printer.print_op(module)
    rows: list[dict[str, Any]] = [{"text": text} for text in stream.getvalue().splitlines()]
    for op, line in printer.line_of.items():
        row = rows[line]
        if (where := place(op)) is not None:
            row["place"] = where
        if op in number_of:
            row["op"] = number_of[op]
    return rows


def source_listing(sources: dict[str, str], module: ModuleOp) -> list[dict[str, Any]]:
    """The parts of the source files that a program comes from: per file its name and its lines with their numbers.

    `sources` are texts by the name that locations have; other files are read, if they can be.
    """
    used: dict[str, set[int]] = {}
    for op in module.walk():
        if (file := file_of(op.location)) is not None:
            used.setdefault(file.filename.data, set()).add(file.line.data)
    files = []
    for path, mentioned in used.items():
        name = Path(path).name
        text = sources.get(path) or "".join(linecache.getlines(path))
        lines = text.splitlines()
        numbers = [number for number in mentioned if 1 <= number <= len(lines)]
        if not numbers:
            continue
        first, last = max(1, min(numbers) - CONTEXT), min(len(lines), max(numbers) + CONTEXT)
        rows = [{"number": k, "text": lines[k - 1], "place": f"{name}:{k}"} for k in range(first, last + 1)]
        files.append({"name": name, "lines": rows})
    return files
