"""Which point each nest takes and which banks each array has: the fewest cycles on a pool, and then the least hardware.

One point a nest and one layout an array, such that every nest finds all it accesses at once (OR-tools CP-SAT, with
effort that does not depend on the machine). The point with the fewest cycles of a larger pool is never slower: the
points of the smaller one are among its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from math import lcm, prod
from typing import Any

from xdsl.ir import SSAValue

from gatewright.planning.lanes.banks import MOST_BANKS, Accesses, Layout, crossbars, layouts
from gatewright.planning.lanes.points import LanePoint, extents_of, width_of_elements

BANK = 16
"""What a bank costs beside its memory, in look-up tables, as all of these are."""
DIVIDER = 5000
"""What it costs to divide a subscript by a number of banks that is no power of two."""
LANE = 32
"""What a lane costs, or a cycle of an interval, in which operands are chosen."""
MULTIPLIER = 150
"""What a multiplier costs, with what feeds it."""
BASE = 1000
"""What a design costs without any."""
DEAR = 32
"""How many times as much a part of the cycles is worth as the same part of the hardware."""

EFFORT = 20.0
"""Deterministic time for the choice, in CP-SAT's units (about a second each)."""

MOST_LAYOUTS = 2
"""The layouts that are considered for an array from each point of a nest."""

MOST_COMMON = 160
"""The layouts of an array among which one is chosen."""


