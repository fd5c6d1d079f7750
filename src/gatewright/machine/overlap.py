"""The invariant of `loopschedule` about steps that end before their pipelines have drained.

(19) A step with an overlap has no condition, one loop, a pipeline, and a step or loop behind it that lasts at least as
     long as the overlap. It ends no earlier than it is known that no other iteration takes place. In the cycles of the
     overlap the two need different ports and units; neither uses what the other has not computed or not yet loaded.

What the last iterations store may be loaded by the first ones of the next pipeline, as within a pipeline: whether it is
there in time depends on addresses, which is why it is for the scheduler to know and for the interpreter to show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from xdsl.dialects import func, memref
from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, PipelineStageOp, SeqWhileOp, StepOp
from gatewright.ir.accesses import MemoryAccess
from gatewright.machine.availability import condition_cycle, result_cycle
from gatewright.machine.duration import scheduled, span_of
from gatewright.machine.occupancy import array_label, array_of, interval_of, port_of, unit_of


@dataclass(frozen=True)
class Bound:
    """The most cycles that a step may overlap the next one by, and why it is not more."""

    cycles: int
    why: str


@dataclass(frozen=True)
class EarliestStart:
    """An operation and a cycle in which it may start, relative to something."""

    op: Operation
    cycle: int
    staged: bool = False
    """True in a pipeline that starts with the step at hand: then all its later starts are known as well."""


def verify_overlap(step: StepOp) -> None:
    """Check invariant 19 of a step."""
    if step.overlap_attr is None:
        return
    bound = most_overlap(step)
    if not 0 < step.overlap <= bound.cycles:
        raise VerifyException(
            f"loopschedule.step overlaps the next one by {step.overlap}, but at most by {bound.cycles}: {bound.why}"
        )


def most_overlap(step: StepOp) -> Bound:
    """What invariant 19 leaves for a step."""
    return min(_bounds(step), key=lambda bound: bound.cycles)


def draining_pipeline(step: StepOp) -> PipelineOp | None:
    """The pipeline of a step that may end before it, if there is one."""
    loops = [op for op in step.body.block.ops if isinstance(op, StepOp | LoopOp)]
    if len(loops) != 1 or step.when is not None or step.cycles != 1:
        return None
    return loops[0] if isinstance(loops[0], PipelineOp) else None


def following(item: Operation) -> StepOp | LoopOp | None:
    """The step or loop behind one in its sequence."""
    after = item.next_op
    while after is not None and not isinstance(after, StepOp | LoopOp):
        after = after.next_op
    return after


def starts_at_once(item: StepOp | LoopOp) -> Iterator[EarliestStart]:
    """The operations of a step or loop with the first cycle of it in which each may start."""
    for op in item.body.block.ops:
        match op:
            case PipelineStageOp():
                yield from (EarliestStart(inner, op.start, staged=True) for inner in op.walk() if inner is not op)
            case PipelineOp():
                yield from starts_at_once(op)
            case SeqWhileOp() | StepOp():
                yield from (EarliestStart(inner, 0) for inner in op.walk() if inner is not op)
            case _:
                yield EarliestStart(op, 0)


def _bounds(step: StepOp) -> Iterator[Bound]:
    pipeline, after = draining_pipeline(step), following(step)
    if pipeline is None or isinstance(step.parent_op(), StepOp):
        yield Bound(0, "only a step of a sequence that has no condition, and one loop, a pipeline, overlaps")
        return
    if after is None:
        yield Bound(0, "it is the last of its sequence")
        return
    if any(isinstance(op, func.CallOp) for op in after.walk()):
        yield Bound(0, "the next one calls a function")
    decided = condition_cycle(pipeline)
    until = pipeline.depth - 1 - pipeline.interval
    yield Bound(max(0, until - min(decided, until)), "only then it is known that no other iteration takes place")
    yield Bound(span_of(after, scheduled).least, "the next one may last no longer")
    yield from _bounds_of_results(step, pipeline, after)
    yield from _bounds_of_hardware(pipeline, after)


def _bounds_of_results(step: StepOp, pipeline: PipelineOp, after: StepOp | LoopOp) -> Iterator[Bound]:
    """Results are there when the last iteration has computed them, and registered them."""
    early = {operand: 0 for op in after.walk() for operand in op.operands}
    end = None if step.parent is None else step.parent.last_op
    if end is not None and following(after) is None:
        early = {operand: span_of(after, scheduled).least - 1 for operand in end.operands} | early
    for out, registered in zip(step.outs, step.register.values, strict=True):
        if out in early and registered in pipeline.outs:
            there = max(result_cycle(pipeline, pipeline.outs.index(registered)), condition_cycle(pipeline)) + 1
            yield Bound(max(0, pipeline.depth + early[out] - there), "a result of the pipeline is used")


def _bounds_of_hardware(pipeline: PipelineOp, after: StepOp | LoopOp) -> Iterator[Bound]:
    """Ports and units, and loads that would see what is stored only later."""
    last: dict[Hashable, list[EarliestStart]] = defaultdict(list)
    for start in starts_at_once(pipeline):
        for resource in _resources(start.op):
            last[resource].append(start)
    for later in starts_at_once(after):
        for resource in _resources(later.op):
            for earlier in last.get(resource, ()):
                wait = _wait(earlier.op, later, pipeline.interval)
                if wait is not None:
                    cycles = pipeline.depth + later.cycle - earlier.cycle - wait
                    yield Bound(max(0, cycles), f"{earlier.op.name} and {later.op.name} need {_label(later.op)}")


def _resources(op: Operation) -> Iterator[Hashable]:
    if isinstance(op, MemoryAccess):
        yield array_of(op)
    elif (unit := unit_of(op)) is not None:
        yield unit


def _wait(earlier: Operation, later: EarliestStart, interval: int) -> int | None:
    """Cycles that a start has to be behind another one of the same unit or array; None if there is no such number."""
    if not isinstance(earlier, MemoryAccess):
        return interval_of(earlier)
    assert isinstance(later.op, MemoryAccess)
    waits: list[int] = []
    if port_of(earlier) == port_of(later.op):
        # A loaded value may stay at its port for as long as no other iteration replaces it.
        waits.append(interval if isinstance(earlier, memref.LoadOp) else 1)
    if isinstance(later.op, memref.StoreOp):
        waits.append(0 if isinstance(earlier, memref.LoadOp) else 1)
    elif isinstance(earlier, memref.StoreOp) and not later.staged:
        waits.append(1)
    return max(waits, default=None)


def _label(op: Operation) -> str:
    if isinstance(op, MemoryAccess):
        return array_label(op)
    unit = unit_of(op)
    assert unit is not None
    return str(unit)
