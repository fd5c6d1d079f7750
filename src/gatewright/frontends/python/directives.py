"""Directives: what a program says about how its loops are to run, a part of the plan in the source.

In Python they do nothing; in a compiled program each is a decision of the plan, which the planner obeys.
"""

from __future__ import annotations

import ast

from xdsl.dialects.builtin import IntegerAttr, i64

from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.tables import Arguments, function
from gatewright.frontends.python.tree import Directive, TypedTerm
from gatewright.frontends.python.values import Number, PythonObject, Value
from gatewright.plan import KINDS, MOST


def order(*loops: int) -> None:
    """Run a perfect nest of loops in another order: their counters, from the outermost to the innermost one."""


def interleave(loop: int, count: int) -> None:
    """Let so many iterations of a loop around a reduction take turns; 1: one after the other. `loop` is its counter."""


def pipeline(loop: int, interval: int = 1) -> None:
    """Start an iteration of an innermost loop every `interval` cycles. `loop` is its counter."""


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
    """The cycles from one iteration of an innermost loop to the next; a statement in the loop."""
    raise _misplaced(state, arguments)


def _misplaced(state: Elaboration, arguments: Arguments) -> Exception:
    return state.mistake(f"{arguments.name} is a statement of its own, in the loop that it is about")


_KIND_OF = {order: "order", interleave: "interleave", pipeline: "pipeline"}


def directive_kind(callee: Value) -> str | None:
    """The kind of decision that a call of something asks for; None if it asks for none."""
    if not isinstance(callee, PythonObject):
        return None
    return next((kind for directive, kind in _KIND_OF.items() if callee.value is directive), None)


def elaborate_directive(state: Elaboration, kind: str, node: ast.Call, values: list[tuple[str | None, Value]]) -> None:
    """A call of a directive. `values` are those of its arguments that are not counters, by keyword if named."""
    form = KINDS[kind]
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
    if form.value is not None and not form.least <= number <= MOST:
        raise state.mistake(f"{form.value} of gw.{kind} is from {form.least} to {MOST}, not {number}")
    attribute = IntegerAttr(number, i64) if form.value is not None else None
    state.builder.add(Directive(kind, counters, attribute))


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
