"""Lower a loops-level function to `loopschedule`: decide in which step everything starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import ModuleOp, UnknownLoc
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.distances import FunctionDistances
from gatewright.analysis.trip_count import note_trips, tested_trips, trip_count
from gatewright.dialects.loopschedule.calls import HEAD_OPERATIONS
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, RegisterOp, SeqWhileOp, TerminatorOp
from gatewright.dialects.notes import ESTIMATE, LIMIT
from gatewright.errors import UnsupportedError
from gatewright.ir.decisions import asked, record
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import take_place
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import copied, functions_of
from gatewright.operators.library import OperatorLibrary
from gatewright.scheduling.modulo import EFFORT
from gatewright.transforms.schedule.arrays import dual_port_arrays
from gatewright.transforms.schedule.blocks import (
    BlockOperation,
    ScheduledBlock,
    StepBuilder,
    clone_into,
    entries_of,
    schedule_block,
)
from gatewright.transforms.schedule.counting import count_with_while
from gatewright.transforms.schedule.loop_groups import LoopGroup, move_units
from gatewright.transforms.schedule.loop_pipelines import PipelineBuilder, iteration_depth
from gatewright.transforms.schedule.operators import OperatorChooser
from gatewright.transforms.schedule.pipeline_forms import PipelineForms


@dataclass(frozen=True)
class LoopsToSchedulePass(ModulePass):
    """Give every operation a start.

    ```
    scf.for %i = %c0 to %c8 {        step { seq_while iter_args(%i = %c0) { cmpi slt, %i, %c8 } do {
      %x = memref.load %a[%i]    ->    %x = step { memref.load %a[%i] }
      memref.store %x, %b[%i]          %j = step { memref.store %x, %b[%i]; addi %i, 1 }
    }                                  terminator iter_args(%j) } }
    ```

    Each straight-line piece between loops is scheduled by itself, with a resource-constrained list scheduler; loops
    follow one another, or run at once where they share neither values nor arrays and there are operators for both.
    Expects what `if-convert`, `if-to-guard` and `rotate-while` leave: conditionals that hold only stores, and
    conditions that one cycle can decide.
    """

    name = "loops-to-schedule"

    clock_mhz: float = 100.0
    multipliers: int | None = None
    target: str = "generic"
    pipeline: bool = True
    """Whether iterations may overlap."""
    dual_port: tuple[str, ...] = ()
    """The names of the arrays in memories with two ports that read and write; `*` for all."""
    most_stores: int = 3
    """How many of the last stores of an array to keep in registers at most, where iterations wait for memory."""
    effort: float = EFFORT
    """How long the exact solver may look for each answer; 0 for what the heuristics find."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        for function in functions_of(op):
            _check_form(function)
            dual = dual_port_arrays(function, self.dual_port)
            chooser = OperatorChooser(library, function, self.multipliers, dual=dual)
            forms = PipelineForms(
                chooser, library.budget_ns, FunctionDistances(function), asked(function), self.most_stores, self.effort
            )
            _Scheduler(function, chooser, library.budget_ns, forms if self.pipeline else None).schedule()


def _check_form(function: func.FuncOp) -> None:
    """Raise UnsupportedError for control that the passes before this one remove."""
    for op in function.walk():
        if isinstance(op, scf.IfOp) and op.results:
            raise UnsupportedError(
                "loops-to-schedule does not take an scf.if that gives values",
                where=source_location(op),
                why="the passes before it make choices of them",
                remedy="run if-convert first",
            )


