"""Whether loops that follow each other may run as one, iteration by iteration."""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.analysis.dependences.analysis import SOURCE, TARGET, DependenceAnalysis
from gatewright.analysis.dependences.description import ArrayAccess, condition


def keeps_order(
    analysis: DependenceAnalysis, earlier: Sequence[ArrayAccess], later: Sequence[ArrayAccess], depth: int
) -> bool:
    """True if no access of the later nest comes to depend on one that the fused nest has not done yet.

    Both nests have `depth` loops, with the same counters from the outermost on. Fusing them is legal if no execution of
    a later access depends on one of an earlier access with lexicographically greater counters (M. Wolfe, Optimizing
    Supercompilers for Supercomputers, 1989, on fusion-preventing dependences).
    """
    return not any(_prevents(analysis, source, target, depth) for source in earlier for target in later)


def _prevents(analysis: DependenceAnalysis, source: ArrayAccess, target: ArrayAccess, depth: int) -> bool:
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
                return True
            equal.append(f"{here} = {there}")
    return False
