"""Expressions: each kind of syntax has a function here that elaborates it and returns its value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, cast

from xdsl.dialects import arith

from gatewright.frontends.python.attributes import attribute
from gatewright.frontends.python.builtin_functions import select
from gatewright.frontends.python.calls import call
from gatewright.frontends.python.captured import from_python
from gatewright.frontends.python.casts import truth_of
from gatewright.frontends.python.conversion import term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.joins import CHOICE, merge_blocks, open_number
from gatewright.frontends.python.naming import lookup, settled
from gatewright.frontends.python.operators import BINARY, COMPARISONS, binary, compare, logical_not, unary
from gatewright.frontends.python.reductions import matrix_product
from gatewright.frontends.python.subscripts import index
from gatewright.frontends.python.tables import Arguments
from gatewright.frontends.python.tree import ElementLoad, ElementStore, TreeBody
from gatewright.frontends.python.values import (
    TRUTH,
    ArrayValue,
    LocalFunction,
    Number,
    PythonObject,
    SliceIndex,
    Tuple,
    Unbound,
    Value,
    kind_of,
    python_bool,
)


def evaluate(state: Elaboration, node: ast.expr) -> Value:
    """The value of an expression of the current function."""
    with state.at(node):
        elaborate = EXPRESSIONS.get(type(node))
        if elaborate is None:
            words = UNSUPPORTED_EXPRESSIONS.get(type(node), f"the syntax {type(node).__name__}")
            raise state.unsupported(f"{words} cannot be compiled", remedy="write a loop over arrays of fixed shape")
        return elaborate(state, node)


def condition(state: Elaboration, node: ast.expr) -> Number:
    """The truth of an expression of which nothing else is needed."""
    with state.at(node):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return logical_not(state, condition(state, node.operand))
        if isinstance(node, ast.BoolOp):
            first, *rest = node.values
            return _joined(state, isinstance(node.op, ast.And), condition(state, first), rest, condition)
        return truth_of(state, evaluate(state, node))


def _constant(state: Elaboration, node: ast.Constant) -> Value:
    """Integers, floats (with fixed point), `True`, `False`, `None`, strings as names of types."""
    if isinstance(node.value, complex):
        raise state.unsupported("complex numbers have no hardware")
    return from_python(state, node.value)


def _name(state: Elaboration, node: ast.Name) -> Value:
    """Variables; constants and constant arrays of the module and of closures, which become ROMs."""
    return lookup(state, node.id)


def _binary(state: Elaboration, node: ast.BinOp) -> Value:
    """`+ - * // % << >> & | ^ ** @` with NumPy's types; `/` for fixed point by powers of two."""
    left, right = evaluate(state, node.left), evaluate(state, node.right)
    if isinstance(node.op, ast.MatMult):
        return matrix_product(state, left, right)
    return binary(state, BINARY[type(node.op)], left, right)


def _unary(state: Elaboration, node: ast.UnaryOp) -> Value:
    """`-x`, `+x`, `~x`, `not x`."""
    if isinstance(node.op, ast.Not):
        return logical_not(state, condition(state, node.operand))
    return unary(state, type(node.op), evaluate(state, node.operand))


def _compare(state: Elaboration, node: ast.Compare) -> Value:
    """`== != < <= > >=`, also chained, by value whatever the signs; `is None`."""
    operands = [evaluate(state, node.left)]
    if len(node.ops) == 1:
        return _one_comparison(state, node.ops[0], operands[0], evaluate(state, node.comparators[0]))
    operands += [evaluate(state, comparator) for comparator in node.comparators]
    result: Number = python_bool(True)
    for operator, (left, right) in zip(node.ops, pairwise(operands), strict=True):
        holds = _one_comparison(state, operator, left, right)
        if not isinstance(holds, Number):
            raise state.unsupported("comparisons of arrays cannot be chained", remedy="combine two with &")
        result = _and(state, result, holds)
    return result


