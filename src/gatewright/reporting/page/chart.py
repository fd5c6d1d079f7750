"""A schedule as bars over cycles: a panel for the function and one for each loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xdsl.dialects import arith, func, memref
from xdsl.ir import Block, Operation

from gatewright.dialects.loopschedule.ops import (
    LoopOp,
    PipelineOp,
    PipelineStageOp,
    RegisterOp,
    StepOp,
    TerminatorOp,
    latency_of,
)
from gatewright.dialects.notes import OPERATOR
from gatewright.ir.accesses import MemoryAccess
from gatewright.machine.duration import items_of, span_when_active
from gatewright.reporting.page.listing import place

SILENT = (
    arith.ConstantOp,
    memref.AllocOp,
    memref.AllocaOp,
    memref.GetGlobalOp,
    RegisterOp,
    TerminatorOp,
    func.ReturnOp,
)
"""Operations without a time of their own."""

MOST_BARS = 400
"""A panel with more operations shows the first ones only, and says so."""


def chart(function: func.FuncOp) -> tuple[list[dict[str, Any]], dict[Operation, int]]:
    """The panels of a scheduled function, outermost first, and the numbers of the operations that have bars."""
    number_of: dict[Operation, int] = {}
    panels = [_panel(f"function {function.sym_name.data}", function, function.body.block, None, number_of)]
    for loop in _loops(function.body.block):
        panels.append(_panel(_title(loop), loop, loop.body.block, loop, number_of))
    return panels, number_of


def _loops(block: Block) -> Iterator[LoopOp]:
    for op in block.ops:
        if isinstance(op, StepOp):
            yield from _loops(op.body.block)
        elif isinstance(op, LoopOp):
            yield op
            yield from _loops(op.body.block)


def _title(loop: LoopOp) -> str:
    kind = "pipeline" if isinstance(loop, PipelineOp) else "loop"
    return f"{kind} of {where}" if (where := place(loop)) is not None else kind


def _panel(
    title: str, op: Operation, block: Block, loop: LoopOp | None, number_of: dict[Operation, int]
) -> dict[str, Any]:
    bars: list[dict[str, Any]] = []
    if isinstance(loop, PipelineOp):
        for stage in loop.stages:
            bars += _bars(stage.body.block, stage.start, number_of)
        cycles = loop.depth
    else:
        cycles = 0
        for item in items_of(block):
            inner = item.body.block if isinstance(item, StepOp) else Block()
            bars += _bars(inner, cycles, number_of)
            cycles += span_when_active(item).least
    panel: dict[str, Any] = {
        "title": title,
        "place": place(op),
        "op": number_of.setdefault(op, len(number_of)),
        "bars": bars[:MOST_BARS],
        "hidden": max(0, len(bars) - MOST_BARS),
        "cycles": max([cycles, 1, *(bar["start"] + bar["length"] for bar in bars)]),
    }
    if isinstance(loop, PipelineOp):
        panel["interval"] = loop.interval
        panel["starts"] = [stage.start for stage in loop.stages]
        panel["depth"] = loop.depth
    return panel


def _bars(block: Block, start: int, number_of: dict[Operation, int]) -> Iterator[dict[str, Any]]:
    """The bars of the operations of a step that starts in a cycle, those of steps nested in it included."""
    for op in block.ops:
        if isinstance(op, StepOp | PipelineStageOp):
            yield from _bars(op.body.block, start, number_of)
        elif not isinstance(op, SILENT):
            yield {
                "op": number_of.setdefault(op, len(number_of)),
                "name": _name(op),
                "kind": _kind(op),
                "place": place(op),
                "start": start,
                "length": max(1, latency_of(op)),
            }


def _name(op: Operation) -> str:
    """What a bar is called."""
    if isinstance(op, MemoryAccess):
        verb = "load" if isinstance(op, memref.LoadOp) else "store"
        return f"{verb} {op.memref.name_hint or 'array'}"
    if isinstance(op, LoopOp):
        trips = "" if op.trip_count is None else f", {op.trip_count:,} iterations"
        return f"{_title(op)}{trips}"
    short = op.name.rpartition(".")[2]
    hint = op.results[0].name_hint if op.results else None
    return f"{short} {hint}" if hint else short


def _kind(op: Operation) -> str:
    """The colour of a bar."""
    if isinstance(op, LoopOp):
        return "loop"
    if isinstance(op, memref.LoadOp):
        return "load"
    if isinstance(op, memref.StoreOp):
        return "store"
    return "operator" if OPERATOR.value(op) is not None else "logic"
