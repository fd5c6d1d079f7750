"""The dependences between the accesses of a function: what transformations of its loops ask whether they are legal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from xdsl.dialects import func
from xdsl.ir import Operation

from gatewright.analysis.dependences.analysis import DependenceAnalysis, MemoryDependence
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.ir.analyses import analysed

DESCRIPTION_EFFORT = 500_000
"""Operations of isl to describe a function."""

QUESTION_EFFORT = 50_000
"""Operations of isl to compare one access with the others that a question is about."""

MOST_ACCESSES = 24
"""With more accesses, nothing is asked."""

UNKNOWN = "its accesses are too many, or too hard to compare, to tell that it is legal"
"""The reason against what cannot be told to be legal."""


class FunctionDependences:
    """The dependences of a function as it was when they were asked for."""

    def __init__(self, function: func.FuncOp):
        self.known: tuple[DescribedFunction, DependenceAnalysis] | None = None
        """The function as the analysis sees it, and the analysis; None if that is too hard."""
        try:
            with limited(DESCRIPTION_EFFORT):
                described = describe(function)
                self.known = described, DependenceAnalysis(described.description)
        except EffortError:
            return

    @staticmethod
    def of(function: func.FuncOp) -> FunctionDependences:
        """The dependences of a function as it is now."""
        return analysed(FunctionDependences, function)

    @contextmanager
    def asked(self, accesses: int) -> Generator[tuple[DescribedFunction, DependenceAnalysis], None, None]:
        """Ask about a number of accesses inside; raises EffortError where that, or the function, is too hard."""
        if self.known is None or accesses > MOST_ACCESSES:
            raise EffortError(UNKNOWN)
        with limited(QUESTION_EFFORT * (1 + accesses)):
            yield self.known

    def forbidding(
        self,
        sources: Sequence[Operation],
        targets: Sequence[Operation],
        loops: Sequence[Operation],
        forbids: Callable[[MemoryDependence], bool] = lambda dependence: True,
    ) -> str | None:
        """The first dependence of a target on a source that one of some loops carries and that forbids something.

        In words; a reason too where it cannot be told that there is none, and None if there is none.
        """
        try:
            with self.asked(len({*sources, *targets})) as (described, analysis):
                carriers = [described.loop_of[loop] for loop in loops]
                for source in sources:
                    for target in targets:
                        for found in analysis.between(described.access_of[source], described.access_of[target]):
                            if any(found.carrier is carrier for carrier in carriers) and forbids(found):
                                return found.describe()
        except EffortError:
            return UNKNOWN
        return None
