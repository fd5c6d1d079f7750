"""Indices as sums of loop indices times constants, with what their ranges allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineBinaryOpExpr, AffineConstantExpr, AffineDimExpr, AffineExpr


@dataclass(frozen=True, eq=False)
class LoopIndex:
    """A loop that counts from 0 to `extent - 1`."""

    extent: int


@dataclass(frozen=True, eq=False)
class Division:
    """The quotient or remainder of an index by a constant, for which no sum of loop indices was found."""

    of: LinearIndex
    by: int
    remainder: bool


Atom = LoopIndex | Division | SSAValue
"""What an index is a multiple of."""


@dataclass(frozen=True)
class LinearIndex:
    """`constant` plus the sum of `factor * atom`; every value is at least 0 where it is used as an address."""

    terms: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    @staticmethod
    def of(atom: Atom) -> LinearIndex:
        """The index that is one loop index or value. A loop that runs once is 0."""
        if isinstance(atom, LoopIndex) and atom.extent == 1:
            return LinearIndex()
        return LinearIndex(((atom, 1),))

    def __add__(self, other: LinearIndex) -> LinearIndex:
        factors = dict(self.terms)
        for atom, factor in other.terms:
            factors[atom] = factors.get(atom, 0) + factor
        return LinearIndex(tuple((a, f) for a, f in factors.items() if f), self.constant + other.constant)

    def __mul__(self, factor: int) -> LinearIndex:
        if factor == 0:
            return LinearIndex()
        return LinearIndex(tuple((atom, f * factor) for atom, f in self.terms), self.constant * factor)

    def plus(self, constant: int) -> LinearIndex:
        """The index moved by a constant."""
        return LinearIndex(self.terms, self.constant + constant)

    def bounds(self) -> tuple[int, int] | None:
        """The smallest and largest value, or None if an atom has no known range."""
        low = high = self.constant
        for atom, factor in self.terms:
            if isinstance(atom, LoopIndex):
                largest = atom.extent - 1
            elif isinstance(atom, Division) and atom.remainder:
                largest = atom.by - 1
            else:
                return None
            low, high = low + min(0, factor * largest), high + max(0, factor * largest)
        return low, high

    def divide(self, by: int) -> tuple[LinearIndex, LinearIndex]:
        """Quotient and remainder by a positive constant, of an index that is not negative."""
        if by == 1:
            return self, LinearIndex()
        whole = LinearIndex(tuple((a, f // by) for a, f in self.terms if f % by == 0), self.constant // by)
        rest = LinearIndex(tuple((a, f) for a, f in self.terms if f % by), self.constant % by)
        limits = rest.bounds()
        if limits is not None and 0 <= limits[0] and limits[1] < by:
            return whole, rest
        return LinearIndex.of(Division(self, by, False)), LinearIndex.of(Division(self, by, True))


def linearize(indices: Sequence[LinearIndex], shape: Sequence[int]) -> LinearIndex:
    """The row-major position of an element."""
    return reduce(lambda so_far, pair: so_far * pair[1] + pair[0], zip(indices, shape, strict=True), LinearIndex())


def delinearize(position: LinearIndex, shape: Sequence[int]) -> list[LinearIndex]:
    """The indices of the element at a row-major position."""
    indices: list[LinearIndex] = []
    for extent in reversed(shape[1:]):
        position, rest = position.divide(extent)
        indices.insert(0, rest)
    return [position, *indices] if shape else []


def evaluate(expression: AffineExpr, loops: Sequence[LinearIndex] | Mapping[int, LinearIndex]) -> LinearIndex:
    """An affine expression over loops as an index."""
    match expression:
        case AffineConstantExpr():
            return LinearIndex((), expression.value)
        case AffineDimExpr():
            return loops[expression.position]
        case AffineBinaryOpExpr():
            left, right = evaluate(expression.lhs, loops), evaluate(expression.rhs, loops)
            match expression.kind.name:
                case "Add":
                    return left + right
                case "Mul" if not right.terms:
                    return left * right.constant
                case "Mul" if not left.terms:
                    return right * left.constant
                case "FloorDiv" if not right.terms:
                    return left.divide(right.constant)[0]
                case "Mod" if not right.terms:
                    return left.divide(right.constant)[1]
    raise AssertionError(f"{expression} is not a map of linalg")
