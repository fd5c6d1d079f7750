"""Whether loops that follow each other may run as one, iteration by iteration."""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.analysis.dependences.analysis import SOURCE, TARGET, DependenceAnalysis, MemoryDependence
from gatewright.analysis.dependences.description import ArrayAccess, condition


def prevents_fusion(
    analysis: DependenceAnalysis, earlier: Sequence[ArrayAccess], later: Sequence[ArrayAccess], depth: int
) -> MemoryDependence | None:
    """The first dependence of an access of the later nest on one that the fused nest has not done yet; None for none.

    Both nests have `depth` loops, with the same counters from the outermost on. Fusing them is legal if no execution of
    a later access depends on one of an earlier access with lexicographically greater counters (M. Wolfe, Optimizing
    Supercompilers for Supercomputers, 1989, on fusion-preventing dependences).
    """
    for source in earlier:
        for target in later:
            if (found := _prevents(analysis, source, target, depth)) is not None:
                return found
    return None


def _prevents(
    analysis: DependenceAnalysis, source: ArrayAccess, target: ArrayAccess, depth: int
) -> MemoryDependence | None:
    one, other = analysis.of(source), analysis.of(target)
    common = one.common_loops(other)
    counters = list(zip(one.loops[common:], other.loops[common:], strict=False))[:depth]
    for dependence in analysis.between(source, target):
        if dependence.carrier is not None:
            continue
        equal = ["true"]
        for mine, theirs in counters:
            here, there = f"{SOURCE}_{mine.name}", f"{TARGET}_{theirs.name}"
            order = " and ".join([*equal, f"{here} > {there}"])
            if not (dependence.pairs & condition(order)).is_empty():
                return dependence
            equal.append(f"{here} = {there}")
    return None
