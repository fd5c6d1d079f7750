"""Lifetimes of the results of operations, and the registers that keep them: what is read later than it is computed.

A result of a sequence is kept in one register, from the cycle after it is there until the operation starts again; one
of a pipeline, in which iterations overlap, moves through a chain of registers, each of which holds it for an interval.
None is needed for what is read in the cycle in which it appears, or while the port or the unit that computes it still
shows it, or for what is computed again from values that are there at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from xdsl.dialects import arith, func, memref
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

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
from gatewright.dialects.notes import OPERATOR
from gatewright.ir.accesses import MemoryAccess
from gatewright.machine.availability import decision_cycle, ends_early, first_use
from gatewright.machine.occupancy import port_used_by
from gatewright.machine.output_lifetimes import OutputLifetimes
from gatewright.machine.time_points import IterationCycles, Timeline, TimePoint, distance

WIRING = (arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp, arith.IndexCastOp)
"""Operations that cost no logic, so that keeping their operand keeps their result."""

ShowingUnit = Callable[[Operation], Hashable | None]
"""What names the unit of an operation if its output stays until the unit starts again."""


def shared_outputs(function: func.FuncOp, showing: ShowingUnit) -> OutputLifetimes:
    """What uses each port of a memory that loads, and each unit of a function whose output stays."""
    holding = OutputLifetimes()
    for operation in function.walk():
        if isinstance(operation, MemoryAccess):
            holding.add(port_used_by(operation), operation)
        elif (unit := showing(operation)) is not None:
            holding.add(unit, operation)
    return holding


def registers_of(function: func.FuncOp, showing: ShowingUnit) -> dict[Operation, int]:
    """For each operation of a scheduled function with a result the registers that keep it, one behind the other."""
    return _Lifetimes(function, showing).registers


class _Lifetimes:
    """Follows a schedule and notes where its values are computed and read."""

    def __init__(self, function: func.FuncOp, showing: ShowingUnit):
        self._showing, self._outputs = showing, shared_outputs(function, showing)
        self._places: dict[Operation, TimePoint] = {}
        self._reads: dict[Operation, list[TimePoint]] = defaultdict(list)
        timeline = Timeline(function.body.block)
        self._sequence(timeline)
        end = function.body.block.last_op
        assert isinstance(end, func.ReturnOp)
        self._read(end.operands, TimePoint(timeline, len(timeline.items), onwards=True))

    @property
    def registers(self) -> dict[Operation, int]:
        """The registers of each operation."""
        return {op: self._registers(op, place) for op, place in self._places.items()}

    def _registers(self, op: Operation, place: TimePoint) -> int:
        latency, reads = latency_of(op), self._reads[op]
        if isinstance(place.timeline, IterationCycles):
            stays = showing_in(place.timeline.loop, op) if isinstance(op, memref.LoadOp) else 0
            late = max((use.position - place.position - latency for use in reads), default=0)
            return 0 if late <= stays else -(-late // place.timeline.loop.interval)
        if latency == 0 and is_recomputed(op):
            return 0
        return int(any(self._is_kept(op, latency, place, use) for use in reads))

    def _is_kept(self, op: Operation, latency: int, place: TimePoint, use: TimePoint) -> bool:
        """Whether a use may come when the result is shown no more."""
        span = distance(place, use)
        if span.exact == latency:
            return False
        output = port_used_by(op) if isinstance(op, memref.LoadOp) else self._showing(op)
        return output is None or span.least < latency or not self._outputs.stays(output, op, place, use)

    def _read(self, values: Iterable[SSAValue], use: TimePoint) -> None:
        for value in values:
            origin = origin_of(value)
            if isinstance(origin, OpResult):
                self._reads[origin.op].append(use)

    def _sequence(self, timeline: Timeline) -> None:
        for position, item in enumerate(timeline.items):
            self._item(item, timeline.place(position))

    def _item(self, item: Operation, place: TimePoint) -> None:
        match item:
            case StepOp():
                self._read([item.when] if item.when is not None else [], place)
                self._operations(item.body.block, place)
            case SeqWhileOp():
                self._seq_while(item, place)
            case PipelineOp():
                self._pipeline(item, place)
            case RegisterOp() | arith.ConstantOp():
                pass
            case _:
                self._read(item.operands, place)
                if item.results:
                    self._places[item] = place

    def _operations(self, block: Block, place: TimePoint) -> None:
        for op in block.ops:
            self._item(op, place)

    def _seq_while(self, loop: SeqWhileOp, place: TimePoint) -> None:
        body = Timeline(loop.body.block, place)
        self._read(loop.iter_args, place)
        self._operations(loop.condition.block, body.place(0))
        self._read(loop.condition_register.values, body.place(0))
        self._sequence(body)
        last = TimePoint(body, len(body.items) - 1, last=True)
        self._read([*loop.terminator.iter_args, *loop.terminator.loop_results], last)

    def _pipeline(self, loop: PipelineOp, place: TimePoint) -> None:
        stages = IterationCycles(loop.body.block, place, loop=loop)
        decided = stages.place(loop.depth - 1 if ends_early(loop) else decision_cycle(loop))
        self._read(loop.iter_args, place)
        # The condition of the first iteration may be computed apart, when the loop starts.
        given = [value for op in loop.condition.block.ops for value in op.operands]
        self._read([value for value in given if value.owner.parent_op() is not loop], place)
        self._operations(loop.condition.block, decided)
        for stage in loop.stages:
            at = stages.place(stage.start)
            self._read([stage.when] if stage.when is not None else [], at)
            self._operations(stage.body.block, at)
        self._read_by_next_iterations(loop, stages)

    def _read_by_next_iterations(self, loop: PipelineOp, stages: IterationCycles) -> None:
        """What iterations hand to later ones, and the last one to the outside."""
        terminator = loop.terminator
        for number in range(len(loop.iter_args)):
            path, used = handed_over(loop, number), first_use(loop, number)
            handed = terminator.iter_args[path[-1]]
            if ends_early(loop) and loop.condition.block.args[number].first_use is not None:
                self._read([handed], stages.place(loop.depth - 1))
            if used is None:
                continue
            for count, position in enumerate(path):
                self._read([loop.iter_args[position]], stages.place(used + count * loop.interval))
            self._read([handed], stages.place(used + len(path) * loop.interval))
        for value in terminator.loop_results:
            origin = origin_of(value)
            if isinstance(origin, OpResult) and origin.op in self._places:
                appears = self._places[origin.op].position + latency_of(origin.op)
                self._read([value], stages.place(max(appears, decision_cycle(loop))))


def showing_in(loop: PipelineOp, load: memref.LoadOp) -> int:
    """The cycles for which a port shows what a load of a pipeline has read, until its next use by any iteration."""
    port, start = port_used_by(load), _start_of(load)
    starts = [_start_of(op) for op in loop.body.walk() if isinstance(op, MemoryAccess) and port_used_by(op) == port]
    return min((other - start - 1) % loop.interval for other in starts)


def _start_of(op: Operation) -> int:
    above: Operation | None = op
    while not isinstance(above, PipelineStageOp):
        assert above is not None
        above = above.parent_op()
    return above.start


def origin_of(value: SSAValue) -> SSAValue:
    """The value that has to be kept to have another one: looks through the results of steps and wiring."""
    while isinstance(value, OpResult):
        if isinstance(value.op, StepOp | PipelineStageOp):
            value = value.op.register.values[value.index]
        elif isinstance(value.op, WIRING) and latency_of(value.op) == 0:
            value = value.op.operands[0]
        else:
            break
    return value


def is_recomputed(op: Operation) -> bool:
    """Whether a result is computed where an iteration ends, and only there, instead of being kept until then.

    That saves a register for most loop counters; the operands are kept in any case.
    """
    return (
        latency_of(op) == 0
        and OPERATOR.value(op) is None
        and not isinstance(op, MemoryAccess | PipelineStageOp | StepOp | LoopOp)
        and all(_is_durable(operand) for operand in op.operands)
        and _only_ends_iterations(op.results[0])
    )


def _is_durable(value: SSAValue) -> bool:
    """Whether a value is there at any time: a constant, a parameter, or what a sequential loop carries."""
    origin = origin_of(value)
    if isinstance(origin, BlockArgument):
        return isinstance(origin.block.parent_op(), func.FuncOp | SeqWhileOp)
    assert isinstance(origin, OpResult)
    return isinstance(origin.op, arith.ConstantOp | SeqWhileOp)


def _only_ends_iterations(value: SSAValue) -> bool:
    """Whether a value is used by terminators only, looking through the registers of steps."""
    for use in value.uses:
        if isinstance(use.operation, TerminatorOp):
            continue
        step = use.operation.parent_op()
        if not (isinstance(use.operation, RegisterOp) and isinstance(step, StepOp)):
            return False
        if not _only_ends_iterations(step.outs[use.index]):
            return False
    return True
