"""Which names a statement list still needs afterwards: only these become results of branches and loops."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from gatewright.frontends.python.exits import ForUntil

Names = frozenset[str]


class Liveness:
    """The names live after each statement of a function body, and at the head of each loop.

    A name is live where some path uses its value before assigning it. Names that nested functions use are always live.
    """

    def __init__(self, body: list[ast.stmt], results: Iterable[str] = ()):
        self.after: dict[ast.stmt, Names] = {}
        self.head: dict[ast.stmt, Names] = {}
        """For a loop: the names whose value before an iteration, or after the last one, is used."""
        self._always = frozenset(name for node in body for name in _used_in_functions(node))
        self._block(body, frozenset(results) | self._always)

    def _block(self, body: list[ast.stmt], live: Names) -> Names:
        for statement in reversed(body):
            self.after[statement] = live
            live = self._before(statement, live) | self._always
        return live

    def _before(self, statement: ast.stmt, live: Names) -> Names:
        match statement:
            case ast.Return():
                return _uses(statement)
            case ast.If(test=test, body=body, orelse=orelse):
                return _uses(test) | self._block(body, live) | self._block(orelse, live)
            case ast.While(test=test, body=body):
                return self._loop(statement, body, live | _uses(test), frozenset())
            case ast.For(target=target, iter=iterated, body=body):
                head = self._loop(statement, body, live | _ended(statement), frozenset(stored([target])))
                return head | _uses(iterated)
            case ast.FunctionDef(name=name):
                return live - {name}
        return (live - frozenset(stored([statement]))) | _uses(statement)

    def _loop(self, loop: ast.stmt, body: list[ast.stmt], leaving: Names, targets: Names) -> Names:
        head = leaving
        while True:
            again = leaving | (self._block(body, head) - targets)
            if again == head:
                break
            head = again
        self.head[loop] = head
        return head


def _ended(loop: ast.stmt) -> Names:
    """The variable that says whether a loop was left."""
    return frozenset([loop.ended] if isinstance(loop, ForUntil) else [])


def stored(nodes: Iterable[ast.AST]) -> dict[str, ast.AST]:
    """The names that the nodes assign, nested functions left out, in order, each with the first place."""
    names: dict[str, ast.AST] = {}
    for node in nodes:
        for inner in _own(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                names.setdefault(inner.id, inner)
            elif isinstance(inner, ast.FunctionDef):
                names.setdefault(inner.name, inner)
    return names


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree in source order, not entering functions."""
    yield node
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _own(child)


def _uses(node: ast.AST) -> Names:
    """The names that a node reads; an augmented assignment reads its target."""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        used.add(node.target.id)
    return frozenset(used)


def _used_in_functions(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.Lambda)):
            yield from _uses(inner)
