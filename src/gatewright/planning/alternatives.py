"""The space of plans: what else could be decided about the loops of a function."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from xdsl.dialects import func, scf

from gatewright.ir.loop_labels import label_of, labelled, loops_in
from gatewright.plan import KINDS, Decision, Plan
from gatewright.planning.search import Move
from gatewright.transforms.loops.permute_loops import perfect_nest

MOST_ORDERED = 4
"""Nests of more loops are not put in other orders: there are too many."""


def alternatives(function: func.FuncOp, made: Plan) -> Iterator[Move]:
    """Each move to a plan that differs in one respect, legal or not, in the order of the kinds of decisions.

    `function` is as it was before anything was decided, `made` the plan that it got. No intervals of pipelines and no
    turns in other numbers: the least interval is always the best, and so is the number of turns that reaches it.
    """
    found: list[Move] = [(each,) for each in (*_orders(function), *_distributions(function, made))]
    for each in made:
        match each.kind:
            case "fuse" if each.value:
                found.append((Decision("fuse", each.subject[:2], False),))
            case "rotate":
                words = KINDS["rotate"].words
                found += [(Decision("rotate", each.subject, word),) for word in words if word != each.value]
            case "interleave" if each.value != 1:
                found.append((Decision("interleave", each.subject, 1),))
            case "flatten" if each.value:
                found += _unflattened(function, each.subject[0])
    kinds = list(KINDS)
    yield from sorted(found, key=lambda move: kinds.index(move[0].kind))


def _unflattened(function: func.FuncOp, name: str) -> Iterator[Move]:
    """A nest as it is: its outermost loop, and then with it those of the loops inside that would be flattened else."""
    outer = labelled(function, name)
    inside = loops_in(outer) if outer is not None else ()
    loops = [loop for loop in inside if isinstance(loop, scf.ForOp)]
    nests = [loop for loop in loops if any(isinstance(op, scf.ForOp) for op in loop.body.block.ops)]
    names = list(dict.fromkeys([name, *map(label_of, nests)]))
    for count in range(1, len(names) + 1):
        yield tuple(Decision("flatten", (each,), False) for each in names[:count])


def _orders(function: func.FuncOp) -> Iterator[Decision]:
    """The other orders of the loops of perfect nests."""
    for loop in loops_in(function):
        if not isinstance(loop, scf.ForOp) or any(isinstance(op, scf.ForOp) for op in loop.body.block.ops):
            continue
        nest = perfect_nest(loop)
        names = [label_of(each) for each in (nest[:-1] if loop.iter_args else nest)]
        if 1 < len(names) <= MOST_ORDERED:
            for order in permutations(names):
                if list(order) != names:
                    yield Decision("order", order)


def _distributions(function: func.FuncOp, made: Plan) -> Iterator[Decision]:
    """The places where loops with loops in them could be cut, and that those that are could stay whole."""
    for loop in loops_in(function):
        ops = list(loop.body.block.ops)[:-1] if isinstance(loop, scf.ForOp) else []
        inner = sum(isinstance(op, scf.ForOp) for op in ops)
        if inner and len(ops) > 1:
            before = made.find("distribute", label_of(loop))
            least = 0 if before is None or before.value == -1 else -1
            ends_with_loop = isinstance(ops[-1], scf.ForOp)
            for after in range(least, inner + 1 - ends_with_loop):
                if before is None or before.value != after:
                    yield Decision("distribute", (label_of(loop),), after)
