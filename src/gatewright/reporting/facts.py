"""The facts of a design, as in `design.report` and report.json: cycles, loops, operators, memories, ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, Operation

from gatewright.analysis.static_control import has_static_control
from gatewright.analysis.sums import sums_of
from gatewright.analysis.work import work_of
from gatewright.dialects.dataflow import channels_in, tasks_in
from gatewright.dialects.loopschedule.ops import PipelineOp, SeqWhileOp, StepOp
from gatewright.dialects.notes import ARRAY, ESTIMATE, INTERVAL, LIMIT, LOOP
from gatewright.errors import SimulationError
from gatewright.ir.floats import scalar_bits
from gatewright.ir.interface import Signature, element_of
from gatewright.ir.location import brief_place, layer_of
from gatewright.ir.program import Program
from gatewright.ir.task_programs import joint_plan, task_programs
from gatewright.machine.duration import estimated, sequence_cycles, static_cycles
from gatewright.machine.use import Use
from gatewright.numbers.types import Array
from gatewright.options import Options
from gatewright.planning.lower_bound import banks_of, lower_bound
from gatewright.transforms.rtl.design import RtlDesign

SEQUENTIAL = "iterations follow one another: their body holds other control, or would not be faster in overlap"
"""What limits a loop that is not a pipeline."""

SHORT = "an iteration takes one cycle"
"""What limits one that need not be one."""


def account(
    source: str, signature: Signature, options: Options, workload: Program | None, schedule: Program, rtl: RtlDesign
) -> dict[str, Any]:
    """The report of a compiled program, as json can write it.

    `workload` is the program as loops, simplified; None if the schedule is the user's own.
    """
    dual = frozenset(options.dual_port_names)
    plan = joint_plan(schedule)
    bound = None if workload is None else lower_bound(workload.function, options.multipliers, dual, banks_of(plan))
    memories = [asdict(memory) for memory in rtl.memories]
    use, cycles = rtl.use, predicted_cycles(schedule, workload is not None)
    work = None if workload is None else work_of(workload.function)
    products = None if work is None else sum(work.products.values())
    interval = INTERVAL.value(schedule.function)
    every = interval if interval is not None else cycles
    return {
        "name": rtl.top.name,
        "source": source,
        "interface": str(signature),
        "clock_mhz": options.clock_mhz,
        "target": options.target,
        "cycles": cycles,
        "interval": interval if interval is not None else cycles,
        "estimate": estimated_cycles(schedule, cycles),
        "lower_bound": bound[0] if bound else None,
        "lower_bound_set_by": bound[1] if bound else None,
        **(_tasks(schedule) if interval is not None else {}),
        "loops": list(loop_rows(schedule)),
        "multipliers": use.multipliers,
        **_beyond_the_pool(options, use),
        "products": products,
        "busy": round(products / (use.multipliers * every), 4) if products and every and use.multipliers else None,
        "dsp": use.dsp,
        "luts": use.luts,
        "ram_blocks": use.ram_blocks,
        "plan": [{"decision": str(each), "reason": each.reason} for each in plan],
        "operators": operator_rows(rtl),
        "memories": memories,
        "memory_bits": sum(memory["words"] * memory["bits"] for memory in memories),
        "registers": rtl.registers,
        "register_bits": rtl.register_bits,
        "ports": [
            {"name": port.name, "direction": "out" if port.output else "in", "bits": port.width}
            for port in rtl.top.ports()
        ],
        **schedule.notes,
    }


def _beyond_the_pool(options: Options, use: Use) -> dict[str, str]:
    """Why there are more multipliers than the budget has, if there are."""
    if options.multipliers is None or use.multipliers <= options.multipliers:
        return {}
    why = "there is one for each type of product, since a multiplier of one type makes no products of another"
    return {"multipliers_because": f"{options.multipliers} asked for; {why}"}


def predicted_cycles(schedule: Program, trusted: bool = True) -> int | None:
    """The cycles of a run, start to earliest next start; None where they depend on the data.

    Where all trip counts are known they follow from the structure, if the counts that the schedule notes are to be
    `trusted`; else the schedule is run, with zeros for data.
    """
    from gatewright.interpreters import loopschedule

    if tasks := [each.times for each in tasks_in(schedule.function)]:
        return max(sum(times) for times in tasks if times is not None)
    if not has_static_control(schedule.function):
        return None
    if trusted and (sequence := sequence_cycles(schedule.function.body.block)) is not None:
        return sequence + 1  # the cycle in which the run is over and the next may begin
    zeros = [
        np.zeros(
            parameter.type.shape if isinstance(parameter.type, Array) else (), element_of(parameter.type).raw_dtype
        )
        for parameter in schedule.signature.parameters
    ]
    try:
        return loopschedule.run(schedule, zeros).cycles
    except SimulationError:  # what the program does not do with the data that it is for
        return None


def estimated_cycles(schedule: Program, cycles: int | None) -> int | None:
    """The cycles that the planner counts on, by heuristics alone, of a schedule of so many; None if nothing tells them.

    Where the structure of the schedule does not tell its cycles, they are known if the planner counts on every pipeline
    as it is scheduled.
    """
    if tasks_in(schedule.function):
        return cycles
    sequence = sequence_cycles(schedule.function.body.block, estimated)
    if sequence is not None:
        return sequence + 1
    as_scheduled = all(ESTIMATE.value(op) is None for op in schedule.function.walk())
    return cycles if as_scheduled else None


def loop_rows(schedule: Program) -> Iterator[dict[str, Any]]:
    """The loops in program order.

    Names in the plan, source line, layer of the model, nesting, trip count, interval and depth (cycles from one
    iteration to the next, and of one iteration), cycles in all, each where it is the same in every run, how many of
    them what follows shares, and what keeps the interval from being smaller.
    """
    yield from _loops(schedule.function.body.block, 0)
    if tasks_in(schedule.function):
        for task in task_programs(schedule):
            yield from ({"task": task.name, **row} for row in _loops(task.function.body.block, 0))


def _tasks(schedule: Program) -> dict[str, Any]:
    """The tasks of a program with their times, and the channels between them, those of one depth together."""
    rows: list[dict[str, Any]] = []
    for task in tasks_in(schedule.function):
        start, cycles = task.times or (0, 0)
        rows.append({"task": task.function_name, "multipliers": task.pool, "start": start, "cycles": cycles})
    channels: dict[tuple[int, int, int, int | None], list[str]] = {}
    for channel in channels_in(schedule.function):
        words, copies = channel.depth or (channel.size, 1)
        bits = scalar_bits(channel.array.type.element_type) if isinstance(channel.array.type, MemRefType) else None
        channels.setdefault((channel.size, words, copies, bits), []).append(ARRAY.value(channel) or "")
    alike = [
        {"channels": len(some), "first": some[0], "elements": size, "words": words, "memories": copies, "bits": bits}
        for (size, words, copies, bits), some in channels.items()
    ]
    return {"tasks": rows, "channels": alike}


def operator_rows(rtl: RtlDesign) -> list[dict[str, Any]]:
    """The operators with their units and how many operations share them."""
    rows: dict[str, dict[str, Any]] = {}
    for fact in rtl.operators:
        empty = {"name": fact.operator, "kind": fact.kind, "width": fact.width, "units": 0, "operations": 0, "dsp": 0}
        row = rows.setdefault(fact.operator, empty)
        row["units"] += 1
        row["operations"] += fact.operations
        row["dsp"] += fact.area.multipliers
    return list(rows.values())


def _loops(block: Block, nesting: int) -> Iterator[dict[str, Any]]:
    for op in block.ops:
        if isinstance(op, StepOp):
            yield from _loops(op.body.block, nesting)
        elif isinstance(op, SeqWhileOp | PipelineOp):
            body = sequence_cycles(op.body.block) if isinstance(op, SeqWhileOp) else None
            yield {
                "loop": ", ".join(LOOP.value(op)),
                "line": brief_place(op.location),
                "layer": layer_of(op.location),
                "nesting": nesting,
                "kind": op.name.rpartition(".")[2],
                "trip_count": op.trip_count,
                "interval": body if isinstance(op, SeqWhileOp) else op.interval,
                "depth": body if isinstance(op, SeqWhileOp) else op.depth,
                "cycles": static_cycles(op),
                "overlap": _overlap(op),
                "limited_by": LIMIT.value(op) or (SHORT if body == 1 else SEQUENTIAL),
                "sums": sums_of(op),
            }
            yield from _loops(op.body.block, nesting + 1)


def _overlap(op: Operation) -> int | None:
    """The cycles in which a pipeline drains while the next step runs, if there are any."""
    step = op.parent_op()
    return step.overlap or None if isinstance(op, PipelineOp) and isinstance(step, StepOp) else None
