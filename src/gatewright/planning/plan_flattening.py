"""Which nests to flatten."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import label_of, labelled, lanes_of, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.transforms.loops.flatten_loops import flatten, nests_in, not_flat
from gatewright.transforms.loops.nest import Nest, nest_of

FLAT_OPERATIONS = 200
"""A nest with more operations than this stays as it is: all of them would be part of every iteration."""


@dataclass(frozen=True)
class PlanFlatteningPass(ModulePass):
    """Decide which nests are flattened: those that are not too large, as far out as they are not.

    A flattened nest starts an innermost iteration as soon as it can, and never waits for a loop to end;
    `flatten-loops` does it.
    """

    name = "plan-flattening"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            _plan(function)


def _lanes(nest: Nest) -> int:
    """How many iterations of the source an innermost iteration of a nest is: the limit is one for each."""
    return min(map(_lanes, nest.children), default=lanes_of(nest.loop))


def _largest(nest: Nest) -> int:
    """The number of operations of the largest innermost loop of a nest: they are part of its iterations anyway."""
    return max(map(_largest, nest.children), default=nest.size)


def _plan(function: func.FuncOp) -> None:
    given = {each.subject[0]: bool(each.value) for each in asked(function) if each.kind == "flatten"}

    def wanted(nest: Nest) -> bool:
        name = label_of(nest.loop)
        beside = nest.size - _largest(nest)
        does = given.get(name, beside <= FLAT_OPERATIONS * _lanes(nest))
        reason = f"{beside if not does else nest.size} operations{'' if does else ' would be part of every iteration'}"
        record(function, Decision("flatten", (name,), does, "" if name in given else reason))
        return does

    for name, does in given.items():
        loop = labelled(function, name)
        nest = nest_of(loop) if isinstance(loop, scf.ForOp) else None
        if loop is not None and does and (nest is None or not nest.children):
            raise not_flat(loop)
    flatten(function, nests_in(function.body.block, wanted))
