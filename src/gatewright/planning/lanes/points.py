"""The points of a nest: how many lanes, along which loops, at which interval, with which banks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, gcd, prod

import numpy as np
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from gatewright.ir.floats import scalar_bits
from gatewright.planning.lanes.banks import Accesses
from gatewright.planning.lanes.nests import AccessFacts, LoopKind, NestFacts

MOST_LANES = 1024
"""The most iterations that are done at once."""
MOST_LANES_OF_ONE = 27
"""The most for each multiplier."""
FEW = 2
"""Points with so many lanes for each multiplier are better than others: those choose between more operands."""
FEW_ARE_ENOUGH = 17, 16
"""They are enough for a task if they take no more than so many times the fewest cycles."""


@dataclass(frozen=True)
class LanePoint:
    """A way to run a nest."""

    factors: tuple[int, ...]
    """How many iterations of each loop are done at once."""
    interval: int
    """Cycles from one iteration of the pipeline to the next."""
    turns: int
    """How many iterations the pipeline has."""

    @property
    def lanes(self) -> int:
        """How many innermost iterations are done at once."""
        return prod(self.factors)

    @property
    def cycles(self) -> int:
        """Cycles in which iterations start."""
        return self.turns * self.interval


def points(nest: NestFacts, multipliers: int | None, most_lanes: int) -> Iterator[LanePoint]:
    """Every point of a nest on a pool of multipliers."""
    choices = [_factors(loop.trips, loop.kind) for loop in nest.loops]
    for factors in product(*choices):
        if prod(factors) <= most_lanes:
            yield point_of(nest, factors, multipliers)


def point_of(nest: NestFacts, factors: tuple[int, ...], multipliers: int | None) -> LanePoint:
    """The point of some factors, at the interval at which all products have a multiplier."""
    interval = 1 if multipliers is None else max(1, ceil(products_of(nest, factors) / multipliers))
    turns = prod(ceil(loop.trips / factor) for loop, factor in zip(nest.loops, factors, strict=True))
    return LanePoint(factors, interval, turns)


def products_of(nest: NestFacts, factors: Sequence[int]) -> int:
    """The products of an iteration of the pipeline: also those around the innermost loop have a place in it."""
    inner = sum(nest.products.values()) * prod(factors)
    outside = sum(nest.products_around.values())
    return inner + outside * prod(
        factor for loop, factor in zip(nest.loops, factors, strict=True) if loop.kind is LoopKind.PARALLEL
    )


def _factors(trips: int, kind: LoopKind) -> list[int]:
    if kind is LoopKind.FIXED:
        return [1]
    return [factor for factor in range(1, trips + 1) if trips % factor == 0]


def needed(nest: NestFacts, point: LanePoint) -> Mapping[tuple[SSAValue, bool], list[Accesses]]:
    """What an iteration of the pipeline accesses of each array, loads and stores apart."""
    groups: dict[tuple[SSAValue, bool], dict[object, list[AccessFacts]]] = defaultdict(lambda: defaultdict(list))
    for access in nest.accesses:
        groups[access.array, access.stores][access.depth, access.base].append(access)
    found: dict[tuple[SSAValue, bool], list[Accesses]] = {}
    for key, by_base in groups.items():
        found[key] = [_group(nest, point, accesses) for accesses in by_base.values()]
    return found


def _group(nest: NestFacts, point: LanePoint, accesses: Sequence[AccessFacts]) -> Accesses:
    first = accesses[0]
    inside = range(first.depth)
    if first.steps is None:
        axes = len(first.constants)
        return Accesses(frozenset(), (1,) * axes, len(accesses) * prod(point.factors[: first.depth]))
    ranges = [range(point.factors[n]) if any(axis[n] for axis in first.steps) else range(1) for n in inside]
    lanes = np.indices([len(each) for each in ranges]).reshape(first.depth, -1)
    moved = lanes.T @ np.array(first.steps, np.int64).T[: first.depth]
    offsets: set[tuple[int, ...]] = set()
    for constants in dict.fromkeys(access.constants for access in accesses):
        offsets.update(map(tuple, (moved + np.array(constants)).tolist()))
    steps: list[int] = []
    for axis in first.steps:
        moves = [axis[n] * point.factors[n] for n in inside if nest.loops[n].trips > point.factors[n]]
        steps.append(gcd(*moves))
    return Accesses(frozenset(offsets), tuple(steps))


def extents_of(array: SSAValue) -> tuple[int, ...]:
    """The shape of an array."""
    assert isinstance(array.type, MemRefType)
    return tuple(array.type.get_shape())


def width_of_elements(array: SSAValue) -> int:
    """The bits of an element of an array."""
    assert isinstance(array.type, MemRefType)
    return scalar_bits(array.type.element_type) or 1
