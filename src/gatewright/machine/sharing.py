"""The invariants of `loopschedule` about what a cycle has only one of: memory ports and operators.

(13) In one cycle at most one load and one store of an array start, or one access on each port (`gw.port`) of a true
     dual port memory, unless the conditions of their steps exclude each other.
(14) A loop nested in a step shares no array with anything else in that step, unless their conditions exclude each
     other.
(15) A unit (`gw.operator` and `gw.unit`) is not started again within the interval of its operator in one run, and two
     loops that run in one step share none, unless their conditions exclude each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from xdsl.ir import Block, Operation
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, SeqWhileOp, StepOp
from gatewright.ir.accesses import MemoryAccess
from gatewright.machine.duration import span_of, span_when_active
from gatewright.machine.exclusion import Literal, literals_of
from gatewright.machine.occupancy import BoundUnit, array_label, array_of, interval_of, port_of, unit_of


@dataclass(frozen=True)
class _ConditionalStart:
    """An operation that starts in a step, or later in a loop nested in it."""

    op: Operation
    literals: frozenset[Literal]
    loop: LoopOp | None
    """The outermost loop between the step and the operation."""

    def excludes(self, other: _ConditionalStart) -> bool:
        """Whether the two are never executed together."""
        return any((key, not holds) in other.literals for key, holds in self.literals)


def _starts_in(step: StepOp, literals: frozenset[Literal] = frozenset()) -> Iterator[_ConditionalStart]:
    for op in step.body.block.ops:
        match op:
            case StepOp():
                more = literals_of(op.when) if op.when is not None else frozenset()
                yield from _starts_in(op, literals | more)
            case SeqWhileOp() | PipelineOp():
                yield from (_ConditionalStart(inner, literals, op) for inner in op.walk() if inner is not op)
            case _:
                yield _ConditionalStart(op, literals, None)


def verify_step_sharing(step: StepOp) -> None:
    """Check invariants 13 and 14, and 15 within the step, for a step of a sequence and all that is nested in it."""
    accesses: dict[Hashable, list[_ConditionalStart]] = defaultdict(list)
    units: dict[BoundUnit, list[_ConditionalStart]] = defaultdict(list)
    for start in _starts_in(step):
        if isinstance(start.op, MemoryAccess):
            accesses[array_of(start.op)].append(start)
        if (unit := unit_of(start.op)) is not None:
            units[unit].append(start)
    for starts in accesses.values():
        for one, other in _pairs(starts):
            _verify_accesses(one, other)
    for unit, starts in units.items():
        for one, other in _pairs(starts):
            if one.loop is None and other.loop is None:
                raise VerifyException(f"{one.op.name} and {other.op.name} both start {unit} in cycle 0 of their step")
            if one.loop is not None and other.loop is not None:
                raise VerifyException(
                    f"{one.op.name} and {other.op.name} of two loops that start in cycle 0 of their step share {unit}"
                )
            direct, nested = (one, other) if one.loop is None else (other, one)
            assert nested.loop is not None
            _Restarts(direct.op).beside(nested.loop)


def _pairs(starts: Sequence[_ConditionalStart]) -> Iterator[tuple[_ConditionalStart, _ConditionalStart]]:
    """The pairs of starts that are not of one loop and may happen in one execution of their step."""
    for position, one in enumerate(starts):
        for other in starts[position + 1 :]:
            if (one.loop is None or one.loop is not other.loop) and not one.excludes(other):
                yield one, other


def _verify_accesses(one: _ConditionalStart, other: _ConditionalStart) -> None:
    assert isinstance(one.op, MemoryAccess)
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
            self._leave(step, span_when_active(step).least)

    def beside(self, loop: LoopOp) -> None:
        """Raise VerifyException if a loop that starts together with the operation starts its unit too early."""
        self._enter(loop, 0)

    def _enter(self, item: StepOp | LoopOp, passed: int) -> None:
        """`item` may begin `passed` cycles after the operation."""
        if passed >= self._interval or self._begin.get(item, self._interval) <= passed:
            return
        self._begin[item] = passed
        if isinstance(item, StepOp):
            self._end[item] = passed + span_of(item).least
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
            self._leave(item, passed + span_of(item).least)

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
            f"{op.name} may start {self._unit} {passed} cycles after {self._op.name}, "
            f"which occupies it for {self._interval}"
        )


def _outermost_step(op: Operation) -> StepOp | None:
    """The step of a sequence that an operation starts with."""
    step = op.parent_op()
    while isinstance(step, StepOp) and isinstance(step.parent_op(), StepOp):
        step = step.parent_op()
    return step if isinstance(step, StepOp) else None
