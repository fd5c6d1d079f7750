"""Which banks an array needs so that all that lanes access at once is there at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd, prod

Layout = tuple[int, ...]
"""The number of banks along each axis."""

Offsets = frozenset[tuple[int, ...]]
"""Subscripts of what is accessed at once, beside what they have in common."""

MOST_BANKS = 1024
"""The most banks of an array."""


@dataclass(frozen=True)
class Accesses:
    """What an iteration accesses of an array whose subscripts are always the same numbers apart."""

    offsets: Offsets
    steps: tuple[int, ...]
    """For each axis the greatest number of which all that moves the subscripts from iteration to iteration are
    multiples; 0 for one that does not move."""
    anywhere: int = 0
    """Accesses beside those whose subscripts nothing is known of: each may be in any bank."""

    def conflicts(self, layout: Layout) -> int:
        """The most accesses of one bank in an iteration.

        It does not depend on the iteration: the banks of all subscripts move alike.
        """
        return self.anywhere + (most_in_one(self.offsets, layout) if self.offsets else 0)

    def is_cheap(self, layout: Layout) -> bool:
        """Whether the bank of an access is constant, or some bits of its subscripts, along each axis."""
        return all(
            step % factor == 0 or factor & (factor - 1) == 0 for factor, step in zip(layout, self.steps, strict=True)
        )

    def reach(self, layout: Layout) -> int:
        """From how many banks an access takes its element in turn; 1 if it is always the same one."""
        return prod(factor // gcd(factor, step) for factor, step in zip(layout, self.steps, strict=True))


@lru_cache(maxsize=1 << 16)
def most_in_one(offsets: Offsets, layout: Layout) -> int:
    """The most offsets in one bank."""
    banks = Counter(tuple(o % b for o, b in zip(offset, layout, strict=True)) for offset in offsets)
    return max(banks.values())


def layouts(every: Sequence[Sequence[Accesses]], most: int, extents: Sequence[int]) -> Iterator[Layout]:
    """Layouts in which no bank has more than `most` accesses in an iteration, the fewest banks first.

    `every` are the accesses of each port. Of layouts with as many banks, the ones come first whose accesses take
    elements from the fewest banks in turn.
    """
    groups = [group for each in every for group in each]
    axes = [list(_candidates(groups, axis, extent)) for axis, extent in enumerate(extents)]
    shapes = [layout for layout in product(*axes) if prod(layout) <= MOST_BANKS]
    fits = [
        layout
        for layout in shapes
        if all(sum(group.conflicts(layout) for group in each) <= most for each in every)
        and all(group.is_cheap(layout) for group in groups)
    ]
    yield from sorted(fits, key=lambda layout: (crossbars(groups, layout), prod(layout), layout))


def crossbars(groups: Iterable[Accesses], layout: Layout) -> int:
    """How many banks all accesses choose from beyond one for each."""
    return sum((len(group.offsets) + group.anywhere) * (group.reach(layout) - 1) for group in groups)


def _candidates(groups: Sequence[Accesses], axis: int, extent: int) -> Iterator[int]:
    """Numbers of banks along an axis: up to twice the distance of its offsets, wires or powers of two."""
    offsets = {offset[axis] for group in groups for offset in group.offsets} or {0}
    spread = max(offsets) - min(offsets) + 1
    for factor in range(1, min(2 * spread, extent) + 1):
        moves = any(group.steps[axis] % factor for group in groups)
        if factor == 1 or not moves or factor & (factor - 1) == 0:
            yield factor
