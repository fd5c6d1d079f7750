"""How long the steps and loops of a schedule last: one algebra of spans, by what is known of the trip counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.ir import Block

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, SeqWhileOp, StepOp
from gatewright.dialects.notes import ESTIMATE


@dataclass(frozen=True)
class CycleSpan:
    """The least and the most cycles that something takes; `most` is None where there is no bound."""

    least: int
    most: int | None

    @property
    def exact(self) -> int | None:
        """The number of cycles if it is always the same."""
        return self.least if self.least == self.most else None

    def __add__(self, other: CycleSpan) -> CycleSpan:
        most = None if self.most is None or other.most is None else self.most + other.most
        return CycleSpan(self.least + other.least, most)


Item: TypeAlias = StepOp | LoopOp
"""A member of a sequence."""

Timing = Callable[[PipelineOp], tuple[int, int]]
"""The interval and the depth of a pipeline, where the trip counts that loops note are to be relied upon."""


def scheduled(pipeline: PipelineOp) -> tuple[int, int]:
    """Those that it has."""
    return pipeline.interval, pipeline.depth


def estimated(pipeline: PipelineOp) -> tuple[int, int]:
    """Those that the planner counts on."""
    noted = ESTIMATE.value(pipeline)
    return scheduled(pipeline) if noted is None else (noted[0], noted[1])


def items_of(block: Block) -> list[Item]:
    """The steps and loops of a block."""
    return [op for op in block.ops if isinstance(op, StepOp | LoopOp)]


def span_of(item: Item, timing: Timing | None = None) -> CycleSpan:
    """The cycles of a step or loop in any run; without a timing those of a schedule whose trip counts nobody knows."""
    span = span_when_active(item, timing)
    if isinstance(item, StepOp) and item.when is not None:
        return CycleSpan(1, span.most)
    return span


def span_when_active(item: Item, timing: Timing | None = None) -> CycleSpan:
    """The cycles of a step whose condition is true, or of a loop."""
    match item:
        case StepOp():
            members = [CycleSpan(item.cycles, item.cycles), *(span_of(op, timing) for op in items_of(item.body.block))]
            together = _together(members)
            # The cycles of an overlap are those of what follows.
            most = None if together.most is None else _without(together.most, item.overlap)
            return CycleSpan(_without(together.least, item.overlap), most)
        case SeqWhileOp():
            if timing is None or item.trip_count is None:
                return CycleSpan(1, None)
            body = sequence_span(item.body.block, timing)
            most = None if body.most is None else item.trip_count * body.most + 1
            return CycleSpan(item.trip_count * body.least + 1, most)
        case PipelineOp():
            if timing is None or item.trip_count is None:
                return CycleSpan(1, None)
            interval, depth = timing(item)
            cycles = (item.trip_count - 1) * interval + depth if item.trip_count else 1
            return CycleSpan(cycles, cycles)


def sequence_span(block: Block, timing: Timing | None = None) -> CycleSpan:
    """The cycles of the steps and loops of a block one after the other."""
    return sum((span_of(item, timing) for item in items_of(block)), CycleSpan(0, 0))


def _together(spans: Iterable[CycleSpan]) -> CycleSpan:
    """The cycles of what begins at once and is over when all of it is."""
    spans = list(spans)
    known = [span.most for span in spans if span.most is not None]
    return CycleSpan(max(span.least for span in spans), max(known) if len(known) == len(spans) else None)


def _without(cycles: int, overlap: int) -> int:
    return cycles if cycles <= 1 else cycles - overlap


def static_cycles(item: Item, timing: Timing = scheduled) -> int | None:
    """The cycles of a step or loop, given the trip counts that are noted, if they are the same in every run."""
    return span_of(item, timing).exact


def sequence_cycles(block: Block, timing: Timing = scheduled) -> int | None:
    """The cycles of the steps and loops of a block one after the other, if they are the same in every run."""
    return sequence_span(block, timing).exact


def cycles_in_sequence(pipeline: PipelineOp) -> int:
    """The cycles from the start of the last iteration of a pipeline to that of what follows it."""
    step = pipeline.parent_op()
    return pipeline.depth - (step.overlap if isinstance(step, StepOp) else 0)
