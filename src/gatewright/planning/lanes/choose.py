"""Which point each nest takes and which banks each array has: the fewest cycles on a pool, and little hardware.

One point a nest and one layout an array, such that every nest finds all it accesses at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import lcm, prod

from xdsl.ir import SSAValue

from gatewright.planning.lanes.banks import MOST_BANKS, Layout
from gatewright.planning.lanes.candidates import LaneCandidate
from gatewright.planning.lanes.descent import Descent
from gatewright.planning.lanes.points import extents_of

MULTIPLIER = 150
"""What a multiplier costs, with what feeds it."""
BASE = 1000
"""What a design costs without any."""
DEAR = 32
"""How many times as much a part of the cycles is worth as the same part of the hardware."""

MOST_COMMON = 160
"""The layouts of an array among which one is chosen."""


@dataclass
class LaneChoice:
    """What is chosen."""

    candidates: list[LaneCandidate]
    """One for each nest."""
    layouts: dict[SSAValue, Layout] = field(default_factory=dict)


def choose(candidates: Sequence[Sequence[LaneCandidate]], multipliers: int, least: int) -> LaneChoice:
    """One of the candidates of each nest, and a layout for each array.

    `least` are the cycles of all products on the `multipliers`.
    """
    worth = DEAR * (multipliers * MULTIPLIER + BASE)
    found = Descent(candidates, _layouts(candidates), worth, max(1, least))
    if not found.run():  # what is asked for does not go together: with one bank everything takes turns
        candidates = [[options[-1].in_turn()] for options in candidates]
        found = Descent(candidates, _layouts(candidates), worth, max(1, least))
        assert found.run(), "with one bank everything takes turns"
    chosen = [options[number] for options, number in zip(candidates, found.chosen, strict=True)]
    return LaneChoice(chosen, found.laid)


def _layouts(candidates: Sequence[Sequence[LaneCandidate]]) -> dict[SSAValue, list[Layout]]:
    """The layouts to choose from: the best ones for each candidate, and those that hold those of two nests."""
    found: dict[SSAValue, dict[Layout, None]] = {}
    users: dict[SSAValue, set[int]] = {}
    for number, options in enumerate(candidates):
        for candidate in options:
            for array, every in candidate.layouts.items():
                found.setdefault(array, {}).update(dict.fromkeys(every))
                if any(prod(layout) > 1 for layout in every):
                    users.setdefault(array, set()).add(number)
    for array, every in found.items():
        extents = extents_of(array)
        every.setdefault((1,) * len(extents))
        if len(users.get(array, ())) > 1:
            common = [tuple(map(lcm, one, other)) for one in every for other in every]
            fits = (layout for layout in common if all(b <= e for b, e in zip(layout, extents, strict=True)))
            every.update(dict.fromkeys(layout for layout in fits if prod(layout) <= MOST_BANKS))
    return {array: list(every)[:MOST_COMMON] for array, every in found.items()}
