"""When the values of a pipeline are there."""

from __future__ import annotations

from xdsl.ir import BlockArgument, OpResult, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, handed_over, latency_of


def available_cycle(value: SSAValue) -> int:
    """The first cycle, relative to its iteration, in which a value registered by a pipeline's stage can be used."""
    assert isinstance(value, OpResult) and isinstance(stage := value.op, PipelineStageOp)
    registered = stage.register.values[value.index]
    computed_here = isinstance(registered, OpResult) and registered.op.parent is stage.body.block
    latency = latency_of(registered.op) if isinstance(registered, OpResult) and computed_here else 0
    return stage.start + max(1, latency)


def available_to_next(pipeline: PipelineOp, position: int) -> int:
    """The first cycle of an iteration in which it can use an iteration argument; negative if that is earlier."""
    path = handed_over(pipeline, position)
    return available_cycle(pipeline.terminator.iter_args[path[-1]]) - len(path) * pipeline.interval


def result_cycle(pipeline: PipelineOp, position: int) -> int:
    """The first cycle of the last iteration in which a result of a pipeline is there, before it is registered."""
    value = pipeline.terminator.loop_results[position]
    return (
        max(0, available_to_next(pipeline, value.index)) if isinstance(value, BlockArgument) else available_cycle(value)
    )


def condition_cycle(pipeline: PipelineOp) -> int:
    """The cycle, relative to an iteration of a pipeline, in which it is known whether the iteration takes place.

    More than 0 if the condition reads an argument that the iteration before provides only after this one has started,
    which makes the cycles before speculation.
    """
    read = [argument.index for argument in pipeline.condition.block.args if argument.first_use is not None]
    return max([0, *(available_to_next(pipeline, index) for index in read)])
