"""A straight-line piece of a program as a scheduling problem, and its schedule as steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from gatewright.analysis.distances import drop_notes
from gatewright.dialects.loopschedule.ops import RegisterOp, StepOp
from gatewright.dialects.notes import BYPASSED, OPERATOR, PORT, UNIT
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value
from gatewright.ir.operator_notes import operator_attribute
from gatewright.ir.rewriting import copied
from gatewright.scheduling.binding import bind
from gatewright.scheduling.list_schedule import list_schedule
from gatewright.scheduling.problem import Problem, Schedule, verify
from gatewright.transforms.schedule.operators import OperatorChooser, register_bits


@dataclass(frozen=True)
class BlockOperation:
    """An operation to schedule, with the condition under which it takes effect (stores only)."""

    op: Operation
    predicate: SSAValue | None = None

    @property
    def operands(self) -> list[SSAValue]:
        """Everything that has to be there when the operation starts."""
        return [*self.op.operands, *([self.predicate] if self.predicate is not None else [])]


def entries_of(op: Operation) -> list[BlockOperation]:
    """The entries of an operation: a conditional of stores has one a store, under its condition."""
    if isinstance(op, scf.IfOp):
        return [
            BlockOperation(inner, op.cond) for inner in op.true_region.block.ops if isinstance(inner, memref.StoreOp)
        ]
    return [BlockOperation(op)]


@dataclass
class ScheduledBlock:
    """A straight-line piece with its schedule."""

    entries: list[BlockOperation]
    problem: Problem
    schedule: Schedule
    units: list[int]

    @property
    def length(self) -> int:
        """Cycles from its first start to its last result."""
        return self.schedule.length(self.problem)

    @property
    def length_until_live_out(self) -> int:
        """Cycles so that in the last of them every result used outside the piece can be read."""
        inside = {id(entry.op) for entry in self.entries}
        ends = [0]
        for position, entry in enumerate(self.entries):
            if any(id(use.operation) not in inside for result in entry.op.results for use in result.uses):
                ends.append(self.schedule.start[position] + self.problem.operator_of(position).latency + 1)
        return max(ends)

    def settled_by(self, cycle: int) -> bool:
        """True if every result is there at the beginning of a cycle, but for those computed within it."""
        return all(
            start + self.problem.operator_of(position).latency <= cycle
            for position, start in enumerate(self.schedule.start)
        )

    def ends_in(self, cycle: int) -> float:
        """Nanoseconds into a cycle at which the last combinational result of it is there."""
        return max(
            (
                self.schedule.offset[position] + self.problem.operator_of(position).delay
                for position in range(len(self.entries))
                if self.schedule.start[position] == cycle
            ),
            default=0.0,
        )


def schedule_block(entries: list[BlockOperation], chooser: OperatorChooser, period: float) -> ScheduledBlock:
    """Schedule a straight-line piece and bind its operations to units."""
    problem = Problem(period)
    defined: dict[SSAValue, int] = {}
    for position, entry in enumerate(entries):
        problem.add_operation(chooser.operator_type(entry.op), entry.op.name, register_bits(entry.op.results))
        for operand in entry.operands:
            if operand in defined:
                problem.add_dependence(defined[operand], position, "value")
        defined.update((result, position) for result in entry.op.results)
    _order_accesses(problem, entries)
    schedule = list_schedule(problem)
    verify(problem, schedule)
    return ScheduledBlock(entries, problem, schedule, bind(problem, schedule))


def _order_accesses(problem: Problem, entries: Sequence[BlockOperation]) -> None:
    """Keep accesses to the same array in order where one of them is a store.

    A load may start together with a later store (it reads the old value); a load after a store, or a store after a
    store, starts a cycle later.
    """
    earlier: dict[SSAValue, list[int]] = defaultdict(list)
    for position, entry in enumerate(entries):
        op = entry.op
        if not isinstance(op, MemoryAccess):
            continue
        for other in earlier[op.memref]:
            before = entries[other].op
            assert isinstance(before, MemoryAccess)
            if isinstance(before, memref.LoadOp) and isinstance(op, memref.LoadOp):
                continue
            if _differ(before, op):
                continue
            cycles = 0 if isinstance(before, memref.LoadOp) else 1
            problem.add_dependence(other, position, "memory", cycles=cycles)
        earlier[op.memref].append(position)


def _differ(one: MemoryAccess, other: MemoryAccess) -> bool:
    """True if two accesses of an array have constant subscripts that differ."""
    for left, right in zip(one.indices, other.indices, strict=True):
        a, b = constant_value(left), constant_value(right)
        if a is not None and b is not None and a != b:
            return True
    return False


@dataclass
class StepBuilder:
    """A step under construction: its operations, and what it hands out."""

    block: Block = field(default_factory=Block)
    values: dict[SSAValue, SSAValue] = field(default_factory=dict)
    """Source values defined in this step, as they are inside it."""
    location: LocationAttr | None = None

    def add(self, op: Operation) -> None:
        """Append an operation to the step."""
        self.block.add_op(op)
        if self.location is None:
            self.location = op.location

    def finish(self, wanted: Iterable[SSAValue], target: Block, outer: dict[SSAValue, SSAValue], cycles: int) -> None:
        """Append the step to `target`, and map the source values `wanted` of later steps to its results."""
        kept = [value for value in self.values if value in set(wanted)]
        register = RegisterOp(*(self.values[value] for value in kept))
        self.block.add_op(register)
        step = StepOp(Region(self.block), [value.type for value in kept], cycles=max(1, cycles))
        if self.location is not None:
            step.location = register.location = self.location
        target.add_op(step)
        for value, result in zip(kept, step.results, strict=True):
            result.name_hint = value.name_hint
            outer[value] = result


def clone_into(
    step: StepBuilder, block: ScheduledBlock, position: int, outer: dict[SSAValue, SSAValue], chooser: OperatorChooser
) -> None:
    """Copy a scheduled operation into a step, with its operator and unit noted."""
    entry = block.entries[position]
    mapping = {operand: step.values.get(operand, outer.get(operand, operand)) for operand in entry.operands}
    copy = copied(entry.op, mapping)
    drop_notes(copy)
    BYPASSED.drop(copy)
    step.values.update(zip(entry.op.results, copy.results, strict=True))
    operator = chooser.operator(entry.op)
    if isinstance(entry.op, MemoryAccess) and entry.op.memref in chooser.dual:
        PORT.set(copy, block.units[position])
    if operator is not None:
        OPERATOR.set(copy, operator_attribute(operator))
        UNIT.set(copy, block.units[position])
    if entry.predicate is None:
        step.add(copy)
        return
    register = RegisterOp()
    nested = StepOp(Region(Block([copy, register])), when=mapping[entry.predicate])
    nested.location = register.location = entry.op.location
    step.add(nested)
