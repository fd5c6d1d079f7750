"""Whether the time that a schedule takes depends on the data it works on."""

from __future__ import annotations

from xdsl.dialects import func, memref
from xdsl.ir import Block, Operation, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, SeqWhileOp, StepOp


def has_static_control(function: func.FuncOp) -> bool:
    """True if every run of a scheduled function takes the same number of cycles.

    Scalar arguments and loaded values are data; whatever is computed from data is data; no loop condition, and no
    condition of a step that lasts longer than a cycle, may be data.
    """
    taint = _Taint()
    taint.values.update(function.body.block.args)
    return taint.settle(function.body.block)


def _may_last(step: StepOp) -> bool:
    """Whether a step takes more than a cycle when it is active."""
    loops = any(isinstance(op, SeqWhileOp | PipelineOp) for op in step.body.block.ops)
    return step.cycles > 1 or loops or any(_may_last(op) for op in step.body.block.ops if isinstance(op, StepOp))


class _Taint:
    """The values that depend on data, found by propagation until nothing changes."""

    def __init__(self):
        self.values: set[SSAValue] = set()
        self.control = False
        """True once a condition is found to depend on data."""

    def settle(self, block: Block) -> bool:
        """Propagate to a fixpoint; return whether no condition depends on data."""
        while not self.control:
            before = len(self.values)
            self._block(block)
            if len(self.values) == before:
                return not self.control
        return False

    def _block(self, block: Block) -> None:
        for op in block.ops:
            match op:
                case StepOp() | PipelineStageOp():
                    self._block(op.body.block)
                    self._step(op)
                case SeqWhileOp() | PipelineOp():
                    self._loop(op)
                case memref.LoadOp():
                    self.values.add(op.res)
                case _:
                    self._propagate(op)

    def _propagate(self, op: Operation) -> None:
        if any(operand in self.values for operand in op.operands):
            self.values.update(op.results)

    def _step(self, op: StepOp | PipelineStageOp) -> None:
        conditional = op.when is not None and op.when in self.values
        for value, result in zip(op.register.values, op.outs, strict=True):
            if conditional or value in self.values:
                self.values.add(result)
        if conditional and isinstance(op, StepOp):
            self.control = self.control or _may_last(op)

    def _loop(self, op: SeqWhileOp | PipelineOp) -> None:
        terminator = op.terminator
        arguments = zip(op.iter_args, terminator.iter_args, op.condition.block.args, op.body.block.args, strict=True)
        for initial, following, *inside in arguments:
            if initial in self.values or following in self.values:
                self.values.update(inside)
        self._block(op.condition.block)
        self._block(op.body.block)
        if any(value in self.values for value in op.condition_register.values):
            self.control = True
        for position, (value, result) in enumerate(zip(terminator.loop_results, op.outs, strict=True)):
            if value in self.values or (position < len(op.iter_args) and op.iter_args[position] in self.values):
                self.values.add(result)
