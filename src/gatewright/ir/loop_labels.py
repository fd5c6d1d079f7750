"""The names of loops, by which plans, reports and messages call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from xdsl.dialects import scf
from xdsl.ir import Operation, SSAValue

from gatewright.dialects.notes import LANES, LOOP, SUMS
from gatewright.ir.location import layer_of
from gatewright.plan import is_name

UNNAMED = "loop"
"""What a loop is called whose counter has no name, and that is in no layer with one."""


def label_of(loop: Operation) -> str:
    """The name of a loop; of a flattened one, that of its outermost loop."""
    names = LOOP.value(loop)
    return names[0] if names else UNNAMED


def take_place(sources: Iterable[Operation], target: Operation) -> None:
    """Give a loop the names of those that it takes the place of, and what is noted at them for the report."""
    loops = list(sources)
    if names := list(dict.fromkeys(name for loop in loops for name in LOOP.value(loop))):
        LOOP.set(target, names)
    if sums := list(dict.fromkeys(note for loop in loops if (note := SUMS.value(loop)) is not None)):
        SUMS.set(target, "; ".join(sums))
    if (lanes := max(map(lanes_of, loops), default=1)) > 1:
        LANES.set(target, lanes)


def lanes_of(loop: Operation) -> int:
    """How many iterations of the source an iteration of a loop is."""
    return LANES.value(loop) or 1


def labelled(function: Operation, label: str) -> scf.ForOp | None:
    """The counted loop of that name in a function."""
    return next((op for op in loops_in(function) if isinstance(op, scf.ForOp) and label in LOOP.value(op)), None)


def loops_in(function: Operation) -> Iterator[scf.ForOp | scf.WhileOp]:
    """The loops of a function in the order of the text, an outer one before those in it."""
    return (op for op in function.walk() if isinstance(op, scf.ForOp | scf.WhileOp))


def names_in(op: Operation) -> set[str]:
    """The names of the loops of an operation."""
    return {name for loop in loops_in(op) for name in LOOP.value(loop)}


def name_loops(function: Operation) -> None:
    """Name the loops of a function that have no name, in the order of the text."""
    taken = names_in(function)
    for loop in loops_in(function):
        if LOOP.value(loop):
            continue
        counter = loop.body.block.args[0] if isinstance(loop, scf.ForOp) else None
        name = base_name(counter)
        if name == UNNAMED and (layer := _identifier(layer_of(loop.location) or "")):
            name = layer
        name = unique(name, taken)
        taken.add(name)
        LOOP.set(loop, [name])


def _identifier(text: str) -> str:
    """A text as a name; empty for one of which nothing is left."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return name if is_name(name) else ""


def base_name(counter: SSAValue | None) -> str:
    """What a loop with that counter is called, before it is made unique."""
    hint = counter.name_hint if counter is not None else None
    return hint if hint and is_name(hint) else UNNAMED


def fresh_label(function: Operation, name: str) -> str:
    """A name that no loop of a function has: that one, or it with the next number behind."""
    taken = {each for op in loops_in(function) for each in LOOP.value(op)}
    return unique(name, taken)


def unique(name: str, taken: set[str]) -> str:
    """A name, with the least number behind it that makes it one that is not taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
