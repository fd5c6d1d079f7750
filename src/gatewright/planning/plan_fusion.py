"""Which loops to fuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.ir.decisions import asked, plan_of, record
from gatewright.ir.loop_labels import label_of, labelled, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision, Plan
from gatewright.transforms.loops.fuse_loops import Fusion, PerfectNest, fuse, join, runs

MOST_OPERATIONS = 120
"""Loops whose bodies would have more operations in all stay apart."""


@dataclass(frozen=True)
class PlanFusionPass(ModulePass):
    """Decide which loops are fused: those that follow each other over the same range and use a common array.

    One loop does in an iteration what several do in one each; what one stores and the next one loads need not wait.
    Loops without a common array run at once as they are; large ones stay apart. `fuse-loops` does it where it is
    legal.
    """

    name = "plan-fusion"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            _plan(function)


def _plan(function: func.FuncOp) -> None:
    """Decide on all loops, then fuse: the analysis is of the function as it was."""
    given = asked(function)
    for decision in given:
        loops = [labelled(function, name) for name in decision.subject] if decision.kind == "fuse" else []
        if loops and None not in loops:
            record(function, Decision("fuse", decision.subject, decision.value))
            if decision.value:
                fuse(function, [loop for loop in loops if loop is not None])
    groups = runs(function, _is_worth)
    fusion = Fusion(function) if groups else None
    chains: list[list[PerfectNest]] = []
    for group in groups:
        assert fusion is not None
        chains += _chains(function, group, fusion, given)
    for chain in chains:
        names = tuple(label_of(nest.loops[0]) for nest in chain)
        if len(chain) > 1:
            before = plan_of(function).find("fuse", names[0])
            names = (*(before.subject if before is not None else names[:1]), *names[1:])
            record(function, Decision("fuse", names, True, "they use a common array over the same range"))
    for chain in chains:
        if len(chain) > 1:
            join([nest.loops[0] for nest in chain])


def _chains(
    function: func.FuncOp, group: Sequence[PerfectNest], fusion: Fusion, given: Plan
) -> list[list[PerfectNest]]:
    """The nests of a group in runs of which each can be one loop."""
    chains: list[list[PerfectNest]] = [[group[0]]]
    for nest in group[1:]:
        reason = next((found for each in chains[-1] if (found := _apart(each, nest, fusion, given)) is not None), None)
        if reason is None:
            chains[-1].append(nest)
            continue
        if reason:
            names = label_of(chains[-1][-1].loops[0]), label_of(nest.loops[0])
            record(function, Decision("fuse", names, False, reason))
        chains.append([nest])
    return chains


def _apart(one: PerfectNest, other: PerfectNest, fusion: Fusion, given: Plan) -> str | None:
    """Why two nests stay apart, empty if the user says so; None if they can be one."""
    names = {label_of(one.loops[0]), label_of(other.loops[0])}
    if any(each.kind == "fuse" and each.value is False and names <= set(each.subject) for each in given):
        return ""
    about = {name for each in given if each.kind != "fuse" for name in each.subject}
    if decided := [label_of(loop) for loop in other.loops if label_of(loop) in about]:
        return f"{decided[0]} has decisions of its own"
    return fusion.obstacle(one, other)


def _is_worth(group: Sequence[PerfectNest], nest: PerfectNest) -> bool:
    if sum(each.size for each in group) + nest.size > MOST_OPERATIONS:
        return False
    return any(nest.arrays & each.arrays for each in group)
