"""How long the steps and loops of a schedule last."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import Block

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, SeqWhileOp, StepOp
from gatewright.dialects.notes import ESTIMATE


def minimal_cycles(op: StepOp | LoopOp) -> int:
    """The least number of cycles that a step or loop of a sequence lasts, whatever the data."""
    return cycles_when_active(op) if isinstance(op, StepOp) and op.when is None else 1


def cycles_when_active(step: StepOp) -> int:
    """The least number of cycles that a step lasts if its condition is true."""
    nested = [minimal_cycles(op) for op in step.body.block.ops if isinstance(op, StepOp | LoopOp)]
    return max([step.cycles, *nested])


def shortest(item: StepOp | LoopOp) -> int:
    """The least number of cycles of a step or loop, given the trip counts that are noted at pipelines."""
    match item:
        case StepOp():
            if item.when is not None:
                return 1
            nested = [shortest(op) for op in item.body.block.ops if isinstance(op, StepOp | LoopOp)]
            longest = max([item.cycles, *nested])
            return longest - item.overlap if longest > 1 else 1
        case PipelineOp():
            return _pipeline_cycles(item, item.trip_count or 0)
        case SeqWhileOp():
            return 1


Timing = Callable[[PipelineOp], tuple[int, int]]
"""The interval and the depth of a pipeline."""


def scheduled(pipeline: PipelineOp) -> tuple[int, int]:
    """Those that it has."""
    return pipeline.interval, pipeline.depth


def estimated(pipeline: PipelineOp) -> tuple[int, int]:
    """Those that the planner counts on."""
    noted = ESTIMATE.value(pipeline)
    return scheduled(pipeline) if noted is None else (noted[0], noted[1])


def static_cycles(item: StepOp | LoopOp, timing: Timing = scheduled) -> int | None:
    """The cycles of a step or loop, given the trip counts that are noted, if they are the same in every run."""
    match item:
        case StepOp():
            nested = [static_cycles(op, timing) for op in item.body.block.ops if isinstance(op, StepOp | LoopOp)]
            known = [cycles for cycles in nested if cycles is not None]
            if len(known) < len(nested):
                return None
            longest = max([item.cycles, 1, *known])
            longest -= item.overlap if longest > 1 else 0
            return None if item.when is not None and longest > 1 else longest
        case SeqWhileOp():
            body = sequence_cycles(item.body.block, timing)
            return None if body is None or item.trip_count is None else item.trip_count * body + 1
        case PipelineOp():
            return None if item.trip_count is None else _pipeline_cycles(item, item.trip_count, timing)


def sequence_cycles(block: Block, timing: Timing = scheduled) -> int | None:
    """The cycles of the steps and loops of a block one after the other, if they are the same in every run."""
    total = 0
    for item in block.ops:
        cycles = static_cycles(item, timing) if isinstance(item, StepOp | LoopOp) else 0
        if cycles is None:
            return None
        total += cycles
    return total


def _pipeline_cycles(pipeline: PipelineOp, trips: int, timing: Timing = scheduled) -> int:
    interval, depth = timing(pipeline)
    return (trips - 1) * interval + depth if trips else 1


def cycles_in_sequence(pipeline: PipelineOp) -> int:
    """The cycles from the start of the last iteration of a pipeline to that of what follows it."""
    step = pipeline.parent_op()
    return pipeline.depth - (step.overlap if isinstance(step, StepOp) else 0)
