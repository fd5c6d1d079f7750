"""A loop whose iterations overlap: from its modulo schedule to `loopschedule.pipeline`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from xdsl.dialects import memref, scf
from xdsl.ir import Block, Operation, Region, SSAValue

from gatewright.analysis.distances import Distances, FunctionDistances, note_distances, noted_distances
from gatewright.analysis.traced_dependences import Trace, accesses_of, has_several_accesses, trace
from gatewright.analysis.trip_count import trip_count
from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, RegisterOp, TerminatorOp
from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location
from gatewright.plan import Decision
from gatewright.planning.limits import STORES_IN_REGISTERS
from gatewright.scheduling.binding import bind
from gatewright.scheduling.modulo import ModuloResult, modulo_schedule
from gatewright.scheduling.problem import Schedule
from gatewright.transforms.schedule.blocks import ScheduledBlock, StepBuilder, clone_into, schedule_block
from gatewright.transforms.schedule.bypassing import bypass_stores
from gatewright.transforms.schedule.iterations import (
    IterationProblem,
    LoopBody,
    build,
    entries_of_body,
    is_straight,
    runs_once,
)
from gatewright.transforms.schedule.limits import limit
from gatewright.transforms.schedule.merging import merge_accesses
from gatewright.transforms.schedule.operators import OperatorChooser


@dataclass
class PipelinePlan:
    """A loop that is worth pipelining: its iteration, and the schedule of it."""

    loop: scf.WhileOp
    iteration: IterationProblem
    result: ModuloResult
    trips: int | None
    gains: bool
    """True if iterations in overlap are faster than one after the other."""


MERGES: tuple[tuple[type[Operation], ...], ...] = (
    (memref.LoadOp, memref.StoreOp),
    (memref.LoadOp,),
    (memref.StoreOp,),
)
"""Which accesses to merge, tried in turn where that may let iterations start sooner."""


def plan_pipeline(
    loop: scf.WhileOp,
    chooser: OperatorChooser,
    period: float,
    head: tuple[type[Operation], ...],
    distances: FunctionDistances,
    asked: Decision | None = None,
) -> PipelinePlan | None:
    """Schedule the iterations of a loop in overlap; None if the loop holds control, or nothing is gained.

    `asked` is the decision on the interval to have; UnsupportedError, with what keeps it larger, if that is impossible.
    Where an interval of one cycle is not reached, accesses that take turns are merged if that helps, and loads look for
    their elements among the last stores: the plan's loop is then a copy in which they do.
    """

    def changed(base: PipelinePlan | None, change: Callable[[scf.WhileOp], scf.WhileOp | None]) -> PipelinePlan | None:
        """The plan for a changed copy of the loop of a plan, if iterations start sooner there; else the plan."""
        if base is None or base.result.interval == 1:
            return base
        copy = _copy_beside(base.loop, loop)
        other = change(copy)
        plan = _plan(other, chooser, period, head, distances) if other is not None else None
        (other or copy).detach()
        if plan is not None and plan.result.interval < base.result.interval:
            return plan
        (other or copy).erase(safe_erase=False)
        return base

    first = best = _plan(loop, chooser, period, head, distances)
    for kinds in MERGES:
        merged = changed(first, lambda copy, kinds=kinds: copy if merge_accesses(copy, kinds) else None)
        best = _sooner(best, merged)
    merged = best
    for back in STORES_IN_REGISTERS:
        if merged is not None and _waits_for_memory(merged):
            best = _sooner(best, changed(merged, lambda copy, back=back: bypass_stores(copy, back)))
    if asked is not None:
        return _at_interval(loop, first, best, asked)
    return best if best is not None and best.gains else None


def _at_interval(
    loop: scf.WhileOp, first: PipelinePlan | None, best: PipelinePlan | None, asked: Decision
) -> PipelinePlan:
    """The plan with the interval that is asked for, of the loop as it is if that is enough."""
    interval = int(asked.value or 0)
    plan = first if first is not None and first.result.interval <= interval else best
    reason = "there is control in it, or its end depends on what an iteration computes last"
    if plan is not None:
        problem, ops = plan.iteration.problem, [entry.op for entry in plan.iteration.body.entries]
        if plan.result.interval == interval:
            return plan
        reason = limit(plan.result, problem, ops)
        if plan.result.interval < interval:
            return replace(plan, result=modulo_schedule(problem, interval), gains=True)
    raise UnsupportedError(
        f"the iterations of loop {asked.subject[0]} cannot start {interval} cycle{'s' if interval > 1 else ''} apart",
        where=source_location(loop),
        why=reason,
        remedy="ask for a larger interval, or for none: the least one is taken" if plan is not None else None,
    )


def _sooner(one: PipelinePlan | None, other: PipelinePlan | None) -> PipelinePlan | None:
    """The plan with the smaller interval; the first one if they are equal."""
    if one is None or other is None:
        return one
    return other if other.result.interval < one.result.interval else one


def _waits_for_memory(plan: PipelinePlan) -> bool:
    """True if the interval is that of a recurrence through memory."""
    bound, problem = plan.result.bound, plan.iteration.problem
    if bound.recurrence is None or bound.recurrence.interval < plan.result.interval:
        return False
    return any(problem.dependences[each].reason == "memory" for each in bound.recurrence.dependences)


def _copy_beside(loop: scf.WhileOp, anchor: scf.WhileOp) -> scf.WhileOp:
    """A copy of a loop in front of another one, where it sees the loops around."""
    copy = loop.clone()
    for before, after in zip(loop.walk(), copy.walk(), strict=True):
        after.location = before.location
    assert anchor.parent is not None
    anchor.parent.insert_op_before(copy, anchor)
    return copy


def _plan(
    loop: scf.WhileOp,
    chooser: OperatorChooser,
    period: float,
    head: tuple[type[Operation], ...],
    distances: FunctionDistances,
) -> PipelinePlan | None:
    block = loop.after_region.block
    condition, terminator = loop.before_region.block.last_op, block.last_op
    assert isinstance(condition, scf.ConditionOp) and isinstance(terminator, scf.YieldOp)
    if not is_straight(list(block.ops)[:-1], head):
        return None
    read = [argument.index for argument in loop.before_region.block.args if _is_read(argument, condition)]
    if any(runs_once(terminator.operands[index]) for index in read):
        return None
    body = LoopBody(list(block.args), list(terminator.operands), entries_of_body(block, head), read)
    found, known = _distances(loop, distances)
    iteration = build(body, chooser, period, known)
    result = modulo_schedule(iteration.problem)
    sequential = schedule_block(body.entries, chooser, period) if body.entries else None
    if sequential is None:
        return None
    gains = result.interval < max(sequential.length, sequential.length_until_live_out)
    known = trip_count(loop)
    trips = found.iterations if known is None and found is not None else known
    return PipelinePlan(loop, iteration, result, trips, gains)


def _distances(loop: scf.WhileOp, distances: FunctionDistances) -> tuple[Trace | None, Trace | Distances | None]:
    """The addresses that running the control of a loop gives, if it can be run; and the distances, else by isl."""
    accesses = accesses_of(loop.after_region.block)
    if accesses is None or not any(isinstance(op, memref.StoreOp) for op in accesses):
        return None, None
    found = trace(loop, accesses)
    if found is not None or not has_several_accesses(accesses):
        return found, found
    known = noted_distances(loop)
    if known is None and (known := distances.of_loop(loop)) is not None:
        note_distances(loop, known)
    return None, known


def _is_read(argument: SSAValue, condition: scf.ConditionOp) -> bool:
    """True if the condition depends on an argument, which it also passes on."""
    return any(use.operation is not condition or use.index == 0 for use in argument.uses)


@dataclass
class PipelineBuilder:
    """Emits the stages of one scheduled iteration."""

    iteration: IterationProblem
    result: ModuloResult
    chooser: OperatorChooser
    handed_on: Sequence[int] = ()
    """The carried values whose last one the iteration of a loop around hands on when the pipeline ends."""

    def __post_init__(self):
        self.schedule: Schedule = self.result.schedule
        entries = self.iteration.body.entries
        units = bind(self.iteration.problem, self.schedule)
        self.block = ScheduledBlock(entries, self.iteration.problem, self.schedule, units)
        self.interval = self.result.interval

    def available(self, operation: int) -> int:
        """The cycle of an iteration from which on the registered result of an operation is there."""
        return self.schedule.start[operation] + max(1, self.iteration.problem.operator_of(operation).latency)

    @property
    def depth(self) -> int:
        """The cycles of an iteration, with those in which the last results come and the last condition is decided."""
        last = max(self.schedule.start, default=0)
        provided = [self.available(producer) for producer in self.iteration.producers]
        problem, producers = self.iteration.problem, [self.iteration.producers[k] for k in self.handed_on]
        settled = [self.schedule.start[each] + problem.operator_of(each).latency + 1 for each in producers]
        depth = max([last + 1, *provided, *settled, 1])
        deciding = [self.available(self.iteration.producers[k]) for k in self.iteration.body.decided_by]
        if depth <= self.interval:
            depth = max([depth, *(cycle + 1 for cycle in deciding)])
        if depth > self.interval:
            late = max([0, *(cycle - self.interval for cycle in deciding)])
            depth = max(depth, late + self.interval + 1)
        return depth

    def build(
        self,
        initial: Sequence[SSAValue],
        condition: Block,
        order: Sequence[int],
        results: int,
        trips: int | None,
        visible: dict[SSAValue, SSAValue],
    ) -> PipelineOp:
        """The pipeline. `order` is that of the carried values; the first `results` of them are its results."""
        body = self.iteration.body
        target = Block(arg_types=[value.type for value in initial])
        for place, index in enumerate(order):
            target.args[place].name_hint = body.arguments[index].name_hint
            visible[body.arguments[index]] = target.args[place]
        handed = self._stages(target, visible)
        places = {index: place for place, index in enumerate(order)}
        aliases = self.iteration.aliases
        following = [
            target.args[places[aliases[index]]] if index in aliases else handed[self.iteration.producers[index]]
            for index in order
        ]
        target.add_op(TerminatorOp(following, following[:results]))
        types = [value.type for value in following[:results]]
        return PipelineOp(self.interval, initial, types, Region(condition), Region(target), trips)

    def _stages(self, target: Block, visible: dict[SSAValue, SSAValue]) -> dict[int, SSAValue]:
        """Append the stages; return the value that each producer hands on."""
        by_start: dict[int, list[int]] = defaultdict(list)
        for operation, start in enumerate(self.schedule.start):
            by_start[start].append(operation)
        last = self.depth - 1
        by_start.setdefault(last, [])
        by_start.setdefault(0, [])
        wanted = self._wanted()
        handed: dict[int, SSAValue] = {}
        for start in sorted(by_start):
            self._stage(start, by_start[start], target, visible, wanted, handed)
        return handed

    def _wanted(self) -> set[SSAValue]:
        """The values that are used in another cycle than that of their start, or handed on."""
        wanted: set[SSAValue] = set()
        start_of: dict[SSAValue, int] = {result: s for e, s in self._started() for result in e.op.results}
        for entry, start in self._started():
            wanted.update(operand for operand in entry.operands if start_of.get(operand, start) != start)
        for offset, value in enumerate(self.iteration.copies):
            start = self.schedule.start[len(self.iteration.body.entries) + offset]
            if start_of.get(value, start) != start:
                wanted.add(value)
        wanted.update(value for value in self.iteration.body.yielded if value in start_of)
        return wanted

    def _started(self):
        return zip(self.iteration.body.entries, self.schedule.start, strict=False)

    def _stage(
        self,
        start: int,
        operations: Sequence[int],
        target: Block,
        visible: dict[SSAValue, SSAValue],
        wanted: set[SSAValue],
        handed: dict[int, SSAValue],
    ) -> None:
        step = StepBuilder()
        entries = self.iteration.body.entries
        registered: list[tuple[int | SSAValue, SSAValue]] = []
        for operation in operations:
            if operation < len(entries):
                clone_into(step, self.block, operation, visible, self.chooser)
        for operation in operations:
            if operation >= len(entries):
                value = self.iteration.copies[operation - len(entries)]
                registered.append((operation, step.values.get(value, visible.get(value, value))))
        registered += [(value, inside) for value, inside in step.values.items() if value in wanted]
        register = RegisterOp(*(inside for _, inside in registered))
        step.add(register)
        stage = PipelineStageOp(start, Region(step.block), [inside.type for _, inside in registered])
        stage.location = register.location = _location(step.block)
        target.add_op(stage)
        producers: dict[SSAValue, int] = {
            value: k for k in operations if k < len(entries) for value in entries[k].op.results
        }
        for (key, inside), out in zip(registered, stage.outs, strict=True):
            out.name_hint = inside.name_hint
            if isinstance(key, int):
                handed[key] = out
            else:
                visible[key] = out
                handed[producers[key]] = out


def _location(block: Block):
    first: Operation | None = block.first_op
    assert first is not None
    return first.location
