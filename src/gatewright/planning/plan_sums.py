"""In how many parts to take the sums of loops, where their order may be changed."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.analysis.durations import recurrence_cycles
from gatewright.analysis.sums import note_sums, sums_of
from gatewright.analysis.trip_count import counted_trips
from gatewright.errors import OptionError
from gatewright.ir.decisions import asked, plan_of, record
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.operators.library import OperatorLibrary
from gatewright.plan import Decision
from gatewright.transforms.loops.split_sums import carries_a_sum, split

KIND = "partial_sums"


@dataclass(frozen=True)
class PlanSumsPass(ModulePass):
    """Decide for each outermost loop that waits for its own sum how many partial sums it takes, if it may.

    It may with `reassociate`, since the sum is rounded otherwise then; as many parts as an iteration waits cycles let
    one start every cycle. Where it may not, and for loops inside others, it is noted at the loop what that would bring.
    `split-sums` does it.
    """

    name = "plan-sums"

    clock_mhz: float = 100.0
    target: str = "generic"
    reassociate: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        for function in functions_of(op):
            name_loops(function)
            self._decide_given(function)
            for loop in [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]:
                waits = _waits(loop, library)
                if waits < 2 or sums_of(loop) is not None or plan_of(function).find(KIND, label_of(loop)) is not None:
                    continue
                if self.reassociate and isinstance(loop.parent_op(), func.FuncOp):
                    name, reason = label_of(loop), f"in program order an iteration would take {waits} cycles"
                    record(function, Decision(KIND, (name,), waits, reason))
                    split(loop, waits)
                else:
                    note_sums(loop, f"in program order, {waits} cycles apart; reassociate=True takes partial sums")

    def _decide_given(self, function: func.FuncOp) -> None:
        """Do what the user asks for, and has not been done."""
        for decision in asked(function):
            loop = labelled(function, decision.subject[0])
            if decision.kind != KIND or loop is None or plan_of(function).find(*decision.topic) == decision:
                continue
            assert isinstance(decision.value, int)
            if not self.reassociate and decision.value > 1:
                raise OptionError(
                    f"{decision} changes the order of a sum",
                    where=source_location(loop),
                    why="a sum of floating-point numbers rounds otherwise in another order",
                    remedy="reassociate=True allows it",
                )
            record(function, Decision(KIND, decision.subject, decision.value))
            split(loop, decision.value)


def _waits(loop: scf.ForOp, library: OperatorLibrary) -> int:
    """The cycles that an iteration waits for the sum of the one before; 0 if there is no such sum."""
    trips = counted_trips(loop)
    if not carries_a_sum(loop) or (trips or 2) < 2:
        return 0
    body = loop.body.block
    terminator = body.last_op
    assert terminator is not None
    waits = recurrence_cycles(body, body.args[1:], terminator.operands, library)
    return min(waits, trips or waits)
