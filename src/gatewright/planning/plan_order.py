"""The order of loops that the user asks for."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import name_loops
from gatewright.plan import Decision
from gatewright.transforms.loops.permute_loops import reorder


@dataclass(frozen=True)
class PlanOrderPass(ModulePass):
    """Put the loops of perfect nests in the order that the user asks for; `permute-loops` does it where it is legal."""

    name = "plan-order"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            name_loops(function)
            for decision in asked(function):
                if decision.kind == "order":
                    reorder(function, decision.subject)
                    record(function, Decision("order", decision.subject))
