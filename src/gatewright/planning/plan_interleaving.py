"""Which loop around a reduction to interleave, and how many of its iterations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.analysis.durations import recurrence_cycles
from gatewright.analysis.multiplication import product_kind
from gatewright.analysis.parallel_loops import carried
from gatewright.analysis.trip_count import counted_trips
from gatewright.errors import UnsupportedError
from gatewright.ir.decisions import asked, record
from gatewright.ir.floats import scalar_bits
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled, lanes_of, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.operators.library import OperatorLibrary
from gatewright.plan import Decision, Plan
from gatewright.planning.plan_flattening import FLAT_OPERATIONS
from gatewright.transforms.loops.interleave_loops import ReductionNest, interleave, reduction_nest
from gatewright.transforms.loops.permute_loops import perfect_nest

MOST_TURNS = 64
"""The most iterations that take turns: each keeps its values in registers."""
MOST_BITS = 4096
"""The most bits of such registers."""
WORTH = 7, 8
"""The part of the cycles that may be left for it to be worth the registers."""


@dataclass(frozen=True)
class PlanInterleavingPass(ModulePass):
    """Decide for each reduction which loop around it to interleave, and how many iterations of that.

    Iterations of a reduction that wait for what they carry leave the operators idle; those of a loop around it fill the
    gaps, at the price of a register for each. The loop and the number with the fewest cycles are taken, the innermost
    loop and the smallest number of several, if that saves an eighth; `interleave-loops` does it.
    """

    name = "plan-interleaving"

    clock_mhz: float = 100.0
    target: str = "generic"
    multipliers: int | None = None
    """The most multipliers that there will be."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        for function in functions_of(op):
            name_loops(function)
            _plan(function, library, self.multipliers)


def _plan(function: func.FuncOp, library: OperatorLibrary, multipliers: int | None) -> None:
    given = asked(function)
    for decision in given:
        if decision.kind == "pipeline":
            _check_innermost(function, decision)
    for decision in given:
        if decision.kind == "interleave" and (loop := labelled(function, decision.subject[0])) is not None:
            assert isinstance(decision.value, int)
            _check_intervals(given, loop, decision)
            interleave(function, loop, decision.value)
            record(function, Decision("interleave", decision.subject, decision.value))
    nests = [reduction_nest(loop) for loop in function.walk() if isinstance(loop, scf.ForOp)]
    for nest in (each for each in nests if each is not None):
        choice = _InterleavingChoice(nest, library, multipliers)
        # Flattened, the nest has so many operations more.
        lanes = lanes_of(nest.inner[-1])
        fits = nest.size + 8 * len(nest.inner) + 16 <= FLAT_OPERATIONS * lanes
        if not fits or choice.waits == 1 or _is_made(given, choice.around):
            continue
        if (interval := _interval_inside(given, nest.loop)) is not None:
            reason = f"{interval} is asked for"
            record(function, Decision("interleave", (label_of(nest.loop),), 1, reason))
        else:
            record(function, choice.decide(function))


def _interval_inside(given: Plan, loop: scf.ForOp) -> Decision | None:
    """The interval that is asked for of a loop inside another one."""
    inside = {label_of(op) for op in loop.walk() if isinstance(op, scf.ForOp) and op is not loop}
    return next((each for each in given if each.kind == "pipeline" and each.subject[0] in inside), None)


def _check_intervals(given: Plan, loop: scf.ForOp, decision: Decision) -> None:
    """Refuse turns around a loop of which an interval is asked for: its iterations would be those of the turns."""
    interval = _interval_inside(given, loop)
    if interval is not None and decision.value != 1:
        raise UnsupportedError(
            f"{decision} and {interval} cannot both be done",
            where=source_location(loop),
            why=f"with turns, an iteration of {interval.subject[0]} is one of the loop over the turns",
            remedy="ask for one of them",
        )


def _is_made(given: Plan, around: list[scf.ForOp]) -> bool:
    """Whether the user has decided about the loops around a reduction."""
    return any(given.find("interleave", label_of(loop)) is not None for loop in around)


class _InterleavingChoice:
    """The choice of a loop, and of how many of its iterations take turns around a reduction."""

    def __init__(self, nest: ReductionNest, library: OperatorLibrary, multipliers: int | None):
        self.nest = nest
        body = nest.body
        terminator = body.last_op
        assert terminator is not None
        self.waits = recurrence_cycles(body, body.args[1:], terminator.operands, library)
        """Cycles that an iteration of the reduction takes if it waits for what the one before carries."""
        loads = Counter(op.memref for op in body.ops if isinstance(op, memref.LoadOp))
        products = sum(product_kind(op) is not None for op in body.ops)
        self.least = max([1, *loads.values(), -(-products // multipliers) if multipliers is not None else 1])
        """Cycles that it takes at least."""
        bits = sum(scalar_bits(argument.type) or MOST_BITS for argument in body.args[1:])
        self.most = min(MOST_TURNS, MOST_BITS * lanes_of(nest.inner[-1]) // bits)
        self.around = perfect_nest(nest.loop)
        """The loops that could be interleaved, the outermost first."""

    def decide(self, function: func.FuncOp) -> Decision:
        """The decision, done."""
        reason: str | None = None
        for loop in dict.fromkeys((self._best(), self.nest.loop)):
            trips = counted_trips(loop) or 1
            count = self._turns(trips)
            one_by_one = f"{self._cycles(trips, 1)} cycles for {trips} iterations of the reduction inside"
            reason = f"{one_by_one}: turns would not save an eighth"
            if count > 1 and (reason := carried(function, loop)) is None:
                decision = Decision(
                    "interleave", (label_of(loop),), count, f"{self._cycles(trips, count)} instead of {one_by_one}"
                )
                interleave(function, loop, count)
                return decision
        return Decision("interleave", (label_of(self.nest.loop),), 1, reason or "")

    def _best(self) -> scf.ForOp:
        """The loop with the fewest cycles an iteration of the reduction."""

        def interval(loop: scf.ForOp) -> float:
            trips = counted_trips(loop) or 1
            return self._cycles(trips, self._turns(trips)) / trips

        best = min(reversed(self.around), key=interval)
        return best if _is_worth(interval(best), interval(self.nest.loop)) else self.nest.loop

    def _turns(self, trips: int) -> int:
        """How many of so many iterations take turns for the fewest cycles; 1 if that is not worth it."""
        exact = self.nest.is_exact
        allowed = [n for n in range(2, min(trips, self.most) + 1) if trips % n == 0 or not exact]
        found = min(allowed, key=lambda n: (self._cycles(trips, n), trips % n != 0, n), default=1)
        return found if _is_worth(self._cycles(trips, found), self._cycles(trips, 1)) else 1

    def _cycles(self, trips: int, count: int) -> int:
        """What so many iterations take for each of the reduction."""
        return -(-trips // count) * count * max(self.least, -(-self.waits // count))


def _is_worth(cycles: float, without: float) -> bool:
    left, of = WORTH
    return of * cycles <= left * without


def _check_innermost(function: func.FuncOp, decision: Decision) -> None:
    """Refuse an interval of a loop with loops in it: only iterations without control can overlap."""
    loop = labelled(function, decision.subject[0])
    inside = [op for op in loop.walk() if isinstance(op, scf.ForOp | scf.WhileOp)][1:] if loop is not None else []
    if loop is not None and inside:
        names = ", ".join(map(label_of, inside))
        raise UnsupportedError(
            f"{decision} is about a loop with loops in it",
            where=source_location(loop),
            why="an interval is that of iterations of an innermost loop; those of the loops around follow from it",
            remedy=f"ask for one of the loops inside: {names}",
        )
