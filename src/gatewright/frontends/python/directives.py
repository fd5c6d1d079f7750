"""Directives: what a program says about how its loops are to run, a part of the plan in the source.

In Python they do nothing; in a compiled program each is a decision of the plan, which the planner obeys.
"""

from __future__ import annotations

import ast
from typing import TypeVar

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64

from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.iteration import range_count
from gatewright.frontends.python.tables import Arguments, function
from gatewright.frontends.python.tree import Directive, TypedTerm
from gatewright.frontends.python.values import (
    ArrayView,
    DirectedIterator,
    Number,
    PythonObject,
    RangeObject,
    Value,
)
from gatewright.plan import KINDS, MOST_BANKS, bank_value

T = TypeVar("T")


def order(*loops: int) -> None:
    """Run a perfect nest of loops in another order: their counters, from the outermost to the innermost one."""


def interleave(loop: int, count: int) -> None:
    """Let so many iterations of a loop around a reduction take turns; 1: one after the other. `loop` is its counter."""


def pipeline(loop: T, interval: int = 1) -> T:
    """Start an iteration of an innermost loop every so many cycles: of that with the counter, or over the range."""
    return loop


def unroll(loop: T, factor: int) -> T:
    """Do so many iterations of a loop at once: of the one with that counter, or of the one over that range."""
    return loop


def parallel(loop: T) -> T:
    """Do all iterations of the loop over that range at once."""
    return loop


def bank(array: object, axis: int = 0, by: int = 1) -> None:
    """Keep an array in `by` memories, its elements dealt out in turn along an axis."""


@function(order, "gw.order")
def _order(state: Elaboration, arguments: Arguments) -> Value:
    """The order of the loops of a perfect nest, by their counters; a statement in the innermost one."""
    raise _misplaced(state, arguments)


@function(interleave, "gw.interleave")
def _interleave(state: Elaboration, arguments: Arguments) -> Value:
    """How many iterations of a loop around a reduction take turns; a statement in the loop."""
    raise _misplaced(state, arguments)


@function(pipeline, "gw.pipeline")
def _pipeline(state: Elaboration, arguments: Arguments) -> Value:
    """The cycles from one iteration of an innermost loop to the next; a statement in the loop, or around its range."""
    iterated, interval = arguments.bind(state, "loop", "interval")
    return _around(state, arguments, "pipeline", iterated, _number(state, arguments, interval, 1))


@function(unroll, "gw.unroll")
def _unroll(state: Elaboration, arguments: Arguments) -> Value:
    """How many iterations of a loop are done at once; a statement in the loop, or around its range."""
    iterated, factor = arguments.bind(state, "loop", "factor", least=2)
    return _around(state, arguments, "unroll", iterated, _number(state, arguments, factor, 1))


@function(parallel, "gw.parallel")
def _parallel(state: Elaboration, arguments: Arguments) -> Value:
    """All iterations of a loop are done at once; around its range."""
    (iterated,) = arguments.bind(state, "loop")
    if not isinstance(iterated, RangeObject):
        raise _misplaced(state, arguments)
    count = range_count(state, iterated)
    if not count.is_known:
        raise state.unsupported("the number of iterations that gw.parallel does at once must be known")
    return _around(state, arguments, "unroll", iterated, max(1, int(count.known)))


@function(bank, "gw.bank")
def _bank(state: Elaboration, arguments: Arguments) -> Value:
    """In how many memories an array is kept; a statement of its own."""
    raise _misplaced(state, arguments)


def _around(
    state: Elaboration, arguments: Arguments, kind: str, iterated: Value | None, value: int
) -> DirectedIterator:
    """What a loop runs over, with a directive."""
    if not isinstance(iterated, RangeObject | DirectedIterator):
        raise _misplaced(state, arguments)
    form = KINDS[kind]
    if not form.least <= value <= form.most:
        raise state.mistake(f"{form.value} of gw.{kind} is from {form.least} to {form.most}, not {value}")
    inner = iterated if isinstance(iterated, DirectedIterator) else DirectedIterator(iterated)
    return DirectedIterator(inner.iterated, (*inner.directives, (kind, value)))


