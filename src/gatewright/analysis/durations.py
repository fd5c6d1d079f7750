"""How long the operators of a library take for operations of the loops level, before there is a schedule."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from xdsl.dialects import arith, memref
from xdsl.ir import Block, Operation, SSAValue

from gatewright.analysis.multiplication import needs_multiplier
from gatewright.ir.float_operations import LOGIC, float_operation
from gatewright.ir.floats import scalar_bits
from gatewright.operators.library import PIPELINED, Operator, OperatorLibrary


def library_operator(library: OperatorLibrary, op: Operation, pipelined: bool) -> Operator:
    """The operator that a library has for an operation on operands of full width; KeyError if it has none.

    `pipelined` says whether divisions and square roots of floating-point numbers are to take operands every cycle.
    """
    kind = op.name.rpartition(".")[2]
    value = op.results[0] if op.results else op.operands[0]
    width = max(scalar_bits(operand.type) or 1 for operand in (*op.operands, value))
    if (floating := float_operation(op)) is not None:
        kind = PIPELINED.get(floating.kind, floating.kind) if pipelined else floating.kind
        return library.float_operator(kind, *floating.types)
    if isinstance(op, LOGIC):
        return library.float_logic(kind, width)
    return library.operator(kind, width, constant=has_constant(op))


def has_constant(op: Operation) -> bool:
    """Whether the second of two operands is a constant."""
    return len(op.operands) == 2 and isinstance(op.operands[1].owner, arith.ConstantOp)


def recurrence_cycles(
    body: Block, sources: Iterable[SSAValue], targets: Iterable[SSAValue], library: OperatorLibrary
) -> int:
    """About how many cycles pass from the first of `sources` to the last of `targets` on the longest way in a block.

    At least 1, which what takes no more than a cycle's logic needs. One choice in front of it is counted in.
    """
    choice = library.operator("select", 1).delay
    times: dict[SSAValue, tuple[int, float]] = {source: (0, choice) for source in sources}
    for op in body.ops:
        reached = [times[operand] for operand in op.operands if operand in times]
        if not reached or not op.results:
            continue
        cycles, delay = (max(column) for column in zip(*reached, strict=True))
        more, longer = _duration(op, library)
        times.update((result, (cycles + more, delay + longer)) for result in op.results)
    found = [times[target] for target in targets if target in times]
    return max((_cycles(cycles, delay, library) for cycles, delay in found), default=1)


def _cycles(cycles: int, delay: float, library: OperatorLibrary) -> int:
    logic = ceil(delay / library.budget_ns)
    return max(1, cycles + logic - 1 if cycles else logic)


def _duration(op: Operation, library: OperatorLibrary) -> tuple[int, float]:
    """Cycles, and nanoseconds of logic in front of and behind them."""
    if isinstance(op, memref.LoadOp):
        port = library.memory_read(1)
        return 1, port.delay + port.output_delay
    if isinstance(op, arith.MuliOp) and not needs_multiplier(op):
        return 0, 2 * library.operator("addi", scalar_bits(op.result.type) or 1).delay
    try:
        operator = library_operator(library, op, pipelined=True)
    except KeyError:
        return 0, 0.0
    return operator.latency, operator.delay + operator.output_delay
