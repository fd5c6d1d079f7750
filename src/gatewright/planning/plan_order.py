"""The order of loops that the user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.errors import OptionError
from gatewright.ir.decisions import asked, record
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import labelled, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.transforms.loops.permute_loops import reorder


@dataclass(frozen=True)
class PlanOrderPass(ModulePass):
    """Put the loops of perfect nests in the order that the user asks for; `permute-loops` does it where it is legal."""

    name = "plan-order"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            for decision in asked(function):
                if decision.kind == "order":
                    reorder(function, decision.subject)
                    record(function, Decision("order", decision.subject))
            _check_orders(function)


def _check_orders(function: func.FuncOp) -> None:
    """Refuse an order that a later one has undone."""
    for decision in asked(function):
        loops = [labelled(function, name) for name in decision.subject] if decision.kind == "order" else []
        nested = [loop for loop in loops if loop is not None]
        for outer, inner in pairwise(nested):
            if not outer.is_ancestor(inner):
                raise OptionError(f"{decision} cannot be done with the other orders", where=source_location(outer))
