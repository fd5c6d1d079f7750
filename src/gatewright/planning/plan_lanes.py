"""How many iterations of loops are done at once, and in how many banks arrays are kept for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, groupby, islice
from math import prod

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.linear_forms import LinearForms
from gatewright.analysis.ranges import value_ranges
from gatewright.dialects.notes import LOOP, PARALLEL
from gatewright.ir.accesses import is_accessed_by_element
from gatewright.ir.array_names import array_called, name_arrays, names_of_arrays
from gatewright.ir.decisions import asked, plan_of, record
from gatewright.ir.loop_labels import labelled, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.operators.library import OperatorLibrary
from gatewright.plan import KINDS, Decision, Plan, bank_factors, bank_value
from gatewright.planning.lanes.arrival import Arriving, square_of, wait
from gatewright.planning.lanes.banks import Accesses, Layout
from gatewright.planning.lanes.candidates import LaneCandidate
from gatewright.planning.lanes.choose import LaneChoice, choose
from gatewright.planning.lanes.nests import LoopKind, NestFacts, nests_of
from gatewright.planning.lanes.points import (
    FEW,
    FEW_ARE_ENOUGH,
    MOST_LANES,
    LanePoint,
    extents_of,
    needed,
    point_of,
    points,
)
from gatewright.transforms.loops.bank_arrays import bank, check_banks
from gatewright.transforms.loops.copy_arguments import copy_argument, directions, order_of_copy
from gatewright.transforms.loops.grow_squares import grow_squares
from gatewright.transforms.loops.share_loads import share_loads
from gatewright.transforms.loops.unroll_and_jam import unroll, unroll_all

MOST_CANDIDATES = 12
"""The points of a nest among which one is chosen."""
MOST_ALIKE = 6
"""Those of them with about as many lanes, for nests without products."""
MOST_TRIED = 64
"""The points of a nest, the ones with the fewest cycles first, of which it is found out what they access."""
NEAR = 101, 100
"""They are enough where the products take no more than so many times the fewest cycles."""
SLACK = 9, 8
"""Points with more than so many times the fewest cycles of a nest are not considered."""
MOST_COPIES = 4
"""With more arrays outside the design none is copied: each subset is looked at."""
WORTH_COPYING = 15, 16
"""The part of the cycles that may be left for it to be worth a copy."""
DEARER_IN_TASKS = 4
"""How many times as much cycles are worth in tasks: all of a stream take as long as the slowest one."""
SMALL = 200
"""A nest without products has lanes if it takes more than this part of the cycles of all products."""
DEPTH = 4
"""Cycles of an iteration of which the estimate knows nothing: a load, a product, a sum, a store."""


@dataclass(frozen=True)
class PlanLanesPass(ModulePass):
    """Decide how many iterations of loops are done at once, and in which banks arrays are, for a pool of multipliers.

    Of each nest the points with the fewest cycles are found: factors of its loops, and the interval at which the
    products of all lanes have a multiplier. Each array gets banks such that all nests find what they access at once;
    arrays outside the design stay as they are, each with its port. `unroll-and-jam` and `bank-arrays` do it.
    """

    name = "plan-lanes"

    multipliers: int | None = None
    clock_mhz: float = 100.0
    target: str = "generic"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            name_arrays(function)
            _plan(function, self.multipliers, OperatorLibrary(self.target, self.clock_mhz))
            for each in asked(function):
                if each.kind == "squares":
                    grow_squares(function, each.subject)
                    record(function, Decision("squares", each.subject))


def _plan(function: func.FuncOp, multipliers: int | None, library: OperatorLibrary) -> None:
    given = asked(function)
    for each in given:
        if each.kind == "copy" and (array := array_called(function, each.subject[0])) is not None:
            copy_argument(function, array, each.subject[0])
            record(function, Decision("copy", each.subject))
    factors = {each.subject[0]: int(each.value or 1) for each in given if each.kind == "unroll"}
    about = {
        name for each in given if not KINDS[each.kind].of_array and each.kind != "squares" for name in each.subject
    }
    fixed = _layouts_asked(function, given)
    if multipliers is None and not factors and not fixed:
        return
    names = names_of_arrays(function)
    nests = list(nests_of(function, about - set(factors)))
    kinds = {kind for nest in nests for kind in (*nest.products, *nest.products_around)}
    pool = None if multipliers is None else max(1, multipliers - max(0, len(kinds) - 1))
    least = sum(-(-nest.work // (pool or 1)) for nest in nests)
    if not factors and not fixed and not any(nest.work and sum(nest.products.values()) < (pool or 1) for nest in nests):
        return
    free = {array for array in names if _can_be_banked(array) and array not in fixed}
    search = _LaneSearch(pool, least, free, fixed, factors, about, library)
    arriving: dict[SSAValue, Sequence[int]] = {}
    if pool is not None and (copies := _worth_copying(function, nests, search, names)):
        for array, reason in copies.items():
            order = order_of_copy(function, array)
            copy = copy_argument(function, array, names[array])
            record(function, Decision("copy", (names[array],), reason=reason))
            free.add(copy)
            arriving[copy] = order
        nests = list(nests_of(function, about - set(factors)))
        names = names_of_arrays(function)
    pools = _pools(function, nests, pool)
    first = _first_uses(nests, arriving)
    candidates = [
        list(replace(_share_of(search, nest, pools), arriving=new).candidates(nest))
        for nest, new in zip(nests, first, strict=True)
    ]
    tasks = any(each.kind == "task" for each in plan_of(function))
    choice = choose(candidates, pool or 1, least // DEARER_IN_TASKS if tasks else least)
    _do(function, nests, choice, names, search)
    for each in given:
        if each.kind == "unroll" and labelled(function, each.subject[0]) is None:
            continue
        if each.kind == "unroll" and plan_of(function).find(*each.topic) is None:
            _unroll_alone(function, each)
    for array, layout in fixed.items():
        bank(function, array, layout)
        record(function, Decision("bank", (names[array],), bank_value(layout)))


def _share_of(search: _LaneSearch, nest: NestFacts, pools: Mapping[Operation, int | None]) -> _LaneSearch:
    """The search for a nest on the multipliers of its task."""
    share = pools[nest.loop]
    of_task = share is not None and share != search.pool
    return replace(search, pool=share, near=FEW_ARE_ENOUGH if of_task else search.near)


def _pools(function: func.FuncOp, nests: Sequence[NestFacts], pool: int | None) -> dict[Operation, int | None]:
    """The multipliers of each nest for products of its types: those of the function, or of its task."""
    shares = {each.subject[0]: int(each.value or 0) for each in plan_of(function) if each.kind == "task"}
    of_loops, task = {nest.loop: nest for nest in nests}, ""
    members: dict[str, list[NestFacts]] = {}
    for op in function.body.block.ops:
        task = next((name for name in LOOP.value(op) if name in shares), task)
        if isinstance(op, scf.ForOp) and op in of_loops:
            members.setdefault(task, []).append(of_loops[op])
    found: dict[Operation, int | None] = {}
    for task, inside in members.items():
        kinds = {kind for nest in inside for kind in (*nest.products, *nest.products_around)}
        share = pool if task not in shares else max(1, shares[task] - max(0, len(kinds) - 1)) if shares[task] else None
        found.update({nest.loop: share for nest in inside})
    return found


def _first_uses(nests: Sequence[NestFacts], arriving: Arriving) -> list[Arriving]:
    """For each nest what of the arrays that arrive no nest in front of it loads."""
    found: list[Arriving] = []
    seen: set[SSAValue] = set()
    for nest in nests:
        mine = {access.array for access in nest.accesses if not access.stores}
        found.append({array: order for array, order in arriving.items() if array in mine - seen})
        seen |= mine
    return found


def _worth_copying(
    function: func.FuncOp, nests: Sequence[NestFacts], search: _LaneSearch, names: Mapping[SSAValue, str]
) -> dict[SSAValue, str]:
    """The arrays outside the design that are worth a copy inside, with the reason."""
    nests = [nest for nest in nests if nest.work]
    arrays = list(dict.fromkeys(access.array for nest in nests for access in nest.accesses))
    outside = [each for each in arrays if isinstance(each, BlockArgument) and each not in search.fixed]
    outside = [each for each in outside if names[each] and is_accessed_by_element(each)]
    if not outside or len(outside) > MOST_COPIES:
        return {}
    known: dict[tuple[int, frozenset[SSAValue]], int] = {}
    orders: dict[SSAValue, Sequence[int]] = {array: order_of_copy(function, array) for array in outside}
    goes: dict[SSAValue, tuple[bool, bool]] = {array: directions(function, array) for array in outside}

    def cycles(copied: frozenset[SSAValue]) -> int:
        total = sum(prod(extents_of(array)) for array in copied if goes[array][1])
        coming: dict[SSAValue, Sequence[int]] = {
            array: orders[array] for array in outside if array in copied and goes[array][0]
        }
        for number, (nest, new) in enumerate(zip(nests, _first_uses(nests, coming), strict=True)):
            key = number, copied & {access.array for access in nest.accesses}
            if key not in known:
                part = replace(search, free=search.free | copied, arriving=new)
                known[key] = min(candidate.cycles for candidate in part.candidates(nest))
            total += known[key]
        return total

    every = [frozenset(some) for count in range(len(outside) + 1) for some in combinations(outside, count)]
    best = min(every, key=lambda copied: (cycles(copied), len(copied)))
    before, after = cycles(frozenset()), cycles(best)
    if WORTH_COPYING[1] * after > WORTH_COPYING[0] * before:
        return {}
    return {array: f"about {after} cycles instead of {before}" for array in outside if array in best}


def _unroll_alone(function: func.FuncOp, decision: Decision) -> None:
    """Do what is asked of a loop that is in no nest."""
    loop = labelled(function, decision.subject[0])
    assert loop is not None
    unroll(function, loop, int(decision.value or 1))
    record(function, Decision("unroll", decision.subject, decision.value))


def _layouts_asked(function: func.FuncOp, given: Plan) -> dict[SSAValue, Layout]:
    """The banks that are asked for, by array."""
    found: dict[SSAValue, Layout] = {}
    for each in given:
        if each.kind == "bank" and (array := array_called(function, each.subject[0])) is not None:
            check_banks(function, array, bank_factors(each.value))
            found[array] = bank_factors(each.value)
    return found


def _can_be_banked(array: SSAValue) -> bool:
    """Whether an array is one of the design's own, of which only elements are accessed."""
    inside = isinstance(array.owner, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp)
    return inside and is_accessed_by_element(array)


