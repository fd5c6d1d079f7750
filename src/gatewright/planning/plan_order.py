"""The order of loops that the user asks for."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.errors import UnsupportedError
from gatewright.ir.decisions import asked, record
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled, name_loops
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
                if decision.kind == "pipeline":
                    _check_innermost(function, decision)
                if decision.kind == "order":
                    reorder(function, decision.subject)
                    record(function, Decision("order", decision.subject))


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
