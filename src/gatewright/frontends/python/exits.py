"""Give every loop one way out: `break`, `continue` and `return` in a loop become flags and conditionals.

What `break` leaves out of its iteration becomes the `else` of the conditional it stands in; the loop runs until a flag
says that it was left. Behind a `return` in a loop the function returns what the loop left in a variable.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import count

LOOPS = (ast.For, ast.While)

Body = list[ast.stmt]


class ForUntil(ast.For):
    """A `for` loop that also ends when the variable `ended` is true at the end of an iteration."""

    ended: str


def is_made_up(name: str) -> bool:
    """Whether a variable was introduced here; such a variable is only read on paths on which it has a value."""
    return name.startswith("<")


def single_exits(body: Body) -> Body:
    """The statements of a function without `break`, `continue`, and `return` inside of loops."""
    return _Exits(body).function()


class _Exits:
    """Rewrites one function."""

    def __init__(self, body: Body):
        self.body = body
        self.numbers = count()
        inside = [node for loop in _loops(body) for node in _leaving(loop.body, ast.Return)]
        self.returns = bool(inside)
        self.gives_value = any(isinstance(node, ast.Return) and node.value is not None for node in inside)

    def function(self) -> Body:
        """The rewritten statements."""
        start = [_flag("<returned>", False, self.body[0])] if self.returns else []
        return [*start, *self.block(self.body)]

    def block(self, body: Body) -> Body:
        """Rewrite the loops in some statements; what leaves the statements themselves stays."""
        done: Body = []
        for statement in body:
            done.extend(self.statement(statement))
        return done

    def statement(self, node: ast.stmt) -> Body:
        """What takes the place of a statement outside of any loop."""
        if isinstance(node, ast.If):
            return [ast.copy_location(ast.If(node.test, self.block(node.body), self.block(node.orelse)), node)]
        if not isinstance(node, LOOPS):
            return [node]
        returns = any(_leaving(node.body, ast.Return))
        loop = self.loop(node, self.block(node.orelse))
        if not returns:
            return loop
        value = ast.copy_location(ast.Name("<value>", ast.Load()), node) if self.gives_value else None
        leave = ast.If(_name("<returned>", node), [ast.copy_location(ast.Return(value), node)], [])
        return [*loop, ast.copy_location(leave, node)]

    def loop(self, node: ast.For | ast.While, orelse: Body) -> Body:
        """A loop without `break`, `continue` and `return`; a `return` leaves `<returned>` and `<value>`.

        `orelse` is the rewritten `else` of the loop, which comes behind it.
        """
        inner = self.inner_returns(node.body)
        if not any(_leaving(inner, ast.Break)):
            return [_rebuilt(type(node), node, self.without_exits(inner, None)), *orelse]
        ended = f"<ended {next(self.numbers)}>"
        body = self.without_exits(inner, ended)
        if isinstance(node, ast.For):
            loop = _rebuilt(ForUntil, node, body)
            assert isinstance(loop, ForUntil)
            loop.ended = ended
        else:
            # The condition is not evaluated again when the loop was left.
            loop = _rebuilt(ast.While, node, body)
            test = ast.BoolOp(ast.And(), [_inverted(_name(ended, node.test)), node.test])
            assert isinstance(loop, ast.While)
            loop.test = ast.copy_location(test, node.test)
        rest: Body = []
        if orelse:
            rest = [ast.copy_location(ast.If(_inverted(_name(ended, node)), orelse, []), node)]
        return [_flag(ended, False, node), loop, *rest]

    def inner_returns(self, body: Body) -> Body:
        """The body of a loop in which `return` is an assignment and a `break`, and inner loops are rewritten."""
        done: Body = []
        for node in body:
            if isinstance(node, ast.Return):
                if node.value is not None:
                    target: list[ast.expr] = [ast.copy_location(ast.Name("<value>", ast.Store()), node)]
                    done.append(ast.copy_location(ast.Assign(target, node.value), node))
                done += [_flag("<returned>", True, node), ast.copy_location(ast.Break(), node)]
                break
            if isinstance(node, ast.If):
                arms = self.inner_returns(node.body), self.inner_returns(node.orelse)
                done.append(ast.copy_location(ast.If(node.test, *arms), node))
            elif isinstance(node, LOOPS):
                returns = any(_leaving(node.body, ast.Return))
                done.extend(self.loop(node, self.inner_returns(node.orelse)))
                if returns:
                    leave = ast.If(_name("<returned>", node), [ast.copy_location(ast.Break(), node)], [])
                    done.append(ast.copy_location(leave, node))
            else:
                done.append(node)
        return done

    def without_exits(self, body: Body, ended: str | None, leaving: str | None = None) -> Body:
        """Statements of a loop's body without `break` and `continue`.

        A `break` sets the flag `ended`; either sets the flag `leaving`, if somebody asks for it.
        """
        for position, node in enumerate(body):
            before, rest = body[:position], body[position + 1 :]
            if isinstance(node, ast.Break | ast.Continue):
                names = [name for name in (leaving, ended if isinstance(node, ast.Break) else None) if name]
                flags: Body = [_flag(name, True, node) for name in names]
                return [*before, *flags] or [ast.copy_location(ast.Pass(), node)]
            if not isinstance(node, ast.If) or not any(_leaving([node], (ast.Break, ast.Continue))):
                continue
            inside: Callable[[Body], Body] = lambda arm: self.without_exits(arm, ended, leaving)  # noqa: E731
            if not rest or _always_leaves(node.body):
                arms = inside(node.body), inside([*node.orelse, *rest])
            elif _always_leaves(node.orelse):
                arms = inside([*node.body, *rest]), inside(node.orelse)
            else:
                skip = leaving or f"<leaving {next(self.numbers)}>"
                start = [] if leaving else [_flag(skip, False, node)]
                arms = (self.without_exits(arm, ended, skip) for arm in (node.body, node.orelse))
                going = ast.If(_inverted(_name(skip, node)), inside(rest), [])
                choice = ast.copy_location(ast.If(node.test, *arms), node)
                return [*before, *start, choice, ast.copy_location(going, node)]
            return [*before, ast.copy_location(ast.If(node.test, *arms), node)]
        return body


def _loops(body: Body) -> Iterator[ast.For | ast.While]:
    """The outermost loops in some statements."""
    for node in body:
        if isinstance(node, LOOPS):
            yield node
        elif isinstance(node, ast.If):
            yield from _loops([*node.body, *node.orelse])


def _leaving(body: Body, kinds: type[ast.stmt] | tuple[type[ast.stmt], ...]) -> Iterator[ast.stmt]:
    """The statements of some kinds that leave `body`: those of loops inside do not, but for `return`."""
    for node in body:
        if isinstance(node, kinds):
            yield node
        elif isinstance(node, ast.If):
            yield from _leaving([*node.body, *node.orelse], kinds)
        elif isinstance(node, LOOPS):
            yield from _leaving(node.orelse, kinds)
            if kinds is ast.Return:
                yield from _leaving(node.body, kinds)


def _always_leaves(body: Body) -> bool:
    """Whether every path through some statements of a loop's body ends in `break` or `continue`."""
    return any(
        isinstance(node, ast.Break | ast.Continue)
        or (isinstance(node, ast.If) and _always_leaves(node.body) and _always_leaves(node.orelse))
        for node in body
    )


def _rebuilt(kind: type, node: ast.For | ast.While, body: Body) -> ast.For | ast.While:
    """The loop with another body and no `else`."""
    head = (node.target, node.iter) if isinstance(node, ast.For) else (node.test,)
    return ast.copy_location(kind(*head, body, []), node)


def _flag(name: str, value: bool, node: ast.AST) -> ast.stmt:
    """`name = value`, at the place of a node."""
    target: list[ast.expr] = [ast.copy_location(ast.Name(name, ast.Store()), node)]
    return ast.copy_location(ast.Assign(target, ast.copy_location(ast.Constant(value), node)), node)


def _name(name: str, node: ast.AST) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Load()), node)


def _inverted(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)
