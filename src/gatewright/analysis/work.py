"""What a program of loops has to do, whatever hardware does it: products, and elements that cross the ports of arrays.

Facts of the program alone: how often each product is computed, and how many elements of an array outside the design
are stored, or have to be loaded because the first that happens to them is a load. Where the control of loops depends on
data nothing is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, Operation, SSAValue

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

_OF_POLYNOMIALS = (
    *(arith.AddiOp, arith.SubiOp, arith.MuliOp, arith.ShLIOp),
    *(arith.IndexCastOp, arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp),
)
"""Operations that make polynomials of polynomials, as long as no number is too large for its type."""


@dataclass(frozen=True)
class Work:
    """What a program has to do."""

    products: Mapping[str, int]
    """How often products have to be computed that need a multiplier, by their type: `integer`, or the format of a
    float. Of one product that the program has in several places, the place counts where it is computed most often."""
    loaded: Mapping[SSAValue, int]
    """Elements of each argument array that have to be loaded."""
    stored: Mapping[SSAValue, int]
    """Elements of each argument array that are stored."""


def work_of(function: func.FuncOp) -> Work | None:
    """The work of a function of loops; None if how often a loop runs depends on data."""
    counts: dict[tuple[str, Hashable], int] = {}
    try:
        for type_, product, count in _products(function.body.block, Executions.once(), _ValueNumbering(function)):
            counts[type_, product] = max(counts.get((type_, product), 0), count)
    except UnknownControlError:
        return None
    products: Counter[str] = Counter()
    for (type_, _), count in counts.items():
        products[type_] += count
    loaded: dict[SSAValue, int] = {}
    stored: dict[SSAValue, int] = {}
    for array in function.body.block.args:
        if isinstance(array.type, MemRefType):
            loaded[array], stored[array] = _crossing(function, array)
    return Work(dict(sorted(products.items())), loaded, stored)


def _products(block: Block, executed: Executions, expressions: _ValueNumbering) -> Iterator[tuple[str, Hashable, int]]:
    """The products of a block: type, what is multiplied, and how often; those under a condition count as none.

    None are those of integers that count along with a loop, as `a * i` in a loop over `i` that leaves `a` alone: each
    is a sum (reduction of strength).
    """
    for op in block.ops:
        if isinstance(op, scf.ForOp):
            inside = iterations(op, executed, bounding_counters(op), 0)
            yield from _products(op.body.block, inside, expressions)
        elif isinstance(op, scf.WhileOp | func.CallOp):
            raise UnknownControlError
        elif isinstance(op, scf.IfOp):
            for region in op.regions:
                _refuse_loops(region.blocks)
        elif (kind := product_kind(op)) is not None:
            floating = float_operation(op)
            if floating is None and expressions.counts_along(op):
                continue
            type_ = kind.value if floating is None else floating.types[0]
            yield type_, expressions.of(op.results[0]), executed.count * executed.times


class _ValueNumbering:
    """Value numbering: what values are computed from, so that those can be told that are the same."""

    def __init__(self, function: func.FuncOp):
        self._known: dict[SSAValue, Hashable] = {}
        self._stores_before: dict[Operation, int] = {}
        stored: Counter[SSAValue] = Counter()
        for op in function.walk():
            if isinstance(op, memref.StoreOp):
                stored[op.memref] += 1
            elif isinstance(op, memref.LoadOp):
                self._stores_before[op] = stored[op.memref]

    def of(self, value: SSAValue) -> Hashable:
        """Equal for values that are the same; the counters of loops with the same bounds are."""
        if value not in self._known:
            self._known[value] = self._expression(value)
        return self._known[value]

    def _expression(self, value: SSAValue) -> Hashable:
        owner = value.owner
        if isinstance(owner, Block):
            loop = owner.parent_op()
            if isinstance(loop, scf.ForOp) and value is owner.args[0]:
                return ("counter", *map(self.of, (loop.lb, loop.ub, loop.step)))
        if isinstance(owner, Block) or owner.regions:
            return ("value", len(self._known))
        operands = list(map(self.of, owner.operands))
        if isinstance(owner, arith.MuliOp | arith.MulfOp | arith.AddiOp | arith.AddfOp):
            operands.sort(key=repr)
        notes = tuple(sorted((name, str(attribute)) for name, attribute in owner.properties.items()))
        return (owner.name, str(value.type), notes, self._stores_before.get(owner), *operands)

    def counts_along(self, product: Operation) -> bool:
        """Whether a product of integers is a polynomial of a loop's counter, of what the loop leaves alone."""
        loop = product.parent_op()
        while isinstance(loop, scf.ForOp):
            if _varies(product, loop):
                return all(_is_polynomial(operand, loop) for operand in product.operands)
            loop = loop.parent_op()
        return False


def _varies(op: Operation, loop: scf.ForOp) -> bool:
    """Whether an operation in a loop depends on anything in there."""
    return any(_varying(operand, loop) for operand in op.operands)


def _varying(value: SSAValue, loop: scf.ForOp) -> bool:
    owner = value.owner
    if isinstance(owner, Block):
        return owner is loop.body.block
    return loop.is_ancestor(owner) and (bool(owner.regions) or isinstance(owner, memref.LoadOp) or _varies(owner, loop))


def _is_polynomial(value: SSAValue, loop: scf.ForOp) -> bool:
    """Whether a value is made of a loop's counter, and of what does not change in the loop, by sums and products."""
    if not _varying(value, loop):
        return True
    owner = value.owner
    if isinstance(owner, Block):
        return value is loop.body.block.args[0]
    return isinstance(owner, _OF_POLYNOMIALS) and all(_is_polynomial(operand, loop) for operand in owner.operands)


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
