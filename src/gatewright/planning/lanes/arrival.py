"""When a nest can begin whose operands are still arriving through the ports of arrays outside the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from xdsl.ir import SSAValue

from gatewright.planning.lanes.nests import AccessFacts, LoopKind, NestFacts
from gatewright.planning.lanes.points import LanePoint, extents_of

MOST_TURNS = 1 << 17
"""With more iterations of the pipeline a nest is taken to begin when all has arrived."""

Arriving = Mapping[SSAValue, Sequence[int]]
"""Arrays that are copied in, an element a cycle each: their axes in the order of the copy, the outermost first."""


def wait(nest: NestFacts, point: LanePoint, arriving: Arriving, square: int | None = None) -> int:
    """Cycles from the first element that arrives to the first iteration, if none may come before what it loads.

    With `square` that loop and the one in it visit their iterations by growing squares.
    """
    loads = [each for each in nest.accesses if each.array in arriving and not each.stores]
    if not loads:
        return 0
    turns = [-(-loop.trips // factor) for loop, factor in zip(nest.loops, point.factors, strict=True)]
    if prod(turns) > MOST_TURNS or any(each.steps is None for each in loads):
        return max(prod(extents_of(each.array)) for each in loads)
    counters = _visited(turns, square)
    starts = np.arange(prod(turns)) * point.interval
    return max(int((_arrived(nest, point, each, arriving[each.array], counters) - starts).max()) for each in loads)


def _visited(turns: Sequence[int], square: int | None) -> np.ndarray:
    """The counter of each loop in each iteration of the pipeline."""
    if square is None:
        return np.indices(turns).reshape(len(turns), -1)
    size = turns[square]
    rows, columns = squares(size)
    joined = np.indices((*turns[:square], size * size, *turns[square + 2 :])).reshape(len(turns) - 1, -1)
    both = joined[square]
    return np.stack([*joined[:square], rows[both], columns[both], *joined[square + 1 :]])


def squares(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns of a square as it grows: what is new is a column down to the corner, then the row back."""
    rows = np.concatenate([np.minimum(np.arange(2 * each + 1), each) for each in range(size)])
    columns = np.concatenate([np.minimum(2 * each - np.arange(2 * each + 1), each) for each in range(size)])
    return rows, columns


def _arrived(
    nest: NestFacts, point: LanePoint, access: AccessFacts, order: Sequence[int], counters: np.ndarray
) -> np.ndarray:
    """For each iteration the cycle by which all has arrived that it loads by an access."""
    extents = extents_of(access.array)
    assert access.steps is not None
    place = np.zeros(counters.shape[1], np.int64)
    for axis in order:
        moves = np.array(access.steps[axis], np.int64)
        factors = np.array(point.factors, np.int64)
        furthest = int(np.maximum(0, moves * (factors - 1)).sum()) + access.constants[axis]
        subscript = (moves * factors) @ counters + furthest
        place = place * extents[axis] + np.clip(subscript, 0, extents[axis] - 1)
    return place + 1


def square_of(nest: NestFacts, point: LanePoint) -> int | None:
    """The outermost of two loops in each other, of a perfect nest, that go over a square; None if there are none."""
    turns = [-(-loop.trips // factor) for loop, factor in zip(nest.loops, point.factors, strict=True)]
    for number, (one, other) in enumerate(zip(nest.loops[: nest.perfect], nest.loops[1 : nest.perfect], strict=False)):
        if one.kind is other.kind is LoopKind.PARALLEL and turns[number] == turns[number + 1] > 1:
            return number
    return None
