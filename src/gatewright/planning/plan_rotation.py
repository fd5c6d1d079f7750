"""Which loops keep what they store or load in registers for later iterations, and how those are filled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.analysis.multiplication import needs_multiplier
from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import label_of, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.transforms.loops.forward_across_iterations import ChainFinder, may_forward, rotate
from gatewright.transforms.loops.register_rotation import RotationChains, can_skew

MOST_ITERATIONS_BACK = 4
"""What was stored or loaded longer ago is loaded: each iteration back costs a register."""


@dataclass(frozen=True)
class PlanRotationPass(ModulePass):
    """Decide which loops rotate registers (scalar replacement, predictive commoning), and how those are filled.

    A load less is a cycle less an iteration where the port of the array sets the interval. Loads in front of a loop
    that runs often cost more than they save; iterations that only load, at its start, may cost less. What takes fewer
    cycles is done, by `forward-across-iterations`.
    """

    name = "plan-rotation"

    multipliers: int | None = None
    """The most multipliers that there will be."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            given = asked(function)
            loops = [loop for loop in function.walk() if isinstance(loop, scf.ForOp)]
            wanted = {loop: given.find("rotate", label_of(loop)) for loop in loops}
            loops = [loop for loop in loops if wanted[loop] is not None or may_forward(loop)]
            finder = ChainFinder(function) if loops else None
            for loop in loops:
                assert finder is not None
                chains = finder.chains(loop, MOST_ITERATIONS_BACK)
                decision = wanted[loop]
                if decision is not None:
                    decision = Decision("rotate", decision.subject, decision.value)
                elif chains:
                    decision = _decide(loop, chains, self.multipliers)
                if decision is None:
                    continue
                record(function, decision)
                if decision.value != "memory":
                    rotate(loop, chains, str(decision.value))


def _decide(loop: scf.ForOp, chains: RotationChains, multipliers: int | None) -> Decision:
    name, saved = (label_of(loop),), sum(len(loads) for loads in chains.values())
    if can_skew(loop, chains):
        before, after = _cycles(loop, chains, multipliers)
        if after < before:
            return Decision("rotate", name, "skewed", f"{after} cycles instead of {before}, early iterations included")
    ahead = sum(max(distance for _, distance in loads) for loads in chains.values())
    if isinstance(loop.parent_op(), func.FuncOp):
        return Decision("rotate", name, "prologue", f"{_loads(saved)} less an iteration, and the loop runs once")
    if ahead <= saved:
        return Decision(
            "rotate", name, "prologue", f"{_loads(saved)} less an iteration for {ahead} in front of the loop"
        )
    return Decision("rotate", name, "memory", f"{_loads(ahead)} in front of the loop for {saved} less an iteration")


def _loads(count: int) -> str:
    return "1 load" if count == 1 else f"{count} loads"


def _cycles(loop: scf.ForOp, chains: RotationChains, multipliers: int | None) -> tuple[int, int]:
    """The cycles of a loop as it is, and skewed: one load of an array, and so many products, take one."""
    trips = counted_trips(loop) or 0
    ops = list(loop.body.block.ops)
    loads = Counter(op.memref for op in ops if isinstance(op, memref.LoadOp))
    fewer = loads - Counter(load.memref for moved in chains.values() for load, _ in moved)
    products = sum(needs_multiplier(op) for op in ops)
    least = 1 if multipliers is None else max(1, -(-products // multipliers))
    before, after = (max([least, *counts.values()]) for counts in (loads, fewer))
    early = max(distance for loads in chains.values() for _, distance in loads)
    return trips * before, (trips + early) * after
