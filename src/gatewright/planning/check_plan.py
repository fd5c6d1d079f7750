"""Refuse a plan of which something was not done."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.dialects.notes import ASKED, LOOP
from gatewright.errors import OptionError
from gatewright.ir.decisions import asked, plan_of
from gatewright.ir.location import source_location
from gatewright.plan import KINDS, Decision


@dataclass(frozen=True)
class CheckPlanPass(ModulePass):
    """Refuse what the user asks for and no pass has done: for a loop that there is not, or not in that form.

    What is asked for has served then, and goes; the plan stays.
    """

    name = "check-plan"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            made = plan_of(function)
            for decision in asked(function):
                done = made.find(*decision.topic)
                if done is None or done.value != decision.value:
                    raise _not_done(function, decision, {name for each in made for name in each.subject})
            ASKED.drop(function)


def _not_done(function: func.FuncOp, decision: Decision, planned: set[str]) -> OptionError:
    names = {name for inner in function.walk() for name in LOOP.value(inner)} | planned
    unknown = [name for name in decision.subject if name not in names]
    if unknown:
        known = ", ".join(sorted(names)) or "none"
        return OptionError(f"{decision} is about {unknown[0]}, which is no loop", remedy=f"the loops are: {known}")
    loop = next((inner for inner in function.walk() if decision.subject[0] in LOOP.value(inner)), function)
    return OptionError(
        f"{decision} was not done",
        where=source_location(loop),
        why=f"the loop is not what that is for; {decision.kind}: {KINDS[decision.kind].meaning}",
        remedy="leave it to the planner, or ask for it at another loop",
    )
