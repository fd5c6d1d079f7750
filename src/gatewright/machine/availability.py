"""When the values of a pipeline are there."""

from __future__ import annotations

from xdsl.ir import BlockArgument, Operation, OpResult, SSAValue, Use

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, TerminatorOp, handed_over, latency_of


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


def ends_early(pipeline: PipelineOp) -> bool:
    """Whether an iteration ends before the next one starts, whose condition has to be known by then."""
    return pipeline.depth - 1 < pipeline.interval


def decision_cycle(pipeline: PipelineOp) -> int:
    """The cycle of an iteration in which the hardware decides whether it takes place; 0 if one before has decided."""
    if ends_early(pipeline):
        return 0
    return min(condition_cycle(pipeline), pipeline.depth - 1 - pipeline.interval)


def first_use(pipeline: PipelineOp, number: int) -> int | None:
    """The first cycle of an iteration in which an iteration argument is used; None if it is not."""
    cycles: list[int] = []
    for use in pipeline.body.block.args[number].uses:
        user: Operation | None = use.operation
        while user is not None and not isinstance(user, PipelineStageOp | PipelineOp):
            user = user.parent_op()
        if isinstance(user, PipelineStageOp):
            cycles.append(user.start)
        elif isinstance(use.operation, TerminatorOp):
            cycles += _read_at_end(pipeline, use)
    if not ends_early(pipeline) and pipeline.condition.block.args[number].first_use is not None:
        cycles.append(decision_cycle(pipeline))
    return min(cycles, default=None)


def _read_at_end(pipeline: PipelineOp, use: Use) -> list[int]:
    """When a terminator hands an argument to the outside, or to a condition decided in the last cycle."""
    following = len(pipeline.iter_args)
    if use.index >= following:
        return [result_cycle(pipeline, use.index - following)]
    decides = ends_early(pipeline) and pipeline.condition.block.args[use.index].first_use is not None
    return [pipeline.depth - 1] if decides else []
