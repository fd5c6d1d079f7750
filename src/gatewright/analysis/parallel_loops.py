"""Which loops may do their iterations in any order."""

from __future__ import annotations

from xdsl.dialects import func, scf

from gatewright.analysis.function_dependences import FunctionDependences
from gatewright.dialects.notes import PARALLEL
from gatewright.ir.accesses import accesses_of_stored


def is_parallel(function: func.FuncOp, loop: scf.ForOp) -> bool:
    """True if no iteration of a loop depends on another one: it carries no value, and no dependence of an access."""
    return carried(function, loop) is None


def carried(function: func.FuncOp, loop: scf.ForOp) -> str | None:
    """The dependence of an iteration of a loop on another one, in words; None if there is none."""
    if loop.iter_args:
        return "an iteration takes up a value that the one before it hands on"
    if PARALLEL.value(loop):
        return None
    accesses = accesses_of_stored(loop)
    return FunctionDependences.of(function).forbidding(accesses, accesses, [loop])