@dataclass(frozen=True)
class LaneCandidate:
    """A point of a nest with what it costs."""

    point: LanePoint
    cycles: int
    needs: Mapping[tuple[SSAValue, bool], Sequence[Accesses]]
    """What it accesses at once of the arrays that can be banked: those, and whether it stores."""

    @cached_property
    def layouts(self) -> Mapping[SSAValue, Sequence[Layout]]:
        """For each array the layouts that it needs least banks and choices for."""
        found: dict[SSAValue, Sequence[Layout]] = {}
        for array in dict.fromkeys(array for array, _ in self.needs):
            every = [groups for (each, _), groups in self.needs.items() if each is array]
            found[array] = list(islice(layouts(every, self.point.interval, extents_of(array)), MOST_LAYOUTS))
        return found

    @property
    def hardware(self) -> int:
        """About how much hardware it takes, if no other nest wants other layouts of its arrays."""
        banks = sum(BANK * prod(best) + self.crossbars(array, best) for array, (best, *_) in self.layouts.items())
        return banks + LANE * (self.point.lanes + self.point.interval)

    def in_turn(self) -> LaneCandidate:
        """The same with all accesses of each array one after the other."""
        whole = [sum(group.conflicts((1,) * len(group.steps)) for group in groups) for groups in self.needs.values()]
        point = replace(self.point, interval=max([self.point.interval, *whole]))
        return LaneCandidate(point, self.cycles, self.needs)

    def fits(self, array: SSAValue, layout: Layout) -> bool:
        """Whether all accesses of an array find their banks within the interval of the point."""
        return all(
            sum(group.conflicts(layout) for group in groups) <= self.point.interval
            for (each, _), groups in self.needs.items()
            if each is array
        )

    def waits(self, array: SSAValue, layout: Layout) -> int:
        """Cycles until the last load of an array, which the first of an iteration's products do not wait for."""
        loads = [groups for (each, stores), groups in self.needs.items() if each is array and not stores]
        return max((sum(group.conflicts(layout) for group in groups) - 1 for groups in loads), default=0)

    def crossbars(self, array: SSAValue, layout: Layout) -> int:
        """What the choices between banks cost that its accesses of an array need."""
        width = width_of_elements(array)
        mine = [groups for (each, _), groups in self.needs.items() if each is array]
        chosen = sum(crossbars(groups, layout) for groups in mine)
        cheap = all(group.is_cheap(layout) for groups in mine for group in groups)
        return -(-chosen * width // 2) + (0 if cheap else DIVIDER)


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
    chosen = _LaneModel(candidates, _layouts(candidates), worth, max(1, least)).solved()
    if chosen is None:  # what is asked for does not go together: with one bank everything takes turns
        alone = [[options[-1].in_turn()] for options in candidates]
        chosen = _LaneModel(alone, _layouts(alone), worth, max(1, least)).solved()
    assert chosen is not None, "with one bank everything takes turns"
    return chosen


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


class _LaneModel:
    """The choice as a constraint model."""

    def __init__(
        self,
        candidates: Sequence[Sequence[LaneCandidate]],
        offered: Mapping[SSAValue, list[Layout]],
        worth: int,
        least: int,
    ):
        from ortools.sat.python import cp_model  # takes most of a second, and most programs do without

        self.cp = cp_model
        self.model = cp_model.CpModel()
        self.candidates, self.offered = candidates, offered
        self.worth, self.least = worth, least
        """What all of `least` cycles are worth, in look-up tables."""
        self.taken = [[self.model.new_bool_var("") for _ in options] for options in candidates]
        self.laid: dict[SSAValue, list[Any]] = {}
        for array, every in offered.items():
            self.laid[array] = [self.model.new_bool_var("") for _ in every]
            self.model.add_exactly_one(self.laid[array])
        self.crossing: list[Any] = []
        self.waiting: list[Any] = []
        for variables, options in zip(self.taken, candidates, strict=True):
            self.model.add_exactly_one(variables)
            longest = max(candidate.point.interval for candidate in options)
            self.waiting.append(self.model.new_int_var(0, longest, ""))
            for variable, candidate in zip(variables, options, strict=True):
                self._bind(variable, candidate)

    def _bind(self, taken: Any, candidate: LaneCandidate) -> None:
        for array in dict.fromkeys(array for array, _ in candidate.needs):
            for laid, layout in zip(self.laid[array], self.offered[array], strict=True):
                if not candidate.fits(array, layout):
                    self.model.add_implication(taken, laid.negated())
                    continue
                if waits := candidate.waits(array, layout):
                    self.model.add(self.waiting[-1] >= waits * (taken + laid - 1))
                if cost := candidate.crossbars(array, layout):
                    both = self.model.new_bool_var("")
                    self.model.add_bool_or(taken.negated(), laid.negated(), both)
                    self.crossing.append(cost * both)

    def solved(self) -> LaneChoice | None:
        """The best choice: cycles and hardware, then the order of the text; None if nothing goes together."""
        cycles = sum(self.waiting) + sum(
            candidate.cycles * variable
            for variables, options in zip(self.taken, self.candidates, strict=True)
            for variable, candidate in zip(variables, options, strict=True)
        )
        banks = sum(
            prod(layout) * variable
            for array, variables in self.laid.items()
            for variable, layout in zip(variables, self.offered[array], strict=True)
        )
        lanes = sum(
            LANE * (candidate.point.lanes + candidate.point.interval) * variable
            for variables, options in zip(self.taken, self.candidates, strict=True)
            for variable, candidate in zip(variables, options, strict=True)
        )
        order = sum(
            number * variable
            for variables in (*self.taken, *self.laid.values())
            for number, variable in enumerate(variables)
        )
        hardware = BANK * banks + sum(self.crossing) + lanes
        solver: Any = None
        for aim in (self.worth * cycles + self.least * hardware, order):
            solver = self._best(aim, solver)
            if solver is None:
                return None
            self.model.add(aim <= round(solver.objective_value))
        chosen = [
            next(option for variable, option in zip(variables, options, strict=True) if solver.value(variable))
            for variables, options in zip(self.taken, self.candidates, strict=True)
        ]
        laid = {
            array: next(
                layout
                for variable, layout in zip(variables, self.offered[array], strict=True)
                if solver.value(variable)
            )
            for array, variables in self.laid.items()
        }
        return LaneChoice(chosen, laid)

    def _best(self, aim: Any, before: Any) -> Any:
        self.model.minimize(aim)
        if before is not None:
            self.model.clear_hints()
            for variable in (each for every in (*self.taken, *self.laid.values()) for each in every):
                self.model.add_hint(variable, before.value(variable))
        solver = self.cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        solver.parameters.max_deterministic_time = EFFORT
        status = solver.solve(self.model)
        return solver if status in (self.cp.OPTIMAL, self.cp.FEASIBLE) else None
