"""A loop nest as the dependence analysis sees it: loops, conditions, values not known, and accesses of arrays.

Bounds, conditions and subscripts are affine expressions, with division and remainder by constants, in the names of
loops, symbols and parameters (names that nothing in the description defines). They are kept as isl objects without
dimensions, in which every name is an isl parameter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import islpy as isl

Affine = isl.PwAff
"""A piecewise quasi-affine expression."""

Condition = isl.Set
"""A condition on names: the set of values for which it holds."""

RESERVED = frozenset(
    "and or not implies exists true false mod floor floord ceil ceild min max infty infinity nan rat".split()
)
"""Words of isl's notation, which in no case can be names."""


def affine(text: str | int) -> Affine:
    """Read an expression in isl's notation: `"2*i + floor(j/4) - n"`, `"(i + 1) mod 8"`, `"max(i, j)"`."""
    return isl.PwAff(f"[{_names(text)}] -> {{ [({text})] }}")


def integer(value: int) -> isl.Val:
    """An integer of any size; `isl.Val` itself takes small ones only."""
    return isl.Val(str(value))


def condition(text: str) -> Condition:
    """Read a condition in isl's notation: `"0 <= i < n and (j > i or j = 0)"`."""
    return isl.Set(f"[{_names(text)}] -> {{ : {text} }}")


def _names(text: str | int) -> str:
    found = re.findall(r"[A-Za-z_]\w*", str(text))
    return ", ".join(dict.fromkeys(name for name in found if name.lower() not in RESERVED))


@dataclass(eq=False)
class OpaqueValue:
    """A value that is computed here and of which nothing else is known, such as one that is loaded.

    It is the same for everything that follows in the same iterations of the loops around it.
    """

    name: str
    known: Condition | None = None
    """What is known of it after all, with no other name in it."""


@dataclass(eq=False)
class ArrayAccess:
    """A load from an array or a store to it."""

    label: str
    array: str
    stores: bool
    subscripts: tuple[Affine | None, ...]
    """None for one that may be anything."""
    extents: tuple[int, ...] | None = None
    """The shape of the array; accesses outside do not happen."""


@dataclass(eq=False)
class LoopRange:
    """Iterations of a counter from `lower` up to below `upper`."""

    name: str
    lower: Affine
    upper: Affine | None
    """None for a loop that ends on a condition that is not known."""
    step: int = 1
    body: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Conditional:
    """What happens under a condition, and what happens otherwise."""

    condition: Condition
    then: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


Node = OpaqueValue | ArrayAccess | LoopRange | Conditional


@dataclass
class Description:
    """A program: what it does in order, and what is known of its parameters and symbols."""

    body: list[Node]
    known: Condition = field(default_factory=lambda: condition("true"))


def loop(name: str, lower: str | int, upper: str | int | None, *body: Node, step: int = 1) -> LoopRange:
    """A loop with bounds given as text."""
    return LoopRange(name, affine(lower), None if upper is None else affine(upper), step, list(body))


def when(text: str, *then: Node, otherwise: Sequence[Node] = ()) -> Conditional:
    """A conditional with its condition given as text."""
    return Conditional(condition(text), list(then), list(otherwise))


def load(array: str, *subscripts: str | int | None, extents: tuple[int, ...] | None = None) -> ArrayAccess:
    """A load with its subscripts given as text; None for one that may be anything."""
    return _access(array, False, subscripts, extents)


def store(array: str, *subscripts: str | int | None, extents: tuple[int, ...] | None = None) -> ArrayAccess:
    """A store with its subscripts given as text; None for one that may be anything."""
    return _access(array, True, subscripts, extents)


def _access(
    array: str, stores: bool, subscripts: Sequence[str | int | None], extents: tuple[int, ...] | None
) -> ArrayAccess:
    shown = ", ".join("?" if text is None else str(text) for text in subscripts)
    read = tuple(None if text is None else affine(text) for text in subscripts)
    return ArrayAccess(f"{'store' if stores else 'load'} {array}[{shown}]", array, stores, read, extents)
