"""Symbolic proofs of a < b for subscripts, from the bounds of loops.

A counter is at least the lower bound of its loop and less than the upper one, whatever these are; what follows from
that by transitivity is proven, so that `k` in `range(j)` with `j` in `range(i)` is known to differ from `i`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import BlockArgument, SSAValue

from gatewright.analysis.ranges import Range
from gatewright.ir.accesses import MemoryAccess

DEPTH = 8
"""How many bounds a proof may use."""


class Order:
    """Proves inequalities between `index` values."""

    def __init__(self, ranges: Mapping[SSAValue, Range]):
        self.ranges = ranges

    def differ(self, one: SSAValue, other: SSAValue) -> bool:
        """True if two values are never equal at the same time."""
        return self.at_most(one, 1, other, 0) or self.at_most(other, 1, one, 0)

    def same_element(self, one: Sequence[SSAValue], other: Sequence[SSAValue]) -> bool:
        """True if two lists of subscripts are the same."""
        return all(left is right or _equal_constants(left, right) for left, right in zip(one, other, strict=True))

    def never_meet(self, one: MemoryAccess, other: MemoryAccess) -> bool:
        """True if two accesses of an array never touch the same element while their subscripts have these values."""
        return any(self.differ(left, right) for left, right in zip(one.indices, other.indices, strict=True))

    def inside(self, index: SSAValue, extent: int) -> bool:
        """True if a subscript is proven to be at least 0 and less than `extent`."""
        range_ = self._range(index)
        return range_ is not None and range_[0] >= 0 and range_[1] < extent

    def at_most(self, a: SSAValue, plus_a: int, b: SSAValue, plus_b: int, depth: int = DEPTH) -> bool:
        """True if `a + plus_a <= b + plus_b` is proven."""
        a, plus_a = _stripped(a, plus_a)
        b, plus_b = _stripped(b, plus_b)
        if a is b:
            return plus_a <= plus_b
        known_a, known_b = self._range(a), self._range(b)
        if known_a is not None and known_b is not None and known_a[1] + plus_a <= known_b[0] + plus_b:
            return True
        if depth == 0:
            return False
        loop = _loop_of(a)
        if loop is not None and self.at_most(loop.ub, plus_a - 1, b, plus_b, depth - 1):
            return True
        loop = _loop_of(b)
        return loop is not None and self.at_most(a, plus_a, loop.lb, plus_b, depth - 1)

    def _range(self, value: SSAValue) -> Range | None:
        if isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, IntegerAttr):
            number = value.owner.value.value.data
            return number, number
        return self.ranges.get(value)


def _stripped(value: SSAValue, plus: int) -> tuple[SSAValue, int]:
    """`value + plus` with constant additions moved into `plus`.

    Only for `index`: the sums that occur are far from the ends of 64 bits, or the access would be outside its array.
    """
    while isinstance(value.owner, arith.AddiOp | arith.SubiOp) and isinstance(value.type, IndexType):
        constant = value.owner.rhs.owner
        if not isinstance(constant, arith.ConstantOp) or not isinstance(constant.value, IntegerAttr):
            break
        number = constant.value.value.data
        plus += number if isinstance(value.owner, arith.AddiOp) else -number
        value = value.owner.lhs
    return value, plus


def _loop_of(value: SSAValue) -> scf.ForOp | None:
    """The loop whose counter a value is."""
    if isinstance(value, BlockArgument) and value.index == 0:
        parent = value.block.parent_op()
        if isinstance(parent, scf.ForOp):
            return parent
    return None


def _equal_constants(one: SSAValue, other: SSAValue) -> bool:
    left, right = one.owner, other.owner
    return isinstance(left, arith.ConstantOp) and isinstance(right, arith.ConstantOp) and left.value == right.value
