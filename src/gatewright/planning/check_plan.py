"""Refuse a plan of which something was not done."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from gatewright.dialects.notes import ASKED, LOOP
from gatewright.errors import OptionError
from gatewright.ir.array_names import names_of_arrays
from gatewright.ir.decisions import asked, plan_of
from gatewright.ir.location import source_location
from gatewright.ir.rewriting import functions_of
from gatewright.plan import KINDS, Decision, Plan


@dataclass(frozen=True)
class CheckPlanPass(ModulePass):
    """Refuse what the user asks for and no pass has done: for a loop that there is not, or not in that form.

    What is asked for has served then, and goes; the plan stays.
    """

    name = "check-plan"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            made = plan_of(function)
            for decision in asked(function):
                done = made.find(*decision.topic)
                if done is None or not _is_done(decision, done):
                    raise _not_done(function, decision, made)
            ASKED.drop(function)


def _is_done(decision: Decision, done: Decision) -> bool:
    """Whether what was decided is what is asked for; more loops may be fused than that."""
    if decision.kind == "fuse" and decision.value:
        return bool(done.value) and set(decision.subject) <= set(done.subject)
    return decision == done


def _not_done(function: func.FuncOp, decision: Decision, made: Plan) -> OptionError:
    if KINDS[decision.kind].of_array:
        return _no_array(function, decision)
    names = {name for inner in function.walk() for name in LOOP.value(inner)}
    names |= {name for each in made for name in each.subject}
    fused = next((each for each in made if each.kind == "fuse" and decision.subject[0] in each.subject[1:]), None)
    if fused is not None and fused.value:
        return OptionError(
            f"{decision} was not done",
            where=source_location(_loop(function, fused.subject[0])),
            why=f"{decision.subject[0]} is part of {fused.subject[0]} by {fused}",
            remedy=f"ask for it of {fused.subject[0]}, or for fuse({', '.join(fused.subject)}, False)",
        )
    unknown = [name for name in decision.subject if name not in names]
    if unknown:
        known = ", ".join(sorted(names)) or "none"
        return OptionError(
            f"{decision} is about {unknown[0]}, which is no loop",
            where=source_location(function),
            why="loops that never run, that do nothing, or that run once are gone",
            remedy=f"the loops are: {known}",
        )
    return OptionError(
        f"{decision} was not done",
        where=source_location(_loop(function, decision.subject[0])),
        why=f"the loop is not what that is for; {decision.kind}: {KINDS[decision.kind].meaning}",
        remedy="leave it to the planner, or ask for it at another loop",
    )


def _no_array(function: func.FuncOp, decision: Decision) -> OptionError:
    known = ", ".join(sorted(names_of_arrays(function).values())) or "none"
    return OptionError(
        f"{decision} is about {decision.subject[0]}, which is no array",
        where=source_location(function),
        why="arrays that are only copied, or whose elements are only handed on, are gone",
        remedy=f"the arrays are: {known}",
    )


def _loop(function: func.FuncOp, name: str) -> Operation:
    return next((inner for inner in function.walk() if name in LOOP.value(inner)), function)
