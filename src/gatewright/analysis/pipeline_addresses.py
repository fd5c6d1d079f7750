"""The addresses that a scheduled pipeline touches, iteration by iteration, where they do not depend on data."""

from __future__ import annotations

from collections.abc import Container

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue

from gatewright.analysis.traced_dependences import Trace, accesses_of, trace
from gatewright.dialects.loopschedule.ops import PipelineOp, RegisterOp, StepOp
from gatewright.ir.accesses import MemoryAccess


def pipeline_addresses(
    pipeline: PipelineOp, most: int | None = None, arrays: Container[SSAValue] | None = None
) -> tuple[Trace, dict[Operation, Operation]] | None:
    """The trace of the loop that a pipeline is, and for each of its accesses the one that stands for it there.

    `most` is the most iterations to look at, `arrays` those of which accesses are traced, by default all. None if its
    control depends on data, or on a loop around it, or it has a stage under a condition.
    """
    if any(stage.when is not None for stage in pipeline.stages):
        return None
    unscheduled = _Unscheduled(pipeline)
    accesses = accesses_of(unscheduled.loop.after_region.block)
    if accesses is not None and arrays is not None:
        wanted = {op for op in accesses if isinstance(op, MemoryAccess) and op.memref in arrays}
        accesses = {op: when for op, when in accesses.items() if op in wanted}
    found = None if accesses is None else trace(unscheduled.loop, accesses, most)
    unscheduled.loop.drop_all_references()
    return None if found is None else (found, unscheduled.copies)


class _Unscheduled:
    """A pipeline as the loop that it was before it was scheduled."""

    def __init__(self, pipeline: PipelineOp):
        self.copies: dict[Operation, Operation] = {}
        self._values: dict[SSAValue, SSAValue] = {}
        types = [value.type for value in pipeline.iter_args]
        before, after = Block(arg_types=types), Block(arg_types=types)
        for block, region in ((before, pipeline.condition), (after, pipeline.body)):
            self._values.update(zip(region.block.args, block.args, strict=True))
        for op in pipeline.condition.block.ops:
            self._copy(op, before)
        decided = self._value(pipeline.condition_register.values[0])
        before.add_op(scf.ConditionOp(decided, *before.args))
        for stage in pipeline.stages:
            for op in stage.body.block.ops:
                self._copy(op, after)
            registered = map(self._value, stage.register.values)
            self._values.update(zip(stage.outs, registered, strict=True))
        after.add_op(scf.YieldOp(*map(self._value, pipeline.terminator.iter_args)))
        initial = [_inside_steps(value) for value in pipeline.iter_args]
        self.loop = scf.WhileOp(initial, types, Region(before), Region(after))

    def _value(self, value: SSAValue) -> SSAValue:
        return self._values.get(value, value)

    def _copy(self, op: Operation, block: Block) -> None:
        if isinstance(op, RegisterOp):
            return
        if isinstance(op, StepOp):
            assert op.when is not None
            inside = Block()
            for inner in op.body.block.ops:
                self._copy(inner, inside)
            inside.add_op(scf.YieldOp())
            block.add_op(scf.IfOp(self._value(op.when), [], Region(inside)))
            return
        copy = op.clone({operand: self._value(operand) for operand in op.operands})
        block.add_op(copy)
        self._values.update(zip(op.results, copy.results, strict=True))
        if isinstance(op, MemoryAccess):
            self.copies[op] = copy


def _inside_steps(value: SSAValue) -> SSAValue:
    """What a value is, looked up through the registers of steps."""
    while isinstance(value, OpResult) and isinstance(value.op, StepOp) and value.op.when is None:
        value = value.op.register.values[value.index]
    return value
