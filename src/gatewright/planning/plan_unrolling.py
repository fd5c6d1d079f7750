"""How many iterations of loops are done at once."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import labelled, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.transforms.loops.unroll_and_jam import unroll


@dataclass(frozen=True)
class PlanUnrollingPass(ModulePass):
    """Do several iterations at once of the loops for which that is asked; `unroll-and-jam` does it where it is legal."""

    name = "plan-unrolling"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            _plan(function)


def _plan(function: func.FuncOp) -> None:
    for decision in asked(function):
        if decision.kind == "unroll" and (loop := labelled(function, decision.subject[0])) is not None:
            assert isinstance(decision.value, int)
            unroll(function, loop, decision.value)
            record(function, Decision("unroll", decision.subject, decision.value))
