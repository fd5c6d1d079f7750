"""The forms in which the iterations of a loop can overlap, and the one that is taken.

Iterations that wait for a port or for memory can start sooner where accesses that take turns are one (`merge`), and
where loads find the last stores in registers (`bypass`). Both cost logic, so a loop is changed only if that helps, or
if the user asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from xdsl.dialects import memref, scf
from xdsl.ir import Operation, SSAValue

from gatewright.analysis.distances import Distances, FunctionDistances, note_distances, noted_distances
from gatewright.analysis.traced_dependences import Trace, accesses_of, has_several_accesses, trace
from gatewright.analysis.trip_count import trip_count
from gatewright.dialects.loopschedule.calls import HEAD_OPERATIONS
from gatewright.dialects.notes import LOOP
from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import lanes_of
from gatewright.plan import Decision, Plan
from gatewright.scheduling.modulo import FeasibleInterval, ModuloResult, feasible_interval
from gatewright.transforms.schedule.blocks import schedule_block
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
from gatewright.transforms.schedule.merging import may_merge, merge_accesses
from gatewright.transforms.schedule.operators import OperatorChooser

Known = Trace | Distances | None
"""What is known of the addresses of the accesses of a loop."""

Change = Callable[[scf.WhileOp, Known], tuple[scf.WhileOp | None, Known]]
"""Changes a loop, of whose addresses something is known; None if it does nothing. And what is known then."""

NOTHING = "nothing"
"""What is merged of a loop that stays as it is."""

MERGES: dict[str, tuple[type[Operation], ...]] = {
    "accesses": (memref.LoadOp, memref.StoreOp),
    "loads": (memref.LoadOp,),
    "stores": (memref.StoreOp,),
}
"""Which accesses to merge, by the words of a plan, tried in turn where that may let iterations start sooner."""


@dataclass
class PipelinePlan:
    """A loop that may be pipelined: its iteration, the schedule of it, and what was done to the loop for that."""

    loop: scf.WhileOp
    iteration: IterationProblem
    feasible: FeasibleInterval
    trips: int | None
    gains: bool
    """True if iterations in overlap are faster than one after the other."""
    found: Known
    merge: str = NOTHING
    bypass: int = 0

    @property
    def interval(self) -> int:
        """Cycles between iterations."""
        return self.feasible.interval

    @cached_property
    def result(self) -> ModuloResult:
        """The schedule of an iteration."""
        return self.feasible.result()

    @property
    def limit(self) -> str:
        """What keeps the interval from being smaller."""
        return limit(self.result, self.iteration.problem, [entry.op for entry in self.iteration.body.entries])

    def with_interval(self, interval: int) -> PipelinePlan:
        """The same with a larger interval."""
        return replace(self, feasible=feasible_interval(self.iteration.problem, interval), gains=True)


@dataclass(frozen=True)
class PipelineForms:
    """Finds the pipelines of the loops of a function."""

    chooser: OperatorChooser
    period: float
    distances: FunctionDistances
    asked: Plan
    """What the user has decided."""
    most_stores: int
    """The most stores to keep in registers."""
    effort: float
    """That of `modulo_schedule`."""

    def plan(self, loop: scf.WhileOp) -> tuple[PipelinePlan | None, list[Decision]]:
        """The pipeline of a loop, None if it holds control or nothing is gained; and the decisions that made it.

        Where an interval of one cycle is not reached, accesses that take turns are merged if that helps, and loads look
        for their elements among the last stores: the plan's loop is then a copy in which they do. Raises
        UnsupportedError, with what forbids it, for what the user asks for and cannot have.
        """
        first = self._scheduled(loop)
        best = self._bypassed(loop, self._merged(loop, first))
        wanted = self._asked(loop, "pipeline")
        if wanted is not None:
            as_it_is = None if self._asked(loop, "merge") or self._asked(loop, "bypass") else first
            best = _at_interval(loop, as_it_is, best, wanted)
        if best is None or not best.gains:
            return None, []
        return best, list(self._decisions(loop, first, best, wanted))

    def _asked(self, loop: scf.WhileOp, kind: str) -> Decision | None:
        """What the user asks for of a loop, or of one inside the nest that it is made of."""
        names = LOOP.value(loop)
        return next((each for each in self.asked if each.kind == kind and each.subject[0] in names), None)

    def _decisions(
        self, loop: scf.WhileOp, first: PipelinePlan | None, plan: PipelinePlan, wanted: Decision | None
    ) -> Iterator[Decision]:
        names = LOOP.value(loop)[-1:]
        before = first.interval if first is not None else plan.interval
        every = "cycle" if plan.interval == 1 else f"{plan.interval} cycles"
        sooner = f"an iteration starts every {every} instead of {before}"
        for kind, value, usual in (("merge", plan.merge, NOTHING), ("bypass", plan.bypass, 0)):
            asked = self._asked(loop, kind)
            if asked is not None:
                yield Decision(kind, asked.subject, value)
            elif value != usual and names:
                yield Decision(kind, names, value, sooner)
        slower = wanted is not None and plan.interval > plan.feasible.bound.interval
        subject = wanted.subject if wanted is not None else names
        if subject:
            reason = wanted.reason if wanted is not None and slower else plan.limit
            yield Decision("pipeline", subject, plan.interval, reason)

    def _merged(self, loop: scf.WhileOp, first: PipelinePlan | None) -> PipelinePlan | None:
        """The plan with accesses merged where iterations start sooner for that, or as it is asked for."""
        wanted = self._asked(loop, "merge")
        if wanted is not None:
            if wanted.value == NOTHING:
                return first
            kinds = MERGES[str(wanted.value)]
            plan = self._changed(first, loop, _merging(kinds))
            return _done(loop, wanted, plan, merge=str(wanted.value))
        best = first
        if lanes_of(loop) > 1:  # each has its bank
            return first
        for name, kinds in MERGES.items():
            if first is None or best is None or best.interval == 1:
                break
            if not may_merge(first.loop, kinds, first.found):
                continue
            plan = self._sooner(first, loop, _merging(kinds))
            if plan is not None and plan.interval < best.interval:
                best = replace(plan, merge=name)
        return best

    def _bypassed(self, loop: scf.WhileOp, merged: PipelinePlan | None) -> PipelinePlan | None:
        """The plan with stores in registers where iterations wait for memory, or as it is asked for."""
        wanted = self._asked(loop, "bypass")
        if wanted is not None:
            assert isinstance(wanted.value, int)
            back = wanted.value
            plan = self._changed(merged, loop, _bypassing(back)) if back else merged
            return _done(loop, wanted, plan, bypass=back) if back else plan
        best = merged
        for back in range(1, self.most_stores + 1):
            if merged is None or not _waits_for_memory(merged):
                break
            plan = self._sooner(merged, loop, _bypassing(back))
            if plan is not None and best is not None and plan.interval < best.interval:
                best = replace(plan, merge=merged.merge, bypass=back)
        return best

    def _sooner(self, base: PipelinePlan | None, loop: scf.WhileOp, change: Change) -> PipelinePlan | None:
        """The plan of a changed copy of the loop of a plan, if iterations start sooner there."""
        if base is None or base.interval == 1:
            return None
        plan = self._changed(base, loop, change)
        if plan is not None and plan.interval >= base.interval:
            plan.loop.erase(safe_erase=False)
            return None
        return plan

    def _changed(self, base: PipelinePlan | None, loop: scf.WhileOp, change: Change) -> PipelinePlan | None:
        """The plan of a changed copy of the loop of a plan, None if the change does nothing."""
        if base is None:
            return None
        copies = _copy_beside(base.loop, loop)
        copy = copies[base.loop]
        assert isinstance(copy, scf.WhileOp)
        other, found = change(copy, base.found.of_copy(copies) if base.found is not None else None)
        plan = self._scheduled(other, found) if other is not None else None
        (other or copy).detach()
        if plan is None:
            (other or copy).erase(safe_erase=False)
            return None
        return replace(plan, merge=base.merge, bypass=base.bypass)

    def _scheduled(self, loop: scf.WhileOp, known: Known = None) -> PipelinePlan | None:
        """The plan of a loop as it is; None if it holds control, or ends with what an iteration computes last.

        `known` are its addresses, if they are known already.
        """
        block = loop.after_region.block
        condition, terminator = loop.before_region.block.last_op, block.last_op
        assert isinstance(condition, scf.ConditionOp) and isinstance(terminator, scf.YieldOp)
        if not is_straight(list(block.ops)[:-1], HEAD_OPERATIONS):
            return None
        read = [argument.index for argument in loop.before_region.block.args if _is_read(argument, condition)]
        if any(runs_once(terminator.operands[index]) for index in read):
            return None
        body = LoopBody(list(block.args), list(terminator.operands), entries_of_body(block, HEAD_OPERATIONS), read)
        if not body.entries:
            return None
        if known is None:
            known = _distances(loop, self.distances)
        iteration = build(body, self.chooser, self.period, known)
        feasible = feasible_interval(iteration.problem, effort=self.effort)
        sequential = schedule_block(body.entries, self.chooser, self.period)
        gains = feasible.interval < max(sequential.length, sequential.length_until_live_out)
        trips = trip_count(loop)
        if trips is None and isinstance(known, Trace):
            trips = known.iterations
        return PipelinePlan(loop, iteration, feasible, trips, gains, known)


def _done(loop: scf.WhileOp, wanted: Decision, plan: PipelinePlan | None, **what: str | int) -> PipelinePlan:
    """The plan in which what the user asks for is done. Raises UnsupportedError if there is none."""
    if plan is None:
        merging = wanted.kind == "merge"
        raise UnsupportedError(
            f"{wanted} cannot be done",
            where=source_location(loop),
            why=f"no {wanted.value} of one array that never happen in the same iteration can be one"
            if merging
            else "no array has one store an iteration and loads in front of it",
            remedy=f"leave it to the scheduler, or ask for {wanted.kind}({wanted.subject[0]},"
            f" {NOTHING if merging else 0!r})",
        )
    return replace(plan, **what)


def _at_interval(
    loop: scf.WhileOp, first: PipelinePlan | None, best: PipelinePlan | None, asked: Decision
) -> PipelinePlan:
    """The plan with the interval that is asked for, of the loop as it is if that is enough."""
    interval = int(asked.value or 0)
    plan = first if first is not None and first.interval <= interval else best
    reason = "there is control in it, or its end depends on what an iteration computes last"
    if plan is not None:
        if plan.interval == interval:
            return plan
        reason = plan.limit
        if plan.interval < interval:
            return plan.with_interval(interval)
    raise UnsupportedError(
        f"the iterations of loop {asked.subject[0]} cannot start {_cycles(interval)} apart",
        where=source_location(loop),
        why=reason,
        remedy="ask for a larger interval, or for none: the least one is taken" if plan is not None else None,
    )


def _cycles(count: int) -> str:
    return "1 cycle" if count == 1 else f"{count} cycles"


def _waits_for_memory(plan: PipelinePlan) -> bool:
    """True if the interval is that of a recurrence through memory."""
    bound, problem = plan.feasible.bound, plan.iteration.problem
    if bound.recurrence is None or bound.recurrence.interval < plan.interval:
        return False
    return any(problem.dependences[each].reason == "memory" for each in bound.recurrence.dependences)


def _merging(kinds: tuple[type[Operation], ...]) -> Change:
    """The change that merges accesses of some kinds."""

    def change(loop: scf.WhileOp, known: Known) -> tuple[scf.WhileOp | None, Known]:
        merged, found = merge_accesses(loop, kinds, known)
        return (loop, found) if merged else (None, None)

    return change


def _bypassing(back: int) -> Change:
    """The change that keeps so many stores in registers."""
    return lambda loop, known: (bypass_stores(loop, back), None)


def _copy_beside(loop: scf.WhileOp, anchor: scf.WhileOp) -> dict[Operation, Operation]:
    """A copy of a loop in front of another one, where it sees the loops around: the copy of each operation."""
    copies: dict[Operation, Operation] = dict(zip(loop.walk(), loop.clone().walk(), strict=True))
    for before, after in copies.items():
        after.location = before.location
    assert anchor.parent is not None
    anchor.parent.insert_op_before(copies[loop], anchor)
    return copies


def _distances(loop: scf.WhileOp, distances: FunctionDistances) -> Known:
    """The addresses that running the control of a loop gives, if it can be run; else distances by isl."""
    accesses = accesses_of(loop.after_region.block)
    if accesses is None or not any(isinstance(op, memref.StoreOp) for op in accesses):
        return None
    found = trace(loop, accesses)
    if found is not None or not has_several_accesses(accesses):
        return found
    known = noted_distances(loop)
    if known is None and (known := distances.of_loop(loop)) is not None:
        note_distances(loop, known)
    return known


def _is_read(argument: SSAValue, condition: scf.ConditionOp) -> bool:
    """True if the condition depends on an argument, which it also passes on."""
    return any(use.operation is not condition or use.index == 0 for use in argument.uses)
