"""The forms in which the iterations of a loop can overlap, and the one that is taken.

Iterations that wait for a port or for memory can start sooner where accesses that take turns are one (`merge`), and
where loads find the last stores in registers (`bypass`). Both cost logic, so a loop is changed only if that helps, or
if the user asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xdsl.dialects import memref, scf
from xdsl.ir import Operation, SSAValue

from gatewright.analysis.distances import Distances, FunctionDistances, note_distances, noted_distances
from gatewright.analysis.traced_dependences import Trace, accesses_of, has_several_accesses, trace
from gatewright.analysis.trip_count import trip_count
from gatewright.dialects.loopschedule.calls import HEAD_OPERATIONS
from gatewright.dialects.notes import LOOP
from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location
from gatewright.plan import Decision, Plan
from gatewright.scheduling.modulo import ModuloResult, modulo_schedule
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
    result: ModuloResult
    trips: int | None
    gains: bool
    """True if iterations in overlap are faster than one after the other."""
    found: Trace | Distances | None
    """What is known of the addresses of its accesses."""
    merge: str = NOTHING
    bypass: int = 0

    @property
    def limit(self) -> str:
        """What keeps the interval from being smaller."""
        return limit(self.result, self.iteration.problem, [entry.op for entry in self.iteration.body.entries])

    def with_interval(self, interval: int) -> PipelinePlan:
        """The same with a larger interval."""
        return replace(self, result=modulo_schedule(self.iteration.problem, interval), gains=True)


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
        before = first.result.interval if first is not None else plan.result.interval
        every = "cycle" if plan.result.interval == 1 else f"{plan.result.interval} cycles"
        sooner = f"an iteration starts every {every} instead of {before}"
        for kind, value, usual in (("merge", plan.merge, NOTHING), ("bypass", plan.bypass, 0)):
            asked = self._asked(loop, kind)
            if asked is not None:
                yield Decision(kind, asked.subject, value)
            elif value != usual and names:
                yield Decision(kind, names, value, sooner)
        slower = wanted is not None and plan.result.interval > plan.result.bound.interval
        subject = wanted.subject if wanted is not None else names
        if subject:
            reason = wanted.reason if wanted is not None and slower else plan.limit
            yield Decision("pipeline", subject, plan.result.interval, reason)

    def _merged(self, loop: scf.WhileOp, first: PipelinePlan | None) -> PipelinePlan | None:
        """The plan with accesses merged where iterations start sooner for that, or as it is asked for."""
        wanted = self._asked(loop, "merge")
        if wanted is not None:
            if wanted.value == NOTHING:
                return first
            kinds = MERGES[str(wanted.value)]
            plan = self._changed(first, loop, lambda copy: copy if merge_accesses(copy, kinds) else None)
            return _done(loop, wanted, plan, merge=str(wanted.value))
        best = first
        for name, kinds in MERGES.items():
            if first is None or first.result.interval == 1 or not may_merge(first.loop, kinds, first.found):
                continue
            plan = self._sooner(first, loop, lambda copy, kinds=kinds: copy if merge_accesses(copy, kinds) else None)
            if plan is not None and best is not None and plan.result.interval < best.result.interval:
                best = replace(plan, merge=name)
        return best

    def _bypassed(self, loop: scf.WhileOp, merged: PipelinePlan | None) -> PipelinePlan | None:
        """The plan with stores in registers where iterations wait for memory, or as it is asked for."""
        wanted = self._asked(loop, "bypass")
        if wanted is not None:
            assert isinstance(wanted.value, int)
            back = wanted.value
            plan = self._changed(merged, loop, lambda copy: bypass_stores(copy, back)) if back else merged
            return _done(loop, wanted, plan, bypass=back) if back else plan
        best = merged
        for back in range(1, self.most_stores + 1):
            if merged is None or not _waits_for_memory(merged):
                break
            plan = self._sooner(merged, loop, lambda copy, back=back: bypass_stores(copy, back))
            if plan is not None and best is not None and plan.result.interval < best.result.interval:
                best = replace(plan, merge=merged.merge, bypass=back)
        return best

    def _sooner(
        self, base: PipelinePlan | None, loop: scf.WhileOp, change: Callable[[scf.WhileOp], scf.WhileOp | None]
    ) -> PipelinePlan | None:
        """The plan of a changed copy of the loop of a plan, if iterations start sooner there."""
        if base is None or base.result.interval == 1:
            return None
        plan = self._changed(base, loop, change)
        if plan is not None and plan.result.interval >= base.result.interval:
            plan.loop.erase(safe_erase=False)
            return None
        return plan

    def _changed(
        self, base: PipelinePlan | None, loop: scf.WhileOp, change: Callable[[scf.WhileOp], scf.WhileOp | None]
    ) -> PipelinePlan | None:
        """The plan of a changed copy of the loop of a plan, None if the change does nothing."""
        if base is None:
            return None
        copy = _copy_beside(base.loop, loop)
        other = change(copy)
        plan = self._scheduled(other) if other is not None else None
        (other or copy).detach()
        if plan is None:
            (other or copy).erase(safe_erase=False)
            return None
        return replace(plan, merge=base.merge, bypass=base.bypass)

    def _scheduled(self, loop: scf.WhileOp) -> PipelinePlan | None:
        """The plan of a loop as it is; None if it holds control, or ends with what an iteration computes last."""
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
        found, known = _distances(loop, self.distances)
        iteration = build(body, self.chooser, self.period, known)
        result = modulo_schedule(iteration.problem, effort=self.effort)
        sequential = schedule_block(body.entries, self.chooser, self.period)
        gains = result.interval < max(sequential.length, sequential.length_until_live_out)
        trips = trip_count(loop)
        if trips is None and found is not None:
            trips = found.iterations
        return PipelinePlan(loop, iteration, result, trips, gains, known)


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
    plan = first if first is not None and first.result.interval <= interval else best
    reason = "there is control in it, or its end depends on what an iteration computes last"
    if plan is not None:
        if plan.result.interval == interval:
            return plan
        reason = plan.limit
        if plan.result.interval < interval:
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
