"""Which loops may do their iterations in any order."""

from __future__ import annotations

from xdsl.dialects import func, memref, scf

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import describe
from gatewright.analysis.distances import DESCRIPTION_EFFORT, MOST_ACCESSES, QUESTION_EFFORT
from gatewright.ir.accesses import MemoryAccess


def is_parallel(function: func.FuncOp, loop: scf.ForOp) -> bool:
    """True if no iteration of a loop depends on another one: it carries no value, and no dependence of an access."""
    return carried(function, loop) is None


def carried(function: func.FuncOp, loop: scf.ForOp) -> str | None:
    """The dependence of an iteration of a loop on another one, in words; None if there is none."""
    if loop.iter_args:
        return "an iteration takes up a value that the one before it hands on"
    accesses = [op for op in loop.walk() if isinstance(op, MemoryAccess)]
    stored = {op.memref for op in accesses if isinstance(op, memref.StoreOp)}
    accesses = [op for op in accesses if op.memref in stored]
    if len(accesses) > MOST_ACCESSES:
        return _UNKNOWN
    try:
        with limited(DESCRIPTION_EFFORT):
            described = describe(function)
            analysis = DependenceAnalysis(described.description)
        carrier = described.loop_of[loop]
        with limited(QUESTION_EFFORT * (1 + len(accesses))):
            for one in accesses:
                for other in accesses:
                    for dependence in analysis.between(described.access_of[one], described.access_of[other]):
                        if dependence.carrier is carrier:
                            return dependence.describe()
    except EffortError:
        return _UNKNOWN
    return None


_UNKNOWN = "its accesses are too many, or too hard to compare, to tell that no iteration depends on another one"