@dataclass
class _LaneSearch:
    """The points of nests on a pool of multipliers."""

    pool: int | None
    least: int
    """The cycles of all products."""
    free: set[SSAValue]
    """The arrays that can be banked."""
    fixed: dict[SSAValue, Layout]
    """Those of which the banks are decided."""
    factors: dict[str, int]
    """How many iterations of loops are to be done at once."""
    about: set[str]
    """The loops about which anything is decided: nests of them have no lanes but those."""
    library: OperatorLibrary
    near: tuple[int, int] = NEAR
    """Points with few lanes are enough where they take no more than so many times the fewest cycles."""
    arriving: Arriving = field(default_factory=dict)
    """What arrives through ports while a nest begins."""

    def candidates(self, nest: NestFacts) -> Iterator[LaneCandidate]:
        """The points of a nest that are worth a look, the fewest cycles first; one lane at last."""
        if self.pool is None or any(loop.name in self.about for loop in nest.loops):
            factors = tuple(min(self.factors.get(loop.name, 1), loop.trips) for loop in nest.loops)
            candidate = self._candidate(nest, point_of(nest, factors, self.pool), must=True)
            assert candidate is not None
            yield candidate
            return
        most = MOST_LANES
        if not nest.work:
            wanted = nest.iterations * SMALL // max(1, self.least)
            most = min(64, 1 << max(0, wanted).bit_length())
        every = sorted((self._at_ports(nest, each) for each in points(nest, self.pool, most)), key=_order)
        alone = self._candidate(nest, next(point for point in every if point.lanes == 1), must=True)
        assert alone is not None, "one lane accesses what it accesses"
        if nest.work:
            yield from self._busiest(nest, every, self.pool)
        else:  # what waits for a port has no use for lanes
            yield from (each for each in self._of_each_size(nest, every) if each.cycles < alone.cycles)
        yield alone

    def _busiest(self, nest: NestFacts, every: Sequence[LanePoint], pool: int) -> Iterator[LaneCandidate]:
        """The points that keep the multipliers busiest."""
        found: list[LaneCandidate] = []
        least = -(-nest.work // pool)
        for few in (True, False):
            some = [point for point in every if (point.lanes <= FEW * pool) is few]
            found += self._tried(nest, some[:MOST_TRIED])
            if found and min(each.point.cycles for each in found) <= least * self.near[0] // self.near[1]:
                break
        found.sort(key=lambda each: (each.cycles, each.hardware))
        bound = found[0].cycles * SLACK[0] // SLACK[1] if found else 0
        yield from [each for each in found if each.cycles <= bound][:MOST_CANDIDATES]

    def _of_each_size(self, nest: NestFacts, every: Sequence[LanePoint]) -> Iterator[LaneCandidate]:
        """Points of a nest without products: some of about each number of lanes."""
        by_size = sorted(every, key=lambda point: -point.lanes.bit_length())
        for _, alike in groupby(by_size, key=lambda point: point.lanes.bit_length()):
            found = self._tried(nest, list(islice(alike, MOST_TRIED // 4)))
            yield from sorted(found, key=lambda each: (each.cycles, each.hardware))[:MOST_ALIKE]

    def _at_ports(self, nest: NestFacts, point: LanePoint) -> LanePoint:
        """A point at the interval that a port leaves at least to an array which has only that."""
        interval = point.interval
        for access in nest.accesses:
            if access.steps is None or access.array in self.free or access.array in self.fixed:
                continue
            counted: set[int] = set()
            at_once = 1
            for axis in access.steps:
                moving = {number for number in range(access.depth) if axis[number]} - counted
                at_once *= max((point.factors[number] for number in moving), default=1)
                counted |= moving
            interval = max(interval, at_once)
        return replace(point, interval=interval)

    def _tried(self, nest: NestFacts, some: Sequence[LanePoint]) -> list[LaneCandidate]:
        tried = (self._candidate(nest, point) for point in some)
        return [each for each in tried if each is not None]

    def _candidate(self, nest: NestFacts, point: LanePoint, must: bool = False) -> LaneCandidate | None:
        """A point with what it needs, at the interval that arrays allow whose banks are decided.

        None if there are no banks for it; of one that there `must` be the interval is then larger.
        """
        needs = needed(nest, point)
        interval = point.interval
        turns_of = {False: 1, True: 1}
        for (array, stores), groups in needs.items():
            if array not in self.free:
                layout = self.fixed.get(array) or (1,) * len(extents_of(array))
                at_once = sum(group.conflicts(layout) for group in groups)
                interval, turns_of[stores] = max(interval, at_once), max(turns_of[stores], at_once)
        # The last iteration loads, and stores behind that: an interval holds only one of these.
        behind = max(0, sum(turns_of.values()) - 1 - interval)
        if nest.waits_for_floats:
            waits = self.library.float_operator("addf", "f32").latency
            turns = [
                loop.trips // factor
                for loop, factor in zip(nest.loops, point.factors, strict=True)
                if loop.kind is LoopKind.PARALLEL
            ]
            interval = max(interval, -(-waits // max([1, *turns])))
        free = {key: groups for key, groups in needs.items() if key[0] in self.free}
        found = self._at(nest, point, interval, free, behind)
        if all(found.layouts.values()):
            return found
        if not must:
            return None
        whole = [sum(group.conflicts((1,) * len(group.steps)) for group in groups) for groups in free.values()]
        return self._at(nest, point, max(interval, *whole), free, behind)

    def _at(
        self,
        nest: NestFacts,
        point: LanePoint,
        interval: int,
        needs: Mapping[tuple[SSAValue, bool], Sequence[Accesses]],
        behind: int,
    ) -> LaneCandidate:
        """A point at an interval, in the order of its iterations in which it waits least for what arrives."""
        made = replace(point, interval=interval)
        latency = DEPTH - 1 + behind
        # In another order than that nothing says that loops will run together: copies are in front of the nest.
        cycles = made.cycles + sum(prod(extents_of(array)) for array in self.arriving)
        square = square_of(nest, made) if self.arriving else None
        if square is not None:
            growing = made.cycles + wait(nest, made, self.arriving, square)
            if WORTH_COPYING[1] * growing <= WORTH_COPYING[0] * cycles:
                return LaneCandidate(made, growing + latency, needs, square)
        return LaneCandidate(made, cycles + latency, needs)


def _order(point: LanePoint) -> tuple[object, ...]:
    return point.cycles, point.interval, point.lanes, point.factors


def _do(
    function: func.FuncOp,
    nests: Sequence[NestFacts],
    choice: LaneChoice,
    names: dict[SSAValue, str],
    search: _LaneSearch,
) -> None:
    """Unroll the loops and bank the arrays."""
    loops: list[tuple[scf.ForOp, int]] = []
    accessed: set[SSAValue] = set()
    for nest, candidate in zip(nests, choice.candidates, strict=True):
        point = candidate.point
        if point.lanes == 1 and candidate.square is None:
            continue
        accessed |= {access.array for access in nest.accesses}
        every = "every cycle" if point.interval == 1 else f"every {point.interval} cycles"
        reason = f"{point.lanes} iterations start {every}: {candidate.cycles} cycles"
        for loop, factor in zip(nest.loops, point.factors, strict=True):
            found = labelled(function, loop.name)
            assert found is not None
            if loop.kind is LoopKind.PARALLEL:
                PARALLEL.set(found)
            if factor > 1 or loop.name in search.factors:
                loops.append((found, factor))
                record(
                    function, Decision("unroll", (loop.name,), factor, "" if loop.name in search.factors else reason)
                )
    unroll_all(function, loops)
    share_loads(function)
    forms = LinearForms(value_ranges(function))
    for array, layout in choice.layouts.items():
        if array in accessed:
            reason = f"{prod(layout)} elements at once" if prod(layout) > 1 else "an element at once is enough"
            record(function, Decision("bank", (names[array],), bank_value(layout), reason))
        if prod(layout) > 1:
            bank(function, array, layout, forms)
    for nest, candidate in zip(nests, choice.candidates, strict=True):
        if candidate.square is not None:
            names_of = tuple(loop.name for loop in nest.loops[candidate.square : candidate.square + 2])
            grow_squares(function, names_of)
            record(function, Decision("squares", names_of, reason="rows and columns are wanted as they arrive"))
