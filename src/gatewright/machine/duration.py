"""How long the steps and loops of a schedule last."""

from __future__ import annotations

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, SeqWhileOp, StepOp


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
            return (item.trip_count - 1) * item.interval + item.depth if item.trip_count else 1
        case SeqWhileOp():
            return 1


def cycles_in_sequence(pipeline: PipelineOp) -> int:
    """The cycles from the start of the last iteration of a pipeline to that of what follows it."""
    step = pipeline.parent_op()
    return pipeline.depth - (step.overlap if isinstance(step, StepOp) else 0)
