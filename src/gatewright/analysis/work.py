"""What a program of loops has to do, whatever hardware does it: products, and elements that cross the ports of arrays.

Facts of the program alone: how often each product is computed, and how many elements of an array outside the design
are stored, or have to be loaded because the first that happens to them is a load. Where the control of loops depends on
data nothing is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, SSAValue

from gatewright.analysis.first_accesses import (
    NEVER,
    Executions,
    FirstAccesses,
    UnknownControlError,
    bounding_counters,
    iterations,
)
from gatewright.analysis.multiplication import product_kind
from gatewright.ir.float_operations import float_operation


@dataclass(frozen=True)
class Work:
    """What a program has to do."""

    products: Mapping[str, int]
    """How often products are computed that need a multiplier, by their type: `integer`, or the format of a float."""
    loaded: Mapping[SSAValue, int]
    """Elements of each argument array that have to be loaded."""
    stored: Mapping[SSAValue, int]
    """Elements of each argument array that are stored."""


def work_of(function: func.FuncOp) -> Work | None:
    """The work of a function of loops; None if how often a loop runs depends on data."""
    products: Counter[str] = Counter()
    try:
        _count(function.body.block, Executions.once(), products)
    except UnknownControlError:
        return None
    loaded: dict[SSAValue, int] = {}
    stored: dict[SSAValue, int] = {}
    for array in function.body.block.args:
        if isinstance(array.type, MemRefType):
            loaded[array], stored[array] = _crossing(function, array)
    return Work(dict(sorted(products.items())), loaded, stored)


def _count(block: Block, executed: Executions, products: Counter[str]) -> None:
    """Count the products of a block; those under a condition count as none."""
    for op in block.ops:
        if isinstance(op, scf.ForOp):
            _count(op.body.block, iterations(op, executed, bounding_counters(op), 0), products)
        elif isinstance(op, scf.WhileOp | func.CallOp):
            raise UnknownControlError
        elif isinstance(op, scf.IfOp):
            for region in op.regions:
                _refuse_loops(region.blocks)
        elif (kind := product_kind(op)) is not None:
            floating = float_operation(op)
            products[floating.types[0] if floating is not None else kind.value] += executed.count * executed.times


def _refuse_loops(blocks: Sequence[Block]) -> None:
    """Raise UnknownControlError if blocks under a condition hold loops, whose work would be a matter of data."""
    for block in blocks:
        if any(isinstance(op, scf.ForOp | scf.WhileOp) for op in block.walk()):
            raise UnknownControlError


def _crossing(function: func.FuncOp, array: SSAValue) -> tuple[int, int]:
    """The elements of an array that have to be loaded, and those that are stored; 0 where that is not known."""
    assert isinstance(array.type, MemRefType)
    try:
        first = FirstAccesses.of(array, array.type.get_shape(), function.body.block.ops)
    except UnknownControlError:
        return 0, 0
    loaded = (first.loaded != NEVER) & (first.loaded <= first.may_be_stored)
    return int(loaded.sum()), int((first.stored != NEVER).sum())
