"""The invariants of `loopschedule` in time: what depends on several steps of a sequence.

(9)  The sequence of a function holds steps, loops, constants and allocations.
(10) A value is used after the operation that defines it, and outside its step only through the step's register.
(11) A result of a loop or step nested in a step is used in that step only by its register: it is there when the step
     ends.
(12) A result is used only in cycles in which it is there. An operation with latency L that starts with a step has its
     result L cycles later; the steps in between last at least their minimal numbers of cycles; a use in a nested loop
     counts as one in the cycle in which the step of the loop starts; a use by a terminator or a return counts as one in
     the last cycle of the sequence.

Invariants 13 to 15, of memories and operators, are in `sharing.py`; 16 to 18, of pipelines, in `pipeline_timing.py`;
19, of steps that overlap, in `overlap.py`; 20, of calls, in `dialects/loopschedule/calls.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.calls import HEAD_OPERATIONS, without_calls
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, RegisterOp, SeqWhileOp, StepOp, latency_of
from gatewright.machine.duration import span_of, span_when_active
from gatewright.machine.overlap import verify_overlap
from gatewright.machine.pipeline_timing import verify_pipeline_timing
from gatewright.machine.sharing import verify_intervals, verify_step_sharing


def check_schedule(module: ModuleOp) -> None:
    """Check invariants 9 to 20 of every scheduled function of a module, or of what stands in the module itself.

    Raises VerifyException for the first one that does not hold.
    """
    for block in [
        module.body.block,
        *(op.body.block for op in module.ops if isinstance(op, func.FuncOp) and op.body.blocks),
    ]:
        if any(isinstance(op, StepOp | LoopOp) for op in block.ops):
            _check_sequence(block, module)


def _check_sequence(block: Block, module: ModuleOp) -> None:
    function = block.parent_op()
    if isinstance(function, func.FuncOp):
        block = without_calls(function, module).body.block
        _verify_function_level(block)
    _Visibility(block).verify()
    _verify_sequence(block)
    verify_intervals(block)


def _verify_function_level(block: Block) -> None:
    for op in block.ops:
        if not isinstance(op, (StepOp, SeqWhileOp, PipelineOp, func.ReturnOp, *HEAD_OPERATIONS)):
            raise VerifyException(
                f"{op.name} is in no step and so starts in no cycle: a scheduled function holds steps, loops, "
                "constants and allocations"
            )


class _Visibility:
    """Invariant 10: which values can be seen at a place of the text."""

    def __init__(self, block: Block):
        self._block = block
        self._inside = {result for op in block.walk() for result in op.results}
        self._seen: set[SSAValue] = set()

    def verify(self) -> None:
        """Raise VerifyException for a use of a value that cannot be seen."""
        self._verify_block(self._block)

    def _verify_block(self, block: Block) -> None:
        for op in block.ops:
            for operand in op.operands:
                if operand in self._inside and operand not in self._seen:
                    assert isinstance(operand, OpResult)
                    raise VerifyException(_invisible(op, operand.op))
            for region in op.regions:
                for inner in region.blocks:
                    self._verify_block(inner)
            self._seen.update(op.results)
        for op in block.ops:
            self._seen.difference_update(op.results)


def _invisible(user: Operation, definition: Operation) -> str:
    assert definition.parent is not None
    if definition.parent.find_ancestor_op_in_block(user) is not None:
        return f"{user.name} uses the result of {definition.name}, which starts only after it"
    return (
        f"{user.name} uses the result of {definition.name} in another step, "
        "which a value leaves only through loopschedule.register"
    )


def _verify_sequence(block: Block) -> None:
    for op in block.ops:
        _verify_item(op)
        if isinstance(op, StepOp):
            verify_step_sharing(op)
            for position, out in enumerate(op.outs):
                _verify_later_uses(op, out, _origin(op, position))


def _verify_item(op: Operation) -> None:
    """Check a step or loop by itself, in a sequence or nested in a step."""
    match op:
        case StepOp():
            _verify_step(op)
            verify_overlap(op)
        case PipelineOp():
            verify_pipeline_timing(op)
        case SeqWhileOp():
            _verify_sequence(op.body.block)
        case _:
            pass


def _verify_step(step: StepOp) -> None:
    """Check invariants 11 and 12 within a step, and what is nested in it."""
    for op in step.body.block.ops:
        latency = 0 if isinstance(op, StepOp | LoopOp) else latency_of(op)
        for result in op.results:
            for use in result.uses:
                if isinstance(use.operation, RegisterOp) and use.operation.parent is step.body.block:
                    continue
                if isinstance(op, StepOp | LoopOp):
                    raise VerifyException(
                        f"{use.operation.name} in cycle 0 of its step uses a result of {op.name} of the same step, "
                        "which is there only when the step has ended"
                    )
                if latency:
                    raise VerifyException(
                        f"{use.operation.name} in cycle 0 of its step uses the result of {op.name}, "
                        f"which is there from cycle {latency} on"
                    )
        _verify_item(op)


@dataclass(frozen=True)
class _Origin:
    """Where the value of a step's result comes from."""

    op: Operation
    latency: int
    """Cycles from the start of the step to the value."""


def _origin(step: StepOp, position: int) -> _Origin:
    value = step.register.values[position]
    if isinstance(value, OpResult) and value.op.parent is step.body.block:
        if isinstance(value.op, StepOp):
            return _origin(value.op, value.index)
        return _Origin(value.op, 0 if isinstance(value.op, LoopOp) else latency_of(value.op))
    return _Origin(step, 0)


def _verify_later_uses(step: StepOp, out: OpResult, origin: _Origin) -> None:
    """Check invariant 12 for the uses of a step's result, walking on until the result is there."""
    if origin.latency == 0:
        return
    assert step.parent is not None
    passed = span_when_active(step).least
    early: dict[Operation, int] = {}
    following = step.next_op
    while following is not None and passed <= origin.latency:
        if isinstance(following, StepOp | LoopOp):
            if passed < origin.latency:
                early[following] = passed
            passed += span_of(following).least
        following = following.next_op
    for use in out.uses:
        place = step.parent.find_ancestor_op_in_block(use.operation)
        if place is not None and place in early:
            raise VerifyException(
                f"{use.operation.name} starts {_cycles(early[place])} after the {origin.op.name} whose result it uses, "
                f"which takes {_cycles(origin.latency)}"
            )
        if use.operation is step.parent.last_op and passed - 1 < origin.latency:
            raise VerifyException(
                f"{use.operation.name} takes the result of {origin.op.name} in the last cycle of its sequence, "
                f"{_cycles(passed - 1)} after its start, but it takes {_cycles(origin.latency)}"
            )


def _cycles(count: int) -> str:
    return "1 cycle" if count == 1 else f"{count} cycles"
