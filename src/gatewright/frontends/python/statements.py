"""Statements: each kind of syntax has a function here that elaborates it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import numpy as np

from gatewright.frontends.python.arrays import assign
from gatewright.frontends.python.directives import directive_kind, elaborate_directive
from gatewright.frontends.python.elaboration import RESULT, Elaboration
from gatewright.frontends.python.exits import ForUntil
from gatewright.frontends.python.expressions import condition, evaluate, subscript_items
from gatewright.frontends.python.iteration import counted_items, iterate
from gatewright.frontends.python.joins import branch
from gatewright.frontends.python.loops import elaborate_for, elaborate_while
from gatewright.frontends.python.naming import bind, lookup, settled
from gatewright.frontends.python.operators import BINARY, binary, logical_not
from gatewright.frontends.python.reductions import matrix_product
from gatewright.frontends.python.subscripts import read, subscript
from gatewright.frontends.python.values import (
    ArrayValue,
    ArrayView,
    LocalFunction,
    Number,
    PythonObject,
    Tuple,
    Value,
    kind_of,
    python_bool,
    python_int,
)
from gatewright.numbers.types import Bool, Integer
from gatewright.plan import KINDS


def elaborate_body(state: Elaboration, body: Sequence[ast.stmt]) -> None:
    """Elaborate the statements of a block."""
    for statement in body:
        with state.at(statement):
            elaborate = STATEMENTS.get(type(statement))
            if elaborate is None:
                words, remedy = UNSUPPORTED_STATEMENTS.get(type(statement), (type(statement).__name__, None))
                raise state.unsupported(f"{words} cannot be compiled", remedy=remedy)
            elaborate(state, statement)


def _assign(state: Elaboration, node: ast.Assign) -> None:
    """Assignment to names, elements, rows and slices; tuples are unpacked, so that `a, b = b, a` swaps."""
    value = evaluate(state, node.value)
    if len(node.targets) > 1:
        value = settled(state, value)
    for target in node.targets:
        assign_to(state, target, value)


def _annotated(state: Elaboration, node: ast.AnnAssign) -> None:
    """Assignment with an annotation, which does nothing, as in Python."""
    if node.value is not None:
        assign_to(state, node.target, evaluate(state, node.value))


def assign_to(state: Elaboration, target: ast.expr, value: Value) -> None:
    """`target = value`."""
    with state.at(target):
        match target:
            case ast.Name(id=name):
                bind(state, name, value)
            case ast.Subscript():
                _store(state, _place(state, target), value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for part, item in zip(targets, _unpacked(state, targets, value), strict=True):
                    assign_to(state, part, item)
            case ast.Starred():
                raise state.unsupported("unpacking with * cannot be compiled", remedy="name each item")
            case _:
                raise state.unsupported("only names and elements of arrays can be assigned")


def _place(state: Elaboration, target: ast.Subscript) -> ArrayView:
    """The part of an array that a subscript on the left side names."""
    owner = evaluate(state, target.value)
    if not isinstance(owner, ArrayView):
        remedy = "make it an array with np.array" if isinstance(owner, Tuple) else None
        spoken = "a list or tuple" if isinstance(owner, Tuple) else kind_of(owner)
        raise state.unsupported(f"elements of {spoken} cannot be assigned", remedy=remedy)
    return subscript(state, owner, subscript_items(state, target.slice))


def _store(state: Elaboration, place: ArrayView, value: Value) -> None:
    if isinstance(value, Tuple):
        raise state.unsupported("a tuple cannot be stored into an array", remedy="make it an array with np.array")
    if not isinstance(value, (Number, ArrayValue)):
        raise state.unsupported(f"{kind_of(value)} cannot be stored into an array")
    if isinstance(value, ArrayValue) and not place.shape:
        raise state.mistake(f"an array of shape {value.shape} cannot become one element")
    assign(state, place, value)


def _unpacked(state: Elaboration, targets: Sequence[ast.expr], value: Value) -> list[Value]:
    """The items of a value that is assigned to several targets at once."""
    if isinstance(value, Tuple):
        items = list(value.items)
    elif isinstance(value, ArrayValue):
        count, item = counted_items(state, value)
        items = [item(python_int(position)) for position in range(count.known)]
    else:
        raise state.mistake(f"{kind_of(value)} cannot be unpacked")
    if len(items) != len(targets):
        raise state.mistake(f"{len(items)} values cannot be unpacked into {len(targets)} names")
    return items


def _augmented(state: Elaboration, node: ast.AugAssign) -> None:
    """`+=` and the like; arrays are changed in place."""
    place = None
    with state.at(node.target):
        if isinstance(node.target, ast.Name):
            old = lookup(state, node.target.id)
        else:
            assert isinstance(node.target, ast.Subscript)
            place = _place(state, node.target)
            old = read(state, place)
    operand = evaluate(state, node.value)
    if isinstance(node.op, ast.MatMult):
        new = matrix_product(state, old, operand)
    else:
        new = binary(state, BINARY[type(node.op)], old, operand)
    if isinstance(old, ArrayView):
        _check_in_place(state, old, new)
        _store(state, old, new)
    elif isinstance(node.target, ast.Name):
        bind(state, node.target.id, new)
    else:
        assert place is not None
        _store(state, place, new)


def _check_in_place(state: Elaboration, array: ArrayView, value: Value) -> None:
    """Refuse what NumPy refuses: `a += b` where the sum has a type of another kind than `a`."""
    if not isinstance(value, (Number, ArrayValue)):
        return
    given, kept = value.type, array.type
    if not isinstance(given, (Integer, Bool)) or not isinstance(kept, (Integer, Bool)):
        return
    if not np.can_cast(given.raw_dtype, kept.raw_dtype, "same_kind"):
        raise state.mistake(
            f"a result of {given} cannot be stored in place into an array of {kept}",
            why="NumPy raises UFuncTypeError here",
            remedy="convert the operand, or assign with a[:] = ...",
        )


def _expression(state: Elaboration, node: ast.Expr) -> None:
    """Calls for what they change; docstrings; directives."""
    if isinstance(node.value, ast.Constant):
        return
    if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name | ast.Attribute):
        with state.at(node.value):
            if (kind := directive_kind(evaluate(state, node.value.func))) is not None:
                _directive(state, kind, node.value)
                return
    evaluate(state, node.value)


def _directive(state: Elaboration, kind: str, node: ast.Call) -> None:
    rest = [] if KINDS[kind].value is None else node.args[1:]
    values: list[tuple[str | None, Value]] = [(None, evaluate(state, each)) for each in rest]
    values += [(each.arg, evaluate(state, each.value)) for each in node.keywords]
    elaborate_directive(state, kind, node, values)


def _pass(state: Elaboration, node: ast.Pass) -> None:
    """Does nothing."""


def _assert(state: Elaboration, node: ast.Assert) -> None:
    """Checked while compiling; refused if it depends on the inputs."""
    holds = condition(state, node.test)
    if not holds.is_known:
        raise state.unsupported(
            "this assertion depends on the inputs", why="hardware cannot stop with an error", remedy="remove it"
        )
    if not holds.known:
        raise state.mistake("this assertion does not hold")


def _if(state: Elaboration, node: ast.If) -> None:
    """`if`, `elif`, `else`; conditions known while compiling choose a branch then."""
    holds = condition(state, node.test)
    if holds.is_known:
        elaborate_body(state, node.body if holds.known else node.orelse)
        return
    live = state.frame.liveness.after[node]
    branch(state, holds, [lambda: elaborate_body(state, node.body), lambda: elaborate_body(state, node.orelse)], live)


def _for(state: Elaboration, node: ast.For) -> None:
    """Loops over ranges, arrays, `enumerate` and `zip`, `continue` included; loops over tuples are unrolled."""
    _for_items(state, node, None)


def _for_until(state: Elaboration, node: ForUntil) -> None:
    """Leaves a loop early, as does `return` in one."""
    _for_items(state, node, node.ended)


def _for_items(state: Elaboration, node: ast.For, ended: str | None) -> None:
    iterated = evaluate(state, node.iter)

    def body(item: Value) -> None:
        assign_to(state, node.target, item)
        elaborate_body(state, node.body)

    if isinstance(iterated, Tuple):
        for item in iterated.items:
            _unless(state, node, ended, lambda item=item: body(item))
        return
    if isinstance(iterated, ArrayValue):
        iterated = settled(state, iterated)
    elaborate_for(state, node, iterate(state, iterated), body, ended)


def _unless(state: Elaboration, node: ast.stmt, ended: str | None, elaborate: Callable[[], None]) -> None:
    """Elaborate an iteration of an unrolled loop, which does not take place if the loop was left."""
    left = python_bool(False) if ended is None else lookup(state, ended)
    assert isinstance(left, Number)
    if not left.is_known:
        branch(state, logical_not(state, left), [elaborate, lambda: None], state.frame.liveness.head[node])
    elif not left.known:
        elaborate()


def _while(state: Elaboration, node: ast.While) -> None:
    """Loops with any condition, also one that is always true; `break`, `continue` and `return` included."""
    elaborate_while(state, node, lambda: condition(state, node.test), lambda: elaborate_body(state, node.body))


def _return(state: Elaboration, node: ast.Return) -> None:
    """At the end of a function, also at the ends of its branches; several results as a tuple."""
    value: Value = PythonObject(None) if node.value is None else evaluate(state, node.value)
    state.frame.names[RESULT] = settled(state, value, "result")


def _define(state: Elaboration, node: ast.FunctionDef) -> None:
    """Functions inside functions, which are inlined where they are called."""
    if node.decorator_list:
        raise state.unsupported("functions inside functions cannot have decorators")
    state.frame.names[node.name] = LocalFunction(node, state.frame)


STATEMENTS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.For: _for,
    ForUntil: _for_until,
    ast.While: _while,
    ast.If: _if,
    ast.Return: _return,
    ast.FunctionDef: _define,
    ast.Expr: _expression,
    ast.Pass: _pass,
    ast.Assert: _assert,
}
"""What elaborates each kind of statement."""

UNSUPPORTED_STATEMENTS: dict[type[ast.stmt], tuple[str, str | None]] = {
    ast.Delete: ("del", None),
    ast.Raise: ("raise", "hardware cannot stop with an error: return a flag"),
    ast.Try: ("try", "hardware raises no exceptions"),
    ast.With: ("with", None),
    ast.Import: ("an import inside a function", "import at the head of the file"),
    ast.ImportFrom: ("an import inside a function", "import at the head of the file"),
    ast.Global: ("global", "pass the value as an argument and return the new one"),
    ast.Nonlocal: ("nonlocal", "pass the value as an argument and return the new one"),
    ast.ClassDef: ("a class inside a function", None),
    ast.Match: ("match", "use if and elif"),
    ast.AsyncFor: ("async for", None),
    ast.AsyncFunctionDef: ("an asynchronous function", None),
}
"""What errors call the kinds of statement that have no hardware, and what to do instead."""
