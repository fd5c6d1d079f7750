"""Which executions of accesses have to stay in order, and how many iterations lie between them.

Two executions depend on each other if they touch the same element and one of them stores (U. Banerjee, Dependence
Analysis, 1997; P. Feautrier, Dataflow analysis of array and scalar references, 1991, for the exact formulation by
integer sets). A pair of accesses is split by the loop that carries the dependence. Sets may be too large where the
program is not affine, never too small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from math import inf
from typing import Any

import islpy as isl

from gatewright.analysis.dependences.description import (
    Affine,
    ArrayAccess,
    Condition,
    Description,
    LoopRange,
    affine,
    condition,
    integer,
)
from gatewright.analysis.dependences.instances import Instances, instances


class Kind(Enum):
    """Which of the two accesses stores."""

    FLOW = "flow"
    """A load after a store."""
    ANTI = "anti"
    """A store after a load."""
    OUTPUT = "output"
    """A store after a store."""


DistanceRange = tuple[int | None, int | None]
"""The least and the greatest value, both included; None where there is no bound."""


@dataclass(frozen=True, eq=False)
class MemoryDependence:
    """Executions of one access that have to come before executions of another."""

    source: Instances
    target: Instances
    carrier: LoopRange | None
    """The outermost loop of which the two are in different iterations; None if they are in the same of all."""
    pairs: Condition
    """The pairs of executions, with the names of the source and of the target as `named` has them."""

    @property
    def kind(self) -> Kind:
        """Which of the two accesses stores."""
        if not self.source.access.stores:
            return Kind.ANTI
        return Kind.OUTPUT if self.target.access.stores else Kind.FLOW

    @property
    def loops(self) -> tuple[LoopRange, ...]:
        """The loops around both accesses, outermost first."""
        return self.source.loops[: self.source.common_loops(self.target)]

    @cached_property
    def distance(self) -> tuple[DistanceRange, ...]:
        """For each loop around both, by how much its counter is greater at the target than at the source."""
        return tuple(
            self.extremes(named(affine(loop.name), self.target, TARGET) - named(affine(loop.name), self.source, SOURCE))
            for loop in self.loops
        )

    @property
    def iterations(self) -> int:
        """The least number of iterations of the carrying loop between the two; 0 if there is none."""
        if self.carrier is None:
            return 0
        least, _ = self.distance[self.loops.index(self.carrier)]
        assert least is not None and least > 0
        return -(-least // self.carrier.step)

    def extremes(self, value: Affine) -> DistanceRange:
        """The least and the greatest value of an expression in the names of source and target over all pairs."""
        # The value becomes a dimension: isl minimises no expression that it simplifies to a fraction, as it does
        # floor(i/2) where i is even.
        results = self.pairs & affine("result").eq_set(value)
        at = results.find_dim_by_name(isl.dim_type.param, "result")
        results = results.move_dims(isl.dim_type.set, 0, isl.dim_type.param, at, 1)
        results = results.project_out(isl.dim_type.param, 0, results.dim(isl.dim_type.param))
        return _integer(results.dim_min_val(0)), _integer(results.dim_max_val(0))

    def describe(self) -> str:
        """One line: `flow: store A[i] -> load A[i - 1], distance (1)`."""
        shown = ", ".join(_shown(range_) for range_ in self.distance)
        distance = f", distance ({shown})" if shown else ""
        return f"{self.kind.value}: {self.source.access.label} -> {self.target.access.label}{distance}"


SOURCE, TARGET = "source", "target"


def named(thing: Affine, instances_: Instances, role: str) -> Affine:
    """An expression in the names around an access as one in the names of the source or the target of a dependence."""
    return _renamed(thing, instances_, role)


def _renamed(thing: Any, instances_: Instances, role: str) -> Any:
    for position, name in enumerate(thing.get_var_names(isl.dim_type.param)):
        if name in instances_.names:
            thing = thing.set_dim_id(isl.dim_type.param, position, _identifier(f"{role}_{name}"))
    return thing


@cache
def _identifier(name: str) -> isl.Id:
    """The identifier that isl makes when it reads a name; `isl.Id(name)` would be another one."""
    return isl.Set(f"[{name}] -> {{ : }}").get_dim_id(isl.dim_type.param, 0)


def extremes(value: Affine) -> DistanceRange:
    """The least and the greatest value of an expression over its domain."""
    # Not with `min_val`, which refuses what isl simplifies to a fraction, though it is an integer in all of the domain.
    values = isl.Map.from_pw_aff(value).range()
    return _integer(values.dim_min_val(0)), _integer(values.dim_max_val(0))


def _integer(value: isl.Val) -> int | None:
    return value.to_python() if value.is_int() else None


def _shown(range_: DistanceRange) -> str:
    least, greatest = range_
    if least is not None and least == greatest:
        return str(least)
    return f"{'-inf' if least is None else least}..{'inf' if greatest is None else greatest}"


class DependenceAnalysis:
    """The dependences of a program."""

    def __init__(self, description: Description):
        self.instances = instances(description)
        self._of = {each.access: each for each in self.instances}

    def of(self, access: ArrayAccess) -> Instances:
        """The executions of an access."""
        return self._of[access]

    def dependences(self) -> list[MemoryDependence]:
        """All dependences, in the order of the text of source, target and carrying loop."""
        return [
            dependence
            for source in self.instances
            for target in self.instances
            for dependence in self.between(source.access, target.access)
        ]

    def between(self, source: ArrayAccess, target: ArrayAccess) -> Iterator[MemoryDependence]:
        """The dependences of one access on another, the outermost carrying loop first."""
        one, other = self._of[source], self._of[target]
        if source.array != target.array or not (source.stores or target.stores):
            return
        pairs = _renamed(one.domain, one, SOURCE) & _renamed(other.domain, other, TARGET)
        for mine, theirs in zip(source.subscripts, target.subscripts, strict=True):
            if mine is not None and theirs is not None:
                pairs &= named(mine, one, SOURCE).eq_set(named(theirs, other, TARGET))
        common = one.common_loops(other)
        for level in range(common + 1):
            if pairs.is_empty():
                return
            last = level == common
            carrier = None if last else one.loops[level]
            if not last:
                ordered = pairs & _counters(one.loops[level], "<")
            elif one.order < other.order:
                ordered = pairs
            else:
                return
            ordered &= _same_symbols(one, other, level, ordered)
            if not ordered.is_empty():
                yield MemoryDependence(one, other, carrier, ordered.coalesce())
            if not last:
                pairs &= _counters(one.loops[level], "=")

    def loop_distances(self, loop: LoopRange) -> dict[tuple[ArrayAccess, ArrayAccess], int]:
        """For each two accesses in a loop, the least number of its iterations from the first to the second.

        0 where the second has to wait for the first in the same iteration, and no entry where it never has to. The
        iterations of loops around it are the same for both: other ones do not overlap.
        """
        inside = [each.access for each in self.instances if loop in each.loops]
        found: dict[tuple[ArrayAccess, ArrayAccess], int] = {}
        for source in inside:
            for target in inside:
                if (least := self.loop_distance(loop, source, target)) is not None:
                    found[source, target] = least
        return found

    def loop_distance(self, loop: LoopRange, source: ArrayAccess, target: ArrayAccess) -> int | None:
        """The same for two accesses; None if the second never has to wait for the first."""
        around = self._of[source].loops
        least = [
            dependence.iterations if dependence.carrier is loop else 0
            for dependence in self.between(source, target)
            if dependence.carrier is None or dependence.carrier not in around[: around.index(loop)]
        ]
        return min(least, default=None)

    def lead(self, source: ArrayAccess, target: ArrayAccess, intervals: tuple[int, int]) -> float | None:
        """How many cycles a loop has to run before another one behind it starts, so that an order is kept.

        The loops are those directly below what is around both accesses; their iterations start in the given intervals.
        The answer is the greatest distance from the start of an iteration of the second loop to the start of one of the
        first that it depends on, had both loops started together: infinite if there is no bound, None if nothing
        depends.
        """
        one, other = self._of[source], self._of[target]
        for dependence in self.between(source, target):
            if dependence.carrier is None:
                level = len(dependence.loops)
                assert level < min(len(one.loops), len(other.loops)), "each of the two is in a loop of its own"
                first = named(iteration(one.loops[level]), one, SOURCE).scale_val(integer(intervals[0]))
                second = named(iteration(other.loops[level]), other, TARGET).scale_val(integer(intervals[1]))
                greatest = dependence.extremes(first - second)[1]
                return inf if greatest is None else greatest
        return None


def iteration(loop: LoopRange) -> Affine:
    """The number of an iteration of a loop, from 0, in the names of the loops."""
    return (affine(loop.name) - loop.lower).scale_down_val(integer(loop.step)).floor()


def _counters(loop: LoopRange, relation: str) -> Condition:
    return condition(f"{SOURCE}_{loop.name} {relation} {TARGET}_{loop.name}")


def _same_symbols(one: Instances, other: Instances, level: int, pairs: Condition) -> Condition:
    """Symbols that are defined outside of the loop of a level have one value for source and target."""
    used = set(pairs.get_var_names(isl.dim_type.param))
    shared = [name for name, depth in one.symbols if depth <= level and (name, depth) in other.symbols]
    texts = [f"{SOURCE}_{name} = {TARGET}_{name}" for name in shared if f"{SOURCE}_{name}" in used]
    return condition(" and ".join(texts) or "true")
