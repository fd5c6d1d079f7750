"""Find a function's syntax tree in its file, and say where in the file a node stands."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, StringAttr

from gatewright.errors import SourceError, SourceLocation


@dataclass(frozen=True)
class SourceFile:
    """A Python source text as the interpreter knows it: a file, or a cell of a notebook."""

    path: str
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name, as locations in the IR have it."""
        return Path(self.path).name

    def location(self, node: ast.AST) -> SourceLocation:
        """Where `node` stands, as errors show it."""
        line = getattr(node, "lineno", 1)
        start = self._column(line, getattr(node, "col_offset", 0))
        last, end = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", 0)
        text = self.lines[line - 1].rstrip() if line <= len(self.lines) else ""
        stop = self._column(line, end) if last == line else len(text)
        return SourceLocation(self.path, line, start, max(1, stop - start))

    def ir_location(self, node: ast.AST) -> FileLineColLoc:
        """Where `node` stands, as the IR carries it: the file's name, the line and the column, both from 1."""
        line = getattr(node, "lineno", 1)
        column = self._column(line, getattr(node, "col_offset", 0)) + 1
        return FileLineColLoc(StringAttr(self.name), IntAttr(line), IntAttr(column))

    def _column(self, line: int, offset: int) -> int:
        """The column in characters of an offset that `ast` gives in bytes."""
        if line > len(self.lines) or self.lines[line - 1].isascii():
            return offset
        return len(self.lines[line - 1].encode()[:offset].decode(errors="replace"))


@lru_cache(maxsize=64)
def _parse(path: str, lines: tuple[str, ...]) -> ast.Module:
    return ast.parse("".join(lines), path)


def function_source(function: FunctionType) -> tuple[SourceFile, ast.FunctionDef | ast.Lambda]:
    """The file of a function and its definition in it; SourceError if the text is not available or has changed."""
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = tuple(linecache.getlines(code.co_filename, function.__globals__))
    try:
        tree = _parse(code.co_filename, lines)
    except SyntaxError:
        tree = ast.Module([], [])
    found = [node for node in ast.walk(tree) if _defines(node, code)]
    if len(found) != 1:
        raise SourceError(
            f"the source of {function.__name__} cannot be found",
            why=f"{Path(code.co_filename).name} does not hold it, or has changed since it was imported"
            if lines
            else "it was not read from a file",
            remedy="define the function with def in a .py file or a notebook cell",
        )
    node = found[0]
    assert isinstance(node, (ast.FunctionDef, ast.Lambda))
    return SourceFile(code.co_filename, lines), node


def _defines(node: ast.AST, code: CodeType) -> bool:
    """Whether `node` is the definition that was compiled to `code`."""
    if isinstance(node, ast.FunctionDef):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        return node.name == code.co_name and first == code.co_firstlineno
    if not isinstance(node, ast.Lambda) or code.co_name != "<lambda>" or node.lineno != code.co_firstlineno:
        return False
    body = (node.body.lineno, node.body.col_offset, node.body.end_lineno, node.body.end_col_offset)
    positions = {(line, column, end, stop) for line, end, column, stop in code.co_positions()}
    return body in positions
