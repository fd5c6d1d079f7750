"""What keeps the iterations of a loop from starting sooner, in the words of the user's program."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import memref
from xdsl.ir import Operation, SSAValue

from gatewright.ir.location import file_of
from gatewright.ir.operations import words_of
from gatewright.scheduling.modulo import ModuloResult
from gatewright.scheduling.problem import Problem


def array_name(array: SSAValue) -> str:
    """What to call an array."""
    return array.name_hint or ("a local array" if isinstance(array.owner, Operation) else "an argument")


def label(op: Operation) -> str:
    """What to call an operation: `load of a (line 7)`."""
    if isinstance(op, memref.LoadOp):
        words = f"load of {array_name(op.memref)}"
    elif isinstance(op, memref.StoreOp):
        words = f"store to {array_name(op.memref)}"
    else:
        words = words_of(op)
    line = line_of(op)
    return words if line is None else f"{words} (line {line})"


def line_of(op: Operation) -> int | None:
    """The line of the source that an operation comes from."""
    file = file_of(op.location)
    return file.line.data if file is not None else None


def limit(result: ModuloResult, problem: Problem, ops: Sequence[Operation]) -> str:
    """One line: the recurrence, port or operator that sets the interval of a loop, with the lines it comes from.

    `ops` are the operations of the problem, as far as they are operations of the program.
    """
    if result.interval == 1:
        return "an iteration starts every cycle"
    text = result.describe(problem)
    bound = result.bound
    demand = bound.demand
    by_recurrence = bound.recurrence is not None and bound.recurrence.interval == bound.interval
    if demand is None or by_recurrence or demand.interval != bound.interval:
        return text
    lines = sorted({line for each in demand.operations if each < len(ops) and (line := line_of(ops[each])) is not None})
    if not lines:
        return text
    where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
    described = demand.describe()
    return text.replace(described, f"{described} ({where})")
