"""The instances of each access: for which values of the loops around it it happens, and which element it touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import islpy as isl

from gatewright.analysis.dependences.description import (
    Affine,
    ArrayAccess,
    Condition,
    Conditional,
    Description,
    LoopRange,
    Node,
    OpaqueValue,
    affine,
    integer,
)


@dataclass(frozen=True)
class Instances:
    """All executions of an access, described by the values of loops and symbols."""

    access: ArrayAccess
    positions: tuple[int, ...]
    """The place in the text of each loop around it, outermost first, and of itself."""
    loops: tuple[LoopRange, ...]
    """The loops around it, outermost first."""
    symbols: tuple[tuple[str, int], ...]
    """The symbols that it may depend on, each with the number of loops around its definition."""
    domain: Condition
    """The values of loops, symbols and parameters with which it happens."""
    conditional: bool
    """True if it is under a condition or a bound that is not exactly described by loops and parameters."""

    @property
    def order(self) -> int:
        """Its place in the text of the program."""
        return self.positions[-1]

    @property
    def names(self) -> list[str]:
        """What tells one execution from another: loops and symbols, in the order of the text."""
        return [loop.name for loop in self.loops] + [name for name, _ in self.symbols]

    def common_loops(self, other: Instances) -> int:
        """How many loops are around both."""
        count = 0
        for mine, theirs in zip(self.loops, other.loops, strict=False):
            if mine is not theirs:
                break
            count += 1
        return count


@dataclass(frozen=True)
class _Enclosing:
    """What surrounds the node that is being visited."""

    positions: tuple[int, ...]
    loops: tuple[LoopRange, ...]
    symbols: tuple[tuple[str, int], ...]
    domain: Condition
    conditional: bool


@dataclass
class _Walk:
    found: list[Instances] = field(default_factory=list)
    entered: dict[LoopRange, Condition] = field(default_factory=dict)
    symbols: dict[str, OpaqueValue] = field(default_factory=dict)
    visited: int = 0

    def body(self, nodes: Sequence[Node], place: _Enclosing) -> None:
        for node in nodes:
            self.visited += 1
            match node:
                case OpaqueValue():
                    self.symbols[node.name] = node
                    place = replace(place, symbols=(*place.symbols, (node.name, len(place.loops))))
                case LoopRange():
                    self.entered[node] = place.domain
                    inside = _inside(node, place)
                    self.body(node.body, replace(inside, positions=(*place.positions, self.visited)))
                case Conditional():
                    self._conditional(node, place)
                case ArrayAccess():
                    self._access(node, place)

    def _conditional(self, node: Conditional, place: _Enclosing) -> None:
        unknown = place.conditional or _mentions(node.condition, place.symbols)
        then = place.domain & node.condition
        otherwise = place.domain & node.condition.complement()
        self.body(node.then, replace(place, domain=then, conditional=unknown))
        self.body(node.otherwise, replace(place, domain=otherwise, conditional=unknown))

    def _access(self, node: ArrayAccess, place: _Enclosing) -> None:
        domain = place.domain
        for subscript, extent in zip(node.subscripts, node.extents or (), strict=False):
            if subscript is not None:
                domain &= subscript.ge_set(affine(0)) & subscript.lt_set(affine(extent))
        for thing in (domain, *(subscript for subscript in node.subscripts if subscript is not None)):
            for name in thing.get_var_names(isl.dim_type.param):
                symbol = self.symbols.get(str(name))
                if symbol is not None and symbol.known is not None:
                    domain &= symbol.known
        positions = (*place.positions, self.visited)
        self.found.append(Instances(node, positions, place.loops, place.symbols, domain.coalesce(), place.conditional))


def _inside(loop: LoopRange, place: _Enclosing) -> _Enclosing:
    counter = affine(loop.name)
    domain = place.domain & counter.ge_set(loop.lower)
    if loop.upper is not None:
        domain &= counter.lt_set(loop.upper)
    if loop.step != 1:
        domain &= (counter - loop.lower).mod_val(integer(loop.step)).eq_set(affine(0))
    bounds = [loop.lower] if loop.upper is None else [loop.lower, loop.upper]
    unknown = place.conditional or loop.upper is None or any(_mentions(bound, place.symbols) for bound in bounds)
    return _Enclosing(place.positions, (*place.loops, loop), place.symbols, domain, unknown)


def _mentions(thing: Affine | Condition, symbols: tuple[tuple[str, int], ...]) -> bool:
    names = thing.get_var_names(isl.dim_type.param)
    return any(name in names for name, _ in symbols)


def instances(description: Description) -> list[Instances]:
    """The instances of all accesses of a program, in the order of its text."""
    return _walk(description).found


def entered(description: Description) -> dict[LoopRange, Condition]:
    """With which values of the loops around it each loop is entered."""
    return _walk(description).entered


def _walk(description: Description) -> _Walk:
    walk = _Walk()
    walk.body(description.body, _Enclosing((), (), (), description.known, False))
    return walk
