"""The invariants of `loopschedule` about what a cycle has only one of: memory ports and operators.

(13) In one cycle at most one load and one store of an array start, or one access on each port (`gw.port`) of a true
     dual port memory, unless the conditions of their steps exclude each other.
(14) A loop nested in a step shares no array with anything else in that step, unless their conditions exclude each
     other.
(15) A unit (`gw.operator` and `gw.unit`) is not started again within its interval (`gw.interval`, 1 where it is
     absent) in one run, and two loops that run in one step share none, unless their conditions exclude each other.

Conditions exclude each other if one is the negation (`xori` with true, or the opposite comparison) of the other, or of
a part of it that `andi` joins to the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.ops import (
    LoopOp,
    PipelineOp,
    SeqWhileOp,
    StepOp,
    cycles_when_active,
    minimal_cycles,
    port_of,
)

Literal: TypeAlias = tuple[Hashable, bool]
"""Something that is true or false, and which of them it has to be."""

_OPPOSITE = {0: 1, 2: 5, 3: 4, 6: 9, 7: 8}
"""The predicate of `arith.cmpi` that is true exactly when the other is false."""
_BASE = {**{base: (base, True) for base in _OPPOSITE}, **{other: (base, False) for base, other in _OPPOSITE.items()}}


def literals_of(condition: SSAValue) -> frozenset[Literal]:
    """What is known to hold if a condition is true."""
    found: set[Literal] = {(condition, True)}
    if not isinstance(condition, OpResult):
        return frozenset(found)
    match condition.op:
        case arith.AndIOp():
            found |= literals_of(condition.op.lhs) | literals_of(condition.op.rhs)
        case arith.XOrIOp() if _is_true(condition.op.rhs):
            found |= _opposites_of(condition.op.lhs)
        case arith.XOrIOp() if _is_true(condition.op.lhs):
            found |= _opposites_of(condition.op.rhs)
        case arith.CmpiOp():
            found.add(_comparison(condition.op))
        case StepOp() if condition.op.when is None:
            found |= literals_of(condition.op.register.values[condition.index])
        case _:
            pass
    return frozenset(found)


def _opposites_of(condition: SSAValue) -> frozenset[Literal]:
    """What is known to hold if a condition is false."""
    found: set[Literal] = {(condition, False)}
    if not isinstance(condition, OpResult):
        return frozenset(found)
    match condition.op:
        case arith.OrIOp():
            found |= _opposites_of(condition.op.lhs) | _opposites_of(condition.op.rhs)
        case arith.XOrIOp() if _is_true(condition.op.rhs):
            found |= literals_of(condition.op.lhs)
        case arith.XOrIOp() if _is_true(condition.op.lhs):
            found |= literals_of(condition.op.rhs)
        case arith.CmpiOp():
            key, holds = _comparison(condition.op)
            found.add((key, not holds))
        case StepOp() if condition.op.when is None:
            found |= _opposites_of(condition.op.register.values[condition.index])
        case _:
            pass
    return frozenset(found)


def _comparison(op: arith.CmpiOp) -> Literal:
    base, holds = _BASE[op.predicate.value.data]
    return ("cmpi", base, op.lhs, op.rhs), holds


def _is_true(value: SSAValue) -> bool:
    constant = value.owner
    return (
        isinstance(constant, arith.ConstantOp)
        and isinstance(constant.value, IntegerAttr)
        and constant.value.value.data & 1 == 1
    )


@dataclass(frozen=True)
class _Start:
    """An operation that starts in a step, or later in a loop nested in it."""

    op: Operation
    literals: frozenset[Literal]
    loop: LoopOp | None
    """The outermost loop between the step and the operation."""

    def excludes(self, other: _Start) -> bool:
        """Whether the two are never executed together."""
        return any((key, not holds) in other.literals for key, holds in self.literals)


def _starts_in(step: StepOp, literals: frozenset[Literal] = frozenset()) -> Iterator[_Start]:
    for op in step.body.block.ops:
        match op:
            case StepOp():
                more = literals_of(op.when) if op.when is not None else frozenset()
                yield from _starts_in(op, literals | more)
            case SeqWhileOp() | PipelineOp():
                yield from (_Start(inner, literals, op) for inner in op.walk() if inner is not op)
            case _:
                yield _Start(op, literals, None)


def array_of(op: memref.LoadOp | memref.StoreOp) -> Hashable:
    """What identifies the memory that a load or store accesses."""
    owner = op.memref.owner
    return owner.name_.string_value() if isinstance(owner, memref.GetGlobalOp) else op.memref


def array_label(op: memref.LoadOp | memref.StoreOp) -> str:
    """The name of the accessed array for a message."""
    owner = op.memref.owner
    if isinstance(owner, memref.GetGlobalOp):
        return f"@{owner.name_.string_value()}"
    return f"%{op.memref.name_hint}" if op.memref.name_hint else "an array"


def unit_of(op: Operation) -> tuple[str, int] | None:
    """The operator and the number of the unit that executes an operation, if it says so."""
    operator, unit = op.attributes.get("gw.operator"), op.attributes.get("gw.unit")
    if isinstance(operator, StringAttr) and isinstance(unit, IntegerAttr):
        return operator.data, unit.value.data
    return None


def interval_of(op: Operation) -> int:
    """Cycles after which the unit of an operation can be started again."""
    stated = op.attributes.get("gw.interval")
    return stated.value.data if isinstance(stated, IntegerAttr) else 1


def verify_step_sharing(step: StepOp) -> None:
    """Check invariants 13 and 14, and 15 within the step, for a step of a sequence and all that is nested in it."""
    accesses: dict[Hashable, list[_Start]] = defaultdict(list)
    units: dict[tuple[str, int], list[_Start]] = defaultdict(list)
    for start in _starts_in(step):
        if isinstance(start.op, memref.LoadOp | memref.StoreOp):
            accesses[array_of(start.op)].append(start)
        if (unit := unit_of(start.op)) is not None:
            units[unit].append(start)
    for starts in accesses.values():
        for one, other in _pairs(starts):
            _verify_accesses(one, other)
    for (operator, unit), starts in units.items():
        for one, other in _pairs(starts):
            if one.loop is None and other.loop is None:
                raise VerifyException(
                    f"{one.op.name} and {other.op.name} both start unit {unit} of {operator} in cycle 0 of their step"
                )
            if one.loop is not None and other.loop is not None:
                raise VerifyException(
                    f"{one.op.name} and {other.op.name} of two loops that start in cycle 0 of their step "
                    f"share unit {unit} of {operator}"
                )
            direct, nested = (one, other) if one.loop is None else (other, one)
            assert nested.loop is not None
            _Restarts(direct.op).beside(nested.loop)


def _pairs(starts: Sequence[_Start]) -> Iterator[tuple[_Start, _Start]]:
    """The pairs of starts that are not of one loop and may happen in one execution of their step."""
    for position, one in enumerate(starts):
        for other in starts[position + 1 :]:
            if (one.loop is None or one.loop is not other.loop) and not one.excludes(other):
                yield one, other


def _verify_accesses(one: _Start, other: _Start) -> None:
    assert isinstance(one.op, memref.LoadOp | memref.StoreOp)
    if one.loop is not None or other.loop is not None:
        raise VerifyException(
            f"{one.op.name} and {other.op.name} access {array_label(one.op)} while a loop runs "
            "that starts in cycle 0 of their step"
        )
    port = port_of(one.op)
    if port != port_of(other.op):
        return
    if type(one.op) is type(other.op):
        both = f"two {one.op.name} of"
    else:
        both = f"{one.op.name} and {other.op.name} of"
    raise VerifyException(f"{both} {array_label(one.op)} start in cycle 0 of their step, which has one {port}")


def verify_intervals(block: Block) -> None:
    """Check invariant 15 from step to step, for the outermost sequence of a function."""
    for op in block.walk():
        if unit_of(op) is not None and interval_of(op) > 1:
            _Restarts(op).verify()


class _Restarts:
    """The starts that may follow an operation's within its interval, on any path through steps and loops."""

    def __init__(self, op: Operation):
        self._op = op
        self._interval = interval_of(op)
        self._unit = unit_of(op)
        self._begin: dict[Operation, int] = {}
        """The fewest cycles after which each step or loop met so far can begin."""
        self._end: dict[Operation, int] = {}
        """The fewest cycles after which each step met so far can have ended."""

    def verify(self) -> None:
        """Raise VerifyException if the unit of the operation may be started again too early."""
        step = _outermost_step(self._op)
        if step is not None:
            self._leave(step, cycles_when_active(step))

    def beside(self, loop: LoopOp) -> None:
        """Raise VerifyException if a loop that starts together with the operation starts its unit too early."""
        self._enter(loop, 0)

    def _enter(self, item: StepOp | LoopOp, passed: int) -> None:
        """`item` may begin `passed` cycles after the operation."""
        if passed >= self._interval or self._begin.get(item, self._interval) <= passed:
            return
        self._begin[item] = passed
        if isinstance(item, StepOp):
            self._end[item] = passed + minimal_cycles(item)
            for op in item.body.block.ops:
                if isinstance(op, StepOp | LoopOp):
                    self._enter(op, passed)
                elif unit_of(op) == self._unit:
                    self._too_early(op, passed)
        else:
            if isinstance(item, SeqWhileOp):
                self._enter_first(item.body.block, passed)
            else:
                self._enter_stages(item, passed)
        if not isinstance(item.parent_op(), StepOp):
            self._leave(item, passed + minimal_cycles(item))

    def _enter_stages(self, pipeline: PipelineOp, passed: int) -> None:
        for stage in pipeline.stages:
            for op in stage.body.block.ops:
                if unit_of(op) == self._unit and passed + stage.start < self._interval:
                    self._too_early(op, passed + stage.start)

    def _enter_first(self, block: Block, passed: int) -> None:
        first = next((op for op in block.ops if isinstance(op, StepOp | LoopOp)), None)
        if first is not None:
            self._enter(first, passed)

    def _leave(self, item: StepOp | LoopOp, passed: int) -> None:
        """`item` may have ended `passed` cycles after the operation."""
        if passed >= self._interval:
            return
        around = item.parent_op()
        if isinstance(around, StepOp):
            self._leave(around, max(passed, self._end.get(around, 0)))
            return
        following = item.next_op
        while following is not None:
            if isinstance(following, StepOp | LoopOp):
                self._enter(following, passed)
                return
            following = following.next_op
        if isinstance(around, SeqWhileOp):
            self._enter_first(around.body.block, passed)
            self._leave(around, passed + 1)

    def _too_early(self, op: Operation, passed: int) -> None:
        assert self._unit is not None
        raise VerifyException(
            f"{op.name} may start unit {self._unit[1]} of {self._unit[0]} {passed} cycles after {self._op.name}, "
            f"which occupies it for {self._interval}"
        )


def _outermost_step(op: Operation) -> StepOp | None:
    """The step of a sequence that an operation starts with."""
    step = op.parent_op()
    while isinstance(step, StepOp) and isinstance(step.parent_op(), StepOp):
        step = step.parent_op()
    return step if isinstance(step, StepOp) else None
