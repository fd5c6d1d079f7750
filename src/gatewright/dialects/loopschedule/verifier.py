"""The structural invariants of `loopschedule`: what an operation can check by looking at itself.

(1) A step lasts at least one cycle; an interval is at least 1; a start and a trip count are not negative.
(2) A step or stage ends in a register of the types of its results.
(3) A step holds arithmetic, loads, stores, steps and loops, or a call; a stage holds arithmetic, loads, stores, and
    steps with a condition that hold nothing but stores.
(4) A condition is combinational and ends in a register of one i1.
(5) Both regions of a loop have block arguments of the types of the iteration arguments.
(6) A body ends in a terminator, with iteration arguments of the types of the loop's and results of its results' types.
(7) Result j of a `seq_while` has the type of iteration argument j, whose initial value it is after no iteration.
(8) The body of a `seq_while` holds steps, loops and constants, of which at least one takes time; that of a pipeline
    holds stages only, at least one, in ascending order of their starts, and its terminator takes values of stages,
    or iteration arguments, which are handed on as they are.

The invariants of several steps (9 to 15) are in `timing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import i1
from xdsl.dialects.func import CallOp
from xdsl.ir import Attribute, Operation
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.calls import verify_call
from gatewright.dialects.loopschedule.ops import (
    LoopOp,
    PipelineOp,
    PipelineStageOp,
    RegisterOp,
    SeqWhileOp,
    StepOp,
    TerminatorOp,
    handed_over,
    latency_of,
)
from gatewright.dialects.loopschedule.timing import verify_sequence_of

_ACCESSES = ("memref.load", "memref.store")


def is_arithmetic(op: Operation) -> bool:
    """Whether an operation computes results from its operands and does nothing else."""
    return op.name.startswith(("arith.", "gw.", "math.")) and not op.regions


def verify_step(step: StepOp) -> None:
    """Check invariants 1 to 3 of a step, and the timing of the sequence that it is the last step of."""
    if step.cycles < 1:
        raise VerifyException(f"loopschedule.step lasts {step.cycles} cycles, a step takes at least 1")
    _verify_register(step)
    for op in step.body.block.ops:
        if not (isinstance(op, StepOp | LoopOp | RegisterOp | CallOp) or op.name in _ACCESSES or is_arithmetic(op)):
            raise VerifyException(
                f"{op.name} cannot start in a cycle: "
                "a loopschedule.step holds arithmetic, loads, stores, steps and loops, or a call"
            )
    verify_call(step)
    verify_sequence_of(step)


def verify_stage(stage: PipelineStageOp) -> None:
    """Check invariants 1 to 3 of a stage."""
    if stage.start < 0:
        raise VerifyException(f"loopschedule.pipeline.stage starts in cycle {stage.start}, a start is not negative")
    _verify_register(stage)
    for op in stage.body.block.ops:
        if isinstance(op, StepOp):
            _verify_predicate(op, stage)
        elif not (isinstance(op, RegisterOp) or op.name in _ACCESSES or is_arithmetic(op)):
            raise VerifyException(
                f"{op.name} cannot start in cycle {stage.start}: "
                "a loopschedule.pipeline.stage holds arithmetic, loads and stores"
            )


def _verify_predicate(step: StepOp, stage: PipelineStageOp) -> None:
    """Check that a step in a stage is the predicate of stores."""
    stores = all(isinstance(op, RegisterOp) or op.name == "memref.store" for op in step.body.block.ops)
    if step.when is None or step.cycles != 1 or step.overlap or step.outs or not stores:
        raise VerifyException(
            f"loopschedule.step cannot start in cycle {stage.start}: "
            "in a loopschedule.pipeline.stage it has a condition and holds nothing but stores"
        )


def verify_seq_while(loop: SeqWhileOp) -> None:
    """Check invariants 1 and 4 to 8 of a `seq_while`, and the timing of the sequence that it is the last loop of."""
    _verify_loop(loop)
    for position, (result, argument) in enumerate(zip(loop.outs.types, loop.iter_args.types, strict=False)):
        if result != argument:
            raise VerifyException(
                f"result {position} of loopschedule.seq_while is {result}, its iteration argument {position} "
                f"is {argument}: after no iteration the one is the initial value of the other"
            )
    if len(loop.outs) > len(loop.iter_args):
        raise VerifyException(
            f"result {len(loop.iter_args)} of loopschedule.seq_while has no iteration argument of its number, "
            "whose initial value it would be after no iteration"
        )
    timed = False
    for op in loop.body.block.ops:
        if isinstance(op, StepOp | LoopOp):
            timed = True
        elif not (isinstance(op, TerminatorOp) or op.name == "arith.constant"):
            raise VerifyException(
                f"{op.name} is in no step: the body of loopschedule.seq_while holds steps, loops and constants"
            )
    if not timed:
        raise VerifyException(
            "the body of loopschedule.seq_while has no step: an iteration takes at least 1 cycle, this one takes 0"
        )
    verify_sequence_of(loop)


def verify_pipeline(pipeline: PipelineOp) -> None:
    """Check invariants 1, 4 to 6 and 8 of a pipeline, and the timing of the sequence that it is the last loop of."""
    if pipeline.interval < 1:
        raise VerifyException(f"loopschedule.pipeline has II = {pipeline.interval}, an interval is at least 1 cycle")
    _verify_loop(pipeline)
    previous: int | None = None
    for op in pipeline.body.block.ops:
        if isinstance(op, PipelineStageOp):
            if previous is not None and op.start <= previous:
                raise VerifyException(
                    f"loopschedule.pipeline.stage starts in cycle {op.start}, "
                    f"which is not after cycle {previous} of the stage before it"
                )
            previous = op.start
        elif not isinstance(op, TerminatorOp):
            raise VerifyException(f"{op.name} is in no stage: the body of loopschedule.pipeline holds stages only")
    if previous is None:
        raise VerifyException(
            "the body of loopschedule.pipeline has no stage: an iteration takes at least 1 cycle, this one takes 0"
        )
    for value in pipeline.terminator.operands:
        if not isinstance(value.owner, PipelineStageOp) and value.owner is not pipeline.body.block:
            raise VerifyException("loopschedule.terminator of a pipeline takes a value that no stage registers")
    for position in range(len(pipeline.iter_args)):
        handed_over(pipeline, position)
    verify_sequence_of(pipeline)


def _verify_register(step: StepOp | PipelineStageOp) -> None:
    register = step.body.block.last_op
    if not isinstance(register, RegisterOp):
        raise VerifyException(f"{step.name} ends in {_name(register)}, not in loopschedule.register")
    if register.values.types != step.outs.types:
        raise VerifyException(
            f"loopschedule.register holds {_types(register.values.types)}, "
            f"the results of its {step.name} are {_types(step.outs.types)}"
        )


def _verify_loop(loop: LoopOp) -> None:
    if loop.trip_count is not None and loop.trip_count < 0:
        raise VerifyException(f"{loop.name} has trip_count = {loop.trip_count}, a count is not negative")
    _verify_condition(loop)
    for region, which in ((loop.condition, "condition"), (loop.body, "body")):
        if region.block.arg_types != loop.iter_args.types:
            raise VerifyException(
                f"the {which} of {loop.name} takes {_types(region.block.arg_types)}, "
                f"its iteration arguments are {_types(loop.iter_args.types)}"
            )
    terminator = loop.body.block.last_op
    if not isinstance(terminator, TerminatorOp):
        raise VerifyException(f"the body of {loop.name} ends in {_name(terminator)}, not in loopschedule.terminator")
    for what, given, expected in (
        ("iteration arguments", terminator.iter_args.types, loop.iter_args.types),
        ("results", terminator.loop_results.types, loop.outs.types),
    ):
        if given != expected:
            raise VerifyException(
                f"loopschedule.terminator passes {what} {_types(given)}, "
                f"those of its {loop.name} are {_types(expected)}"
            )


def _verify_condition(loop: LoopOp) -> None:
    for op in loop.condition.block.ops:
        if isinstance(op, RegisterOp):
            continue
        if not is_arithmetic(op):
            raise VerifyException(
                f"{op.name} is in the condition of {loop.name}, "
                "which is evaluated combinationally in the first cycle of an iteration"
            )
        if latency := latency_of(op):
            raise VerifyException(
                f"{op.name} has its result in cycle {latency}, but is in the condition of {loop.name}, "
                "which is evaluated combinationally in cycle 0 of an iteration"
            )
    register = loop.condition.block.last_op
    if not isinstance(register, RegisterOp):
        raise VerifyException(f"the condition of {loop.name} ends in {_name(register)}, not in loopschedule.register")
    if tuple(register.values.types) != (i1,):
        raise VerifyException(f"the condition of {loop.name} registers {_types(register.values.types)}, not one i1")


def _name(op: Operation | None) -> str:
    return "nothing" if op is None else op.name


def _types(types: Iterable[Attribute]) -> str:
    return f"({', '.join(map(str, types))})"