def _one_comparison(state: Elaboration, operator: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(operator, (ast.Is, ast.IsNot)):
        if not any(isinstance(side, PythonObject) for side in (left, right)):
            raise state.unsupported("is compares identities, which have no hardware", remedy="use ==")
        same = isinstance(left, PythonObject) and isinstance(right, PythonObject) and left.value is right.value
        return python_bool(same == isinstance(operator, ast.Is))
    if type(operator) not in COMPARISONS:
        raise state.unsupported("in has no hardware", remedy="compare with each value")
    return compare(state, COMPARISONS[type(operator)], left, right)


def _and(state: Elaboration, a: Number, b: Number) -> Number:
    """Both truths, of the type of the second if the first is known."""
    for known, other in ((a, b), (b, a)):
        if known.is_known:
            return other if known.known else known
    type_ = a.type if a.type == b.type else b.type
    return Number(type_, state.builder.pure(arith.AndIOp, term_of(state, a), term_of(state, b)))


def _boolean(state: Elaboration, node: ast.BoolOp) -> Value:
    """`and`, `or` with Python's values; the right side is skipped where it would change something."""
    first, *rest = node.values
    return _operand_choice(state, isinstance(node.op, ast.And), evaluate(state, first), rest)


def _operand_choice(state: Elaboration, conjunction: bool, first: Value, rest: Sequence[ast.expr]) -> Value:
    """`first and rest` or `first or rest` as Python values them."""
    if not rest:
        return first
    holds = truth_of(state, first)
    following = lambda: _operand_choice(state, conjunction, evaluate(state, rest[0]), rest[1:])  # noqa: E731
    if holds.is_known:
        return following() if bool(holds.known) == conjunction else first
    arms = (following, lambda: first) if conjunction else (lambda: first, following)
    return choose(state, holds, *arms)


def _joined(
    state: Elaboration,
    conjunction: bool,
    first: Number,
    rest: Sequence[ast.expr],
    elaborate: Callable[[Elaboration, ast.expr], Number],
) -> Number:
    """The truth of `first and rest` or `first or rest`."""
    if not rest:
        return first
    following = lambda: _joined(state, conjunction, elaborate(state, rest[0]), rest[1:], elaborate)  # noqa: E731
    if first.is_known:
        return following() if bool(first.known) == conjunction else first
    arms = (following, lambda: first) if conjunction else (lambda: first, following)
    result = choose(state, first, *arms)
    assert isinstance(result, Number)
    return result


def _conditional(state: Elaboration, node: ast.IfExp) -> Value:
    """`a if c else b`."""
    holds = condition(state, node.test)
    if holds.is_known:
        return evaluate(state, node.body if holds.known else node.orelse)
    return choose(state, holds, lambda: evaluate(state, node.body), lambda: evaluate(state, node.orelse))


def choose(state: Elaboration, holds: Number, then: Callable[[], Value], orelse: Callable[[], Value]) -> Value:
    """One of two values. Numbers that cost no more than arithmetic are both computed; else only one side runs."""
    names = state.frame.names
    blocks, ends, values = (TreeBody(), TreeBody()), [], []
    for block, arm in zip(blocks, (then, orelse), strict=True):
        state.frame.names = dict(names)
        with state.builder.inside(block):
            values.append(arm())
        ends.append(state.frame.names)
    state.frame.names = names
    a, b = values
    if isinstance(a, Number) and isinstance(b, Number) and all(_is_light(state, block) for block in blocks):
        for block in blocks:
            state.builder.body.nodes += block.nodes
        return _select_truth(state, holds, a, b)
    for block, end, value in zip(blocks, ends, values, strict=True):
        with state.builder.inside(block):
            end[CHOICE] = settled(state, value)
    merge_blocks(state, holds, blocks, ends, {CHOICE, *names})
    value = state.frame.names.pop(CHOICE)
    if isinstance(value, Unbound):
        raise state.unsupported(value.reason.replace(CHOICE, "this"), remedy="convert one of them")
    return value


def _is_light(state: Elaboration, block: TreeBody) -> bool:
    """Whether a body holds neither loops, branches and stores nor loads that may be outside their array."""
    for node in block.nodes:
        if node.bodies() or isinstance(node, ElementStore):
            return False
        if isinstance(node, ElementLoad) and not _is_inside(state, node):
            return False
    return True


def _is_inside(state: Elaboration, node: ElementLoad) -> bool:
    """Whether a load is certainly of an element of its array."""
    return all(state.is_between(i, 0, extent - 1) for i, extent in zip(node.indices, node.shape, strict=True))


def _select_truth(state: Elaboration, holds: Number, a: Number, b: Number) -> Number:
    """`select`, which for truth values of which one is the condition or known is `and` or `or`."""
    if isinstance(a.type, TRUTH) and a.type == b.type:
        if b.term is holds.term or b.constant == 0:
            return _and(state, Number(a.type, holds.term), a)
        if a.term is holds.term or a.constant == 1:
            if b.is_known:
                return Number(a.type, holds.term) if not b.known else Number(a.type, constant=1)
            return Number(a.type, state.builder.pure(arith.OrIOp, term_of(state, holds), term_of(state, b)))
    if open_number(state, a, b) is None:
        raise state.unsupported(f"this is {a.type} on one path and {b.type} on the other", remedy="convert one of them")
    return select(state, holds, a, b)


def _subscript(state: Elaboration, node: ast.Subscript) -> Value:
    """Elements, rows, slices: `a[i, j]`, `a[i][j]`, `a[1:n]`, `a[::-1]`, `a[i, :]`, `a[..., None]`, `a[-1]`."""
    owner = evaluate(state, node.value)
    items = subscript_items(state, node.slice)
    if isinstance(owner, ArrayValue):
        return index(state, owner, items)
    if isinstance(owner, Tuple) and len(items) == 1:
        return _of_tuple(state, owner, items[0])
    if isinstance(owner, PythonObject) and len(items) == 1 and hasattr(owner.value, "__getitem__"):
        return _of_known(state, owner.value, items[0])
    raise state.unsupported(f"{kind_of(owner)} cannot be indexed")


def subscript_items(state: Elaboration, node: ast.expr) -> list[Value]:
    """The indices and slices of a subscript."""
    if isinstance(node, ast.List):
        with state.at(node):
            raise state.unsupported("an array cannot be indexed by a list", remedy="write a loop over the elements")
    value = evaluate(state, node)
    return list(value.items) if isinstance(value, Tuple) else [value]


def _of_tuple(state: Elaboration, owner: Tuple, item: Value) -> Value:
    try:
        if isinstance(item, SliceIndex):
            parts = (item.start, item.stop, item.step)
            bounds = [part.known if isinstance(part, Number) else None for part in parts]
            return Tuple(owner.items[slice(*bounds)])
        if isinstance(item, Number) and item.is_known:
            return owner.items[item.known]
    except IndexError:
        raise state.mistake(f"index {kind_of(item)} is outside a tuple of {len(owner.items)} items") from None
    raise state.unsupported("a tuple is indexed by numbers known while compiling", remedy="use an array")


def _of_known(state: Elaboration, owner: object, item: Value) -> Value:
    key = item.value if isinstance(item, PythonObject) else item.constant if isinstance(item, Number) else None
    if key is None:
        raise state.unsupported(f"this {type(owner).__name__} is indexed by something not known while compiling")
    try:
        return from_python(state, cast(Any, owner)[key])
    except (LookupError, TypeError):
        raise state.mistake(f"{key!r} is not in this {type(owner).__name__}") from None


def _slice(state: Elaboration, node: ast.Slice) -> Value:
    """Slices whose length is known while compiling, steps and negative bounds included."""
    parts = [None if part is None else evaluate(state, part) for part in (node.lower, node.upper, node.step)]
    return SliceIndex(*(None if isinstance(part, PythonObject) and part.value is None else part for part in parts))


def _call(state: Elaboration, node: ast.Call) -> Value:
    """Supported functions and methods; the program's own functions, which are inlined."""
    callee = evaluate(state, node.func)
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(k.arg is None for k in node.keywords):
        raise state.unsupported("arguments cannot be unpacked with * or **", remedy="name each argument")
    positional = [evaluate(state, argument) for argument in node.args]
    keywords = {keyword.arg: evaluate(state, keyword.value) for keyword in node.keywords if keyword.arg is not None}
    return call(state, callee, Arguments(ast.unparse(node.func), positional, keywords))


def _attribute(state: Elaboration, node: ast.Attribute) -> Value:
    """`.shape`, `.size`, `.ndim`, `.dtype`, `.T` and methods of arrays; names of modules."""
    return attribute(state, evaluate(state, node.value), node.attr)


def _tuple(state: Elaboration, node: ast.Tuple | ast.List) -> Value:
    """Tuples, and lists that are not changed."""
    return Tuple(tuple(settled(state, evaluate(state, item)) for item in node.elts))


def _lambda(state: Elaboration, node: ast.Lambda) -> Value:
    """Functions without a name."""
    return LocalFunction(node, state.frame)


EXPRESSIONS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Tuple: _tuple,
    ast.List: _tuple,
    ast.Lambda: _lambda,
}
"""What elaborates each kind of expression."""

UNSUPPORTED_EXPRESSIONS: dict[type[ast.expr], str] = {
    ast.ListComp: "a list comprehension",
    ast.GeneratorExp: "a generator",
    ast.SetComp: "a set comprehension",
    ast.DictComp: "a dictionary comprehension",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.JoinedStr: "a formatted string",
    ast.NamedExpr: "an assignment inside an expression",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Starred: "unpacking with *",
}
"""What errors call the kinds of expression that have no hardware."""
