"""Bring `return` to the end of a function: what follows `if c: return x` becomes its `else`."""

from __future__ import annotations

import ast

from gatewright.errors import UnsupportedError
from gatewright.frontends.python.source import SourceFile


def tail_returns(body: list[ast.stmt], source: SourceFile) -> list[ast.stmt]:
    """The statements with every `return` last on its path; UnsupportedError for one that cannot be."""
    for position, statement in enumerate(body):
        if isinstance(statement, ast.Return):
            return body[: position + 1]
        if not _returns(statement):
            continue
        if not isinstance(statement, ast.If):
            raise _early(source, statement)
        rest = body[position + 1 :]
        if _always_returns(statement.body):
            arms = statement.body, statement.orelse + rest
        elif not rest or _always_returns(statement.orelse):
            arms = statement.body + rest, statement.orelse
        else:
            raise _early(source, statement)
        then, orelse = (tail_returns(arm, source) for arm in arms)
        if then == statement.body and orelse == statement.orelse:
            return body
        moved = ast.If(statement.test, then, orelse)
        return [*body[:position], ast.copy_location(moved, statement)]
    return body


def _returns(node: ast.AST) -> bool:
    """Whether a `return` of this function stands in the node."""
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return False
    return isinstance(node, ast.Return) or any(_returns(child) for child in ast.iter_child_nodes(node))


def _always_returns(body: list[ast.stmt]) -> bool:
    """Whether every path through the statements ends in a `return`."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.If):
        return _always_returns(last.body) and _always_returns(last.orelse)
    return isinstance(last, ast.Return)


def _early(source: SourceFile, statement: ast.stmt) -> UnsupportedError:
    node = next(n for n in ast.walk(statement) if isinstance(n, ast.Return))
    return UnsupportedError(
        "this return leaves a branch early",
        where=source.location(node),
        why="the hardware of a function ends in one place",
        remedy="assign the result to a variable and return it at the end",
    )
