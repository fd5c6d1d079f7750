"""The Python `while` that a loop of a schedule becomes when its iterations can be run one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gatewright.dialects.loopschedule.ops import LoopOp, RegisterOp
from gatewright.interpreters.counters import counter
from gatewright.interpreters.python_source import PythonSource, zero


def emit(source: PythonSource, loop: LoopOp, cycle: str, body: Callable[[], None]) -> None:
    """Emit a loop whose iterations are what `body` emits; `cycle` is the cycle in which an iteration starts."""
    arguments, terminator = loop.condition.block.args, loop.terminator
    names = [source.declare(argument) for argument in arguments]
    # A result that is always the iteration argument of its position needs no variable of its own.
    own = [
        position
        for position, value in enumerate(terminator.loop_results)
        if position >= len(names) or value is not terminator.iter_args[position]
    ]
    own_names = [source.declare(loop.outs[position]) for position in own]
    initial = [source.text_of(value) for value in loop.iter_args]
    source.assign_all([*names, *own_names], [*initial, *(_initial_result(source, loop, position) for position in own)])
    counted = counter(loop, source.term)
    if counted is not None:
        position, in_condition, _ = counted
        source.alias(arguments[position], replace(in_condition, text=names[position]))
    with source.indented("while True:"):
        for argument, inner in zip(arguments, loop.body.block.args, strict=True):
            source.alias(inner, source.term(argument))
        for op in loop.condition.block.ops:
            if not isinstance(op, RegisterOp) and not source.arithmetic(op):
                raise source.unsupported(op)
        source.line(f"if not {source.text_of(loop.condition_register.values[0])}: break")
        check_hang(source, loop, cycle)
        if counted is not None:
            position, _, in_body = counted
            source.alias(loop.body.block.args[position], replace(in_body, text=names[position]))
        for inner in loop.body.block.args:
            source.ready(inner)
        body()
        following = [source.text_of(value) for value in terminator.iter_args]
        final = [source.text_of(terminator.loop_results[position]) for position in own]
        source.assign_all([*names, *own_names], [*following, *final])
    for position, out in enumerate(loop.outs):
        if position not in own:
            source.alias(out, source.term(arguments[position]))
        source.ready(out)


def check_hang(source: PythonSource, loop: LoopOp, cycle: str) -> None:
    """Emit the check that an iteration that starts in `cycle` is within the limit."""
    arguments = loop.body.block.args
    values = "".join(f"{source.text_of(argument)}, " for argument in arguments)
    labels = "".join(f"{argument.name_hint or f'argument {k}'!r}, " for k, argument in enumerate(arguments))
    source.line(f"if {cycle} > limit: hang({source.faults.number(loop)}, limit, ({labels}), ({values}))")


def _initial_result(source: PythonSource, loop: LoopOp, position: int) -> str:
    """Result `position` after no iteration: the initial value of that argument; of another type, it is unspecified."""
    type_ = loop.outs[position].type
    if position < len(loop.iter_args) and loop.iter_args[position].type == type_:
        return source.text_of(loop.iter_args[position])
    return zero(type_).text
