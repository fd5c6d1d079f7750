"""The pipeline of a loop: from the modulo schedule of its iterations to `loopschedule.pipeline`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import Block, Operation, Region, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, RegisterOp, TerminatorOp
from gatewright.scheduling.binding import bind
from gatewright.scheduling.modulo import ModuloResult
from gatewright.scheduling.problem import Schedule
from gatewright.transforms.schedule.blocks import ScheduledBlock, StepBuilder, clone_into
from gatewright.transforms.schedule.iterations import IterationProblem
from gatewright.transforms.schedule.operators import OperatorChooser


def iteration_depth(
    iteration: IterationProblem, start: Sequence[int], interval: int, handed_on: Sequence[int] = ()
) -> int:
    """The cycles of an iteration, with those in which the last results come and the last condition is decided.

    `handed_on` are the carried values whose last one the iteration of a loop around hands on.
    """
    problem = iteration.problem

    def available(operation: int) -> int:
        """The cycle from which on the registered result of an operation is there."""
        return start[operation] + max(1, problem.operator_of(operation).latency)

    last = max(start, default=0)
    provided = [available(producer) for producer in iteration.producers]
    producers = [iteration.producers[k] for k in handed_on]
    settled = [start[each] + problem.operator_of(each).latency + 1 for each in producers]
    depth = max([last + 1, *provided, *settled, 1])
    deciding = [available(iteration.producers[k]) for k in iteration.body.decided_by]
    if depth <= interval:
        depth = max([depth, *(cycle + 1 for cycle in deciding)])
    if depth > interval:
        late = max([0, *(cycle - interval for cycle in deciding)])
        depth = max(depth, late + interval + 1)
    return depth


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

    @property
    def depth(self) -> int:
        """The cycles of an iteration."""
        return iteration_depth(self.iteration, self.schedule.start, self.interval, self.handed_on)

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