@dataclass
class _Scheduler:
    """Builds the scheduled form of one function."""

    function: func.FuncOp
    chooser: OperatorChooser
    period: float
    forms: PipelineForms | None
    """How iterations may overlap, None if they may not."""
    head: Block = field(default_factory=Block)
    values: dict[SSAValue, SSAValue] = field(default_factory=dict)
    """Source values as they are visible to the steps being built."""
    constants: dict[tuple[Attribute, Attribute], SSAValue] = field(default_factory=dict)

    def schedule(self) -> None:
        """Put the schedule in the place of the function's body."""
        function = self.function
        old = function.body.block
        for argument in old.args:
            new = self.head.insert_arg(argument.type, len(self.head.args))
            new.name_hint = argument.name_hint
            self.values[argument] = new
        for loop in [op for op in old.walk() if isinstance(op, scf.ForOp | scf.WhileOp)]:
            if isinstance(loop, scf.ForOp):
                count_with_while(loop, HEAD_OPERATIONS)
            elif trip_count(loop) is None:
                note_trips(loop, tested_trips(loop))
        self._hoist_heads(old)
        body = Block()
        self.sequence(list(old.ops)[:-1], body)
        returned = old.last_op
        assert isinstance(returned, func.ReturnOp)
        for op in list(body.ops):
            op.detach()
            self.head.add_op(op)
        result = func.ReturnOp(*(self.values[value] for value in returned.operands))
        result.location = returned.location
        self.head.add_op(result)
        function.body.detach_block(0)
        function.body.add_block(self.head)
        old.erase(safe_erase=False)

    def _hoist_heads(self, block: Block) -> None:
        """Move what takes no time to the head, in the source too: copies of loops then share it."""
        for op in [inner for inner in block.walk() if isinstance(inner, HEAD_OPERATIONS)]:
            if op.parent is not block:
                op.detach()
                first = block.first_op
                assert first is not None
                block.insert_op_before(op, first)
            if isinstance(op, arith.ConstantOp):
                self._hoist_constant(op)
            else:
                self.values[op.results[0]] = self._add_head(op)

    def _hoist_constant(self, op: arith.ConstantOp) -> None:
        key = (op.value, op.result.type)
        if key not in self.constants:
            self.constants[key] = self._add_head(op)
        self.values[op.result] = self.constants[key]

    def _hoist_constants(self, loop: scf.WhileOp) -> None:
        """Add the constants that were added to a loop since its like were hoisted."""
        for value in [operand for op in loop.walk() for operand in op.operands]:
            if isinstance(value.owner, arith.ConstantOp) and value not in self.values:
                self._hoist_constant(value.owner)

    def _add_head(self, op: Operation) -> SSAValue:
        copy = copied(op, {})
        self.head.add_op(copy)
        copy.results[0].name_hint = op.results[0].name_hint
        return copy.results[0]

    def sequence(self, ops: Iterable[Operation], target: Block) -> None:
        """Append the steps of a list of operations to `target`."""
        group = LoopGroup([])
        for op in ops:
            if isinstance(op, HEAD_OPERATIONS):
                continue
            if isinstance(op, scf.WhileOp):
                if not group.may_join(op):
                    self._loops(group.loops, group.before, target)
                    group = LoopGroup(group.behind)
                group.join(op)
            elif group.loops:
                group.behind.append(op)
            else:
                group.before.append(op)
        if group.loops:
            self._loops(group.loops, group.before, target)
        rest = group.behind if group.loops else group.before
        if rest:
            block = schedule_block(_entries(rest), self.chooser, self.period)
            self._emit(block, max(block.length, block.length_until_live_out), target)

    def _emit(self, block: ScheduledBlock, length: int, target: Block) -> None:
        """Append the steps of the first `length` cycles of a scheduled piece."""
        starts = sorted({start for start in block.schedule.start if start < length})
        for start, following in zip(starts, [*starts[1:], length], strict=False):
            step = StepBuilder()
            self._fill(step, block, start)
            step.finish(_used_later(step, block, start), target, self.values, following - start)

    def _fill(self, step: StepBuilder, block: ScheduledBlock, cycle: int) -> None:
        for position, start in enumerate(block.schedule.start):
            if start == cycle:
                clone_into(step, block, position, self.values, self.chooser)

    def _loops(self, loops: Sequence[scf.WhileOp], before: Sequence[Operation], target: Block) -> None:
        """Append the steps before some loops that may run at once, and the step of the loops.

        The last cycle before the loops becomes the first of their step if nothing in it hinders. A loop for which there
        are not enough operators gets a step of its own behind.
        """
        step = StepBuilder(location=loops[0].location)
        wanted: list[SSAValue] = []
        if before:
            block = schedule_block(_entries(before), self.chooser, self.period)
            length = block.length
            if self._may_join(block, length - 1):
                self._emit(block, length - 1, target)
                self._fill(step, block, length - 1)
                wanted += _used_later(step, block, length - 1)
            else:
                self._emit(block, length, target)
        alone: list[tuple[scf.WhileOp, LoopOp]] = []
        together: list[LoopOp] = []
        visible = dict(self.values)
        for loop in loops:
            self.values = visible | step.values
            results = [result for result in loop.results if result.first_use is not None]
            scheduled = self._scheduled_loop(loop, [result.index for result in results])
            if together and not move_units(scheduled, together, self.chooser.limits()):
                alone.append((loop, scheduled))
                wanted += [value for value in step.values if _uses(scheduled, step.values[value])]
                continue
            together.append(scheduled)
            step.add(scheduled)
            step.values.update(zip(results, scheduled.results, strict=True))
            wanted += results
        self.values = visible
        inside = dict(step.values)
        step.finish(wanted, target, self.values, 1)
        for loop, scheduled in alone:
            self._alone(loop, scheduled, inside, target)

    def _alone(self, loop: scf.WhileOp, scheduled: LoopOp, inside: dict[SSAValue, SSAValue], target: Block) -> None:
        """Append the step of one loop that was scheduled for another step, where some values had other names."""
        outside = {name: self.values[value] for value, name in inside.items() if value in self.values}
        for op in scheduled.walk():
            for position, operand in enumerate(op.operands):
                if operand in outside:
                    op.operands[position] = outside[operand]
        step = StepBuilder(location=loop.location)
        step.add(scheduled)
        results = [result for result in loop.results if result.first_use is not None]
        step.values.update(zip(results, scheduled.results, strict=True))
        step.finish(results, target, self.values, 1)

    def _may_join(self, block: ScheduledBlock, cycle: int) -> bool:
        """True if the operations of a cycle can start together with a loop."""
        positions = [position for position, start in enumerate(block.schedule.start) if start == cycle]
        plain = all(
            is_pure(block.entries[position].op) and block.problem.operator_of(position).latency == 0
            for position in positions
        )
        return bool(positions) and plain and block.settled_by(cycle) and block.ends_in(cycle) <= self.period / 2

    def _scheduled_loop(self, loop: scf.WhileOp, results: Sequence[int]) -> SeqWhileOp | PipelineOp:
        """The scheduled form of a loop whose carried values number `results` are used behind it."""
        plan, decisions = self.forms.plan(loop) if self.forms is not None else (None, [])
        source = loop if plan is None else plan.loop
        self._hoist_constants(source)
        order = [*results, *(k for k in range(len(source.arguments)) if k not in results)]
        initial = [self.values[source.arguments[k]] for k in order]
        condition = self._condition(source, order, initial)
        if plan is not None:
            handed_on = [
                result.index
                for result in loop.results
                if any(isinstance(use.operation, scf.YieldOp) for use in result.uses)
            ]
            builder = PipelineBuilder(plan.iteration, plan.result, self.chooser, handed_on)
            scheduled = builder.build(initial, condition, order, len(results), plan.trips, self.values)
            estimate = plan.interval, iteration_depth(plan.iteration, plan.feasible.shortened, plan.interval, handed_on)
            if estimate != (scheduled.interval, scheduled.depth):
                ESTIMATE.set(scheduled, estimate)
            LIMIT.set(scheduled, decisions[-1].reason if decisions else plan.limit)
            for decision in decisions:
                record(self.function, decision)
        else:
            scheduled = self._seq_while(loop, order, initial, condition, len(results))
        for op in scheduled.walk():
            if isinstance(op, RegisterOp | TerminatorOp) and isinstance(op.location, UnknownLoc):
                op.location = loop.location
        scheduled.location = loop.location
        take_place([loop], scheduled)
        return scheduled

    def _condition(self, loop: scf.WhileOp, order: Sequence[int], initial: Sequence[SSAValue]) -> Block:
        """The condition of a loop, on its carried values in a given order."""
        condition = Block(arg_types=[value.type for value in initial])
        old = loop.before_region.block
        mapping: dict[SSAValue, SSAValue] = {old.args[k]: condition.args[n] for n, k in enumerate(order)}
        for op in list(old.ops)[:-1]:
            if isinstance(op, arith.ConstantOp):
                continue
            mapping.update({v: self.values[v] for v in op.operands if v in self.values and v not in mapping})
            condition.add_op(copied(op, mapping))
        decided = old.last_op
        assert isinstance(decided, scf.ConditionOp)
        value = decided.condition
        condition.add_op(RegisterOp(mapping.get(value, self.values.get(value, value))))
        return condition

    def _seq_while(
        self, loop: scf.WhileOp, order: Sequence[int], initial: Sequence[SSAValue], condition: Block, results: int
    ) -> SeqWhileOp:
        """A loop whose iterations follow one another."""
        body = loop.after_region.block
        target = Block(arg_types=[value.type for value in initial])
        for place, index in enumerate(order):
            target.args[place].name_hint = body.args[index].name_hint
            self.values[body.args[index]] = target.args[place]
        self.sequence(list(body.ops)[:-1], target)
        if target.first_op is None:
            StepBuilder().finish([], target, self.values, 1)
        terminator = body.last_op
        assert isinstance(terminator, scf.YieldOp)
        following = [self.values[terminator.operands[k]] for k in order]
        target.add_op(TerminatorOp(following, following[:results]))
        types = [value.type for value in following[:results]]
        return SeqWhileOp(initial, types, Region(condition), Region(target), trip_count(loop))


def _entries(ops: Iterable[Operation]) -> list[BlockOperation]:
    return [entry for op in ops for entry in entries_of(op)]


def _uses(op: Operation, value: SSAValue) -> bool:
    return any(operand is value for inner in op.walk() for operand in inner.operands)


def _used_later(step: StepBuilder, block: ScheduledBlock, cycle: int) -> list[SSAValue]:
    """The values of a step that something outside the step uses."""
    inside = {id(entry.op) for entry, start in zip(block.entries, block.schedule.start, strict=True) if start == cycle}
    predicates = {
        entry.predicate
        for entry, start in zip(block.entries, block.schedule.start, strict=True)
        if entry.predicate is not None and start != cycle
    }
    return [
        value
        for value in step.values
        if value in predicates or any(_needs(use.operation, inside) for use in value.uses)
    ]


def _needs(user: Operation, inside: set[int]) -> bool:
    """True if a user of a value stands outside a step; a conditional stands where its stores do."""
    if isinstance(user, scf.IfOp):
        return any(id(op) not in inside for op in user.true_region.block.ops if not isinstance(op, scf.YieldOp))
    return id(user) not in inside
