"""Dependence distances of a flattened nest, in innermost iterations.

What stands before an inner loop happens in the first iteration of it, what stands behind it in the last one, and an
inner loop without iterations takes one in which it does nothing. The distances found are exact where the numbers of
iterations are constant, and otherwise no greater than the true ones.
"""

from __future__ import annotations

from functools import cache

from gatewright.analysis.dependences.analysis import (
    SOURCE,
    TARGET,
    DependenceAnalysis,
    MemoryDependence,
    iteration,
    named,
)
from gatewright.analysis.dependences.description import (
    Affine,
    ArrayAccess,
    Conditional,
    Description,
    LoopRange,
    Node,
    affine,
    integer,
)
from gatewright.analysis.dependences.instances import Instances, entered


class FlatDistances:
    """Counts the innermost iterations, here called ticks, of the loops of a program."""

    def __init__(self, description: Description, analysis: DependenceAnalysis):
        self.analysis = analysis
        self._entered = entered(description)
        self._children: dict[LoopRange, list[LoopRange]] = {}
        self._piece: dict[ArrayAccess, int] = {}
        """For each access, the number of inner loops before it in the body of the loop around it."""

    def _visit(self, loop: LoopRange) -> None:
        if loop in self._children:
            return
        children = self._children[loop] = []
        pending: list[tuple[Node, bool]] = [(node, False) for node in reversed(loop.body)]
        while pending:
            node, conditional = pending.pop()
            if isinstance(node, LoopRange):
                if conditional:
                    raise ValueError("a loop under a condition does not run as part of the loop around it")
                children.append(node)
            elif isinstance(node, Conditional):
                pending += [(inner, True) for inner in reversed([*node.then, *node.otherwise])]
            elif isinstance(node, ArrayAccess):
                self._piece[node] = len(children)
        for child in children:
            self._visit(child)

    @cache  # noqa: B019  (lives as long as what it caches for)
    def least(self, loop: LoopRange) -> int:
        """The least number of ticks that a loop takes each time it is entered."""
        if loop.upper is None:
            return 1
        trips = (loop.upper - loop.lower).scale_down_val(integer(loop.step)).ceil()
        fewest = trips.intersect_domain(self._entered[loop]).min_val()
        return max(1, fewest.to_python() * self._least_of_iteration(loop)) if fewest.is_int() else 1

    def _least_of_iteration(self, loop: LoopRange) -> int:
        return self._sum(loop, 0, len(self._children[loop])) if self._children[loop] else 1

    def _sum(self, loop: LoopRange, first: int, last: int) -> int:
        return sum(self.least(child) for child in self._children[loop][first:last])

    def _child(self, loops: tuple[LoopRange, ...], level: int) -> int:
        return self._children[loops[level]].index(loops[level + 1])

    def _from_start(self, instances: Instances, level: int) -> Affine:
        """Ticks from the first one of an iteration of a loop to an access in it."""
        loops, loop = instances.loops, instances.loops[level]
        if level == len(loops) - 1:
            piece = self._piece[instances.access]
            return affine(self._sum(loop, 0, piece) - 1 if piece else 0)
        before = affine(self._sum(loop, 0, self._child(loops, level)))
        return before + self._from_entry(instances, level + 1)

    def _from_entry(self, instances: Instances, level: int) -> Affine:
        """Ticks from the first one of a loop to an access in it."""
        loop = instances.loops[level]
        return _times(iteration(loop), self._least_of_iteration(loop)) + self._from_start(instances, level)

    def _to_end(self, instances: Instances, level: int) -> Affine:
        """Ticks from an access to the last one of the iteration of a loop around it."""
        loops, loop = instances.loops, instances.loops[level]
        count = len(self._children[loop])
        if level == len(loops) - 1:
            piece = self._piece[instances.access]
            return affine(self._sum(loop, piece, count) - (1 if count and not piece else 0))
        behind = affine(self._sum(loop, self._child(loops, level) + 1, count))
        return behind + self._to_exit(instances, level + 1)

    def _to_exit(self, instances: Instances, level: int) -> Affine:
        """Ticks from an access to the last one of a loop around it."""
        loop = instances.loops[level]
        left = affine(0)
        if loop.upper is not None:
            left = (loop.upper - affine(loop.name) - affine(1)).scale_down_val(integer(loop.step)).floor()
        return _times(left, self._least_of_iteration(loop)) + self._to_end(instances, level)

    def distance(self, root: LoopRange, source: ArrayAccess, target: ArrayAccess) -> int | None:
        """The least number of ticks from one access to another that has to wait for it; None if it never has to.

        Both are in the nest `root`, which holds no loop under a condition (ValueError otherwise); 0 where they may be
        in one tick, in the order of the text.
        """
        self._visit(root)
        found = [
            self._ticks(dependence)
            for dependence in self.analysis.between(source, target)
            if dependence.carrier is None or dependence.carrier not in self._outside(dependence, root)
        ]
        return min(found, default=None)

    def _outside(self, dependence: MemoryDependence, root: LoopRange) -> tuple[LoopRange, ...]:
        return dependence.loops[: dependence.loops.index(root)]

    def _ticks(self, dependence: MemoryDependence) -> int:
        source, target = dependence.source, dependence.target
        if dependence.carrier is None:
            value = self._within(dependence)
        else:
            level, loop = dependence.loops.index(dependence.carrier), dependence.carrier
            apart = named(iteration(loop), target, TARGET) - named(iteration(loop), source, SOURCE) - affine(1)
            value = _times(apart, self._least_of_iteration(loop)) + affine(1)
            value += named(self._to_end(source, level), source, SOURCE)
            value += named(self._from_start(target, level), target, TARGET)
        least, _ = dependence.extremes(value)
        return 0 if least is None else max(0, least)

    def _within(self, dependence: MemoryDependence) -> Affine:
        """Ticks between two accesses in the same iteration of all loops around both."""
        source, target, level = dependence.source, dependence.target, len(dependence.loops) - 1
        loop = dependence.loops[level]
        if not self._children[loop]:
            return affine(0)
        first, second = self._turn(source, level), self._turn(target, level)
        between = self._sum(loop, first + 1, second)
        from_source, to_target = self._rest(source, level), self._lead(target, level)
        if second > first:
            value = named(from_source, source, SOURCE) + named(to_target, target, TARGET)
            return value + affine(between + 1)
        if len(source.loops) - 1 > level:
            return named(from_source, source, SOURCE)
        if self._piece[source.access] and len(target.loops) - 1 == level:
            return affine(0)
        if len(target.loops) - 1 == level and not self._piece[target.access]:
            return affine(0)
        return named(to_target, target, TARGET)

    def _turn(self, instances: Instances, level: int) -> int:
        """The inner loop in whose ticks an access happens."""
        if level < len(instances.loops) - 1:
            return self._child(instances.loops, level)
        return max(0, self._piece[instances.access] - 1)

    def _lead(self, instances: Instances, level: int) -> Affine:
        """Ticks from the first one of the inner loop in whose ticks an access happens."""
        if level < len(instances.loops) - 1:
            return self._from_entry(instances, level + 1)
        if not self._piece[instances.access]:
            return affine(0)
        return affine(self.least(self._children[instances.loops[level]][self._turn(instances, level)]) - 1)

    def _rest(self, instances: Instances, level: int) -> Affine:
        """Ticks to the last one of the inner loop in whose ticks an access happens."""
        if level < len(instances.loops) - 1:
            return self._to_exit(instances, level + 1)
        if self._piece[instances.access]:
            return affine(0)
        return affine(self.least(self._children[instances.loops[level]][0]) - 1)


def _times(value: Affine, factor: int) -> Affine:
    return value.scale_val(integer(factor))