def _number(state: Elaboration, arguments: Arguments, given: Value | None, default: int) -> int:
    if given is None:
        return default
    if not isinstance(given, Number) or not isinstance(given.constant, int):
        raise state.unsupported(f"the number that {arguments.name} is given must be known while compiling")
    return int(given.known)


def _misplaced(state: Elaboration, arguments: Arguments) -> Exception:
    return state.mistake(f"{arguments.name} is a statement of its own, in the loop that it is about")


_KIND_OF: dict[object, str] = {
    order: "order",
    interleave: "interleave",
    pipeline: "pipeline",
    unroll: "unroll",
    bank: "bank",
}


def directive_kind(callee: Value) -> str | None:
    """The kind of decision that a call of something asks for; None if it asks for none."""
    if not isinstance(callee, PythonObject):
        return None
    return next((kind for directive, kind in _KIND_OF.items() if callee.value is directive), None)


def elaborate_directive(state: Elaboration, kind: str, node: ast.Call, values: list[tuple[str | None, Value]]) -> None:
    """A call of a directive. `values` are those of its arguments that are not counters, by keyword if named."""
    form = KINDS[kind]
    if kind == "bank":
        _elaborate_bank(state, node, values)
        return
    counters = [_counter(state, each, kind) for each in (node.args if form.value is None else node.args[:1])]
    if len(values) > (form.value is not None) or any(name not in (None, form.value) for name, _ in values):
        names = "counters" if form.value is None else f"a counter and {form.value}"
        raise state.mistake(f"gw.{kind} takes {names}, and nothing else")
    value = values[0][1] if values else None
    if value is not None and not (isinstance(value, Number) and isinstance(value.constant, int)):
        raise state.unsupported(f"{form.value} of gw.{kind} must be known while compiling")
    if form.value is not None and value is None and kind != "pipeline":
        raise state.mistake(f"gw.{kind} needs {form.value}")
    number = 1 if value is None else int(value.known)
    if form.value is not None and not form.least <= number <= form.most:
        raise state.mistake(f"{form.value} of gw.{kind} is from {form.least} to {form.most}, not {number}")
    attribute = IntegerAttr(number, i64) if form.value is not None else None
    state.builder.add(Directive(kind, counters, attribute))


def _elaborate_bank(state: Elaboration, node: ast.Call, values: list[tuple[str | None, Value]]) -> None:
    """The banks of an array: of all that a name stands for."""
    arguments = Arguments(
        "gw.bank", [each for name, each in values if name is None], {name: each for name, each in values if name}
    )
    axis, by = arguments.bind(state, "axis", "by", least=0)
    array = state.frame.names.get(node.args[0].id) if node.args and isinstance(node.args[0], ast.Name) else None
    if not isinstance(array, ArrayView) or not array.is_whole:
        raise state.unsupported("gw.bank is about an array by its name", remedy="gw.bank(a, axis=1, by=4)")
    place, count = _number(state, arguments, axis, 0), _number(state, arguments, by, 1)
    if not -len(array.shape) <= place < len(array.shape) or not 1 <= count <= MOST_BANKS:
        raise state.mistake(
            f"gw.bank of an array of {len(array.shape)} axes has no axis={place} by={count}",
            remedy=f"an axis of it, and from 1 to {MOST_BANKS} banks",
        )
    factors = [1] * len(array.shape)
    factors[place] = count
    state.builder.add(Directive("bank", [array.buffer.term], StringAttr(bank_value(factors))))


def _counter(state: Elaboration, node: ast.expr, kind: str) -> TypedTerm:
    found = state.frame.counters.get(node.id) if isinstance(node, ast.Name) else None
    if found is None:
        raise state.unsupported(
            f"gw.{kind} is about loops that are running, and {ast.unparse(node)} counts none",
            why="a loop over a tuple is unrolled, and one with break counts otherwise"
            if isinstance(node, ast.Name)
            else None,
            remedy="name the counters of for loops around the directive",
        )
    return found
