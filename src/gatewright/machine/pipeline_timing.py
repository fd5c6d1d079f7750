"""The invariants of `loopschedule` in the time of a pipeline, in which iterations overlap.

(16) A stage uses a result only in cycles in which it is there: those of its iteration from the start of their stage on,
     those of the iteration before from `II` cycles earlier on, and so for each iteration that hands an argument on as
     another one. Results of the pipeline are there when it ends.
(17) A store starts no earlier in its iteration than the cycle in which it is known that the iteration takes place.
(18) In one cycle at most one load and one store of an array start: the starts of two loads, or of two stores, differ
     modulo `II`. Nor does a unit get an operation within the interval of another one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from xdsl.dialects import memref
from xdsl.ir import BlockArgument, Operation
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, RegisterOp, StepOp, latency_of
from gatewright.machine.availability import available_cycle, available_to_next, condition_cycle, result_cycle
from gatewright.machine.occupancy import array_label, occupied_by


def verify_pipeline_timing(pipeline: PipelineOp) -> None:
    """Check invariants 16 to 18."""
    for stage in pipeline.stages:
        _verify_stage(stage)
    _verify_carried(pipeline)
    _verify_speculation(pipeline)
    _verify_ports(pipeline)


def _verify_stage(stage: PipelineStageOp) -> None:
    for op in stage.body.block.ops:
        latency = latency_of(op)
        for use in (use for result in op.results for use in result.uses):
            if latency and not isinstance(use.operation, RegisterOp):
                raise VerifyException(
                    f"{use.operation.name} in cycle {stage.start} uses the result of {op.name}, "
                    f"which is there from cycle {stage.start + latency} on"
                )
    for position, out in enumerate(stage.outs):
        cycle = available_cycle(out)
        for use in out.uses:
            start = _start_of(use.operation)
            if start is not None and start < cycle:
                raise VerifyException(
                    f"{use.operation.name} in cycle {start} uses result {position} of the stage that starts "
                    f"in cycle {stage.start}, which is there from cycle {cycle} on"
                )


def _start_of(op: Operation) -> int | None:
    """The start of the stage that an operation is in, or is; None for a terminator."""
    if isinstance(op, PipelineStageOp):
        return op.start
    stage = op.parent_op()
    if isinstance(stage, StepOp):
        stage = stage.parent_op()
    return stage.start if isinstance(stage, PipelineStageOp) else None


def _operations(stage: PipelineStageOp) -> Iterator[Operation]:
    """The operations of a stage, those under a predicate included."""
    for op in stage.body.block.ops:
        if isinstance(op, StepOp):
            yield from op.body.block.ops
        else:
            yield op


def _verify_carried(pipeline: PipelineOp) -> None:
    for argument in pipeline.body.block.args:
        cycle = available_to_next(pipeline, argument.index)
        for use in argument.uses:
            start = _start_of(use.operation)
            if start is not None and start < cycle:
                raise VerifyException(
                    f"{use.operation.name} in cycle {start} uses iteration argument {argument.index}, which the "
                    f"iteration before, {pipeline.interval} cycles earlier, has from cycle {cycle} of this one on"
                )
    for position, value in enumerate(pipeline.terminator.loop_results):
        cycle = result_cycle(pipeline, position)
        # What an iteration is given has no register of its own until the pipeline ends.
        if cycle > pipeline.depth - isinstance(value, BlockArgument):
            raise VerifyException(
                f"result {position} of loopschedule.pipeline is there from cycle {cycle} on, "
                f"the pipeline ends in cycle {pipeline.depth - 1}"
            )


def _verify_speculation(pipeline: PipelineOp) -> None:
    decided = condition_cycle(pipeline)
    for stage in pipeline.stages:
        for op in _operations(stage):
            if isinstance(op, memref.StoreOp) and stage.start < decided:
                raise VerifyException(
                    f"memref.store to {array_label(op)} starts in cycle {stage.start}, but only in cycle {decided} "
                    "it is known whether the iteration takes place"
                )


def _verify_ports(pipeline: PipelineOp) -> None:
    taken: dict[tuple[Hashable, int], tuple[Operation, int]] = {}
    for stage in pipeline.stages:
        for op in _operations(stage):
            for resource, cycles in occupied_by(op):
                for passed in range(cycles):
                    slot = resource, (stage.start + passed) % pipeline.interval
                    if slot in taken:
                        other, start = taken[slot]
                        raise VerifyException(
                            f"{op.name} in cycle {stage.start} and {other.name} in cycle {start} need {resource} "
                            f"at once: an iteration starts every {_cycles(pipeline.interval)}"
                        )
                    taken[slot] = op, stage.start


def _cycles(count: int) -> str:
    return "cycle" if count == 1 else f"{count} cycles"
