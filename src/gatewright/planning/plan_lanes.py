"""How many iterations of loops are done at once, and in how many banks arrays are kept for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.multiplication import ProductKind
from gatewright.dialects.notes import PARALLEL
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.array_names import array_called, name_arrays, names_of_arrays
from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import labelled, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.operators.library import OperatorLibrary
from gatewright.plan import Decision, bank_factors
from gatewright.planning.lanes.choose import Candidate, Choice, choose
from gatewright.planning.lanes.nests import LoopKind, NestFacts, nests_of
from gatewright.planning.lanes.points import MOST_LANES, Point, extents_of, needed, points
from gatewright.transforms.loops.bank_arrays import bank
from gatewright.transforms.loops.unroll_and_jam import unroll_all

MOST_CANDIDATES = 12
"""The points of a nest among which one is chosen."""
MOST_TRIED = 160
"""The points of a nest, the ones with the fewest cycles first, of which it is found out what they access."""
SLACK = 9, 8
"""Points with more than so many times the fewest cycles of a nest are not considered."""
SMALL = 200
"""A nest without products has lanes if it takes more than this part of the cycles of all products."""
DEPTH = 4
"""Cycles of an iteration of which the estimate knows nothing: a load, a product, a sum, a store."""


@dataclass(frozen=True)
class PlanLanesPass(ModulePass):
    """Decide how many iterations of loops are done at once, and in which banks arrays are, to use a pool of multipliers.

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
            _do_asked(function)
            if self.multipliers is not None:
                _plan(function, self.multipliers, OperatorLibrary(self.target, self.clock_mhz))


def _do_asked(function: func.FuncOp) -> None:
    given = asked(function)
    loops = {loop: each for each in given if each.kind == "unroll" and (loop := labelled(function, each.subject[0]))}
    unroll_all(function, [(loop, int(each.value or 1)) for loop, each in loops.items()])
    for each in loops.values():
        record(function, Decision("unroll", each.subject, each.value))
    for each in given:
        if each.kind == "bank" and (array := array_called(function, each.subject[0])) is not None:
            bank(function, array, bank_factors(each.value))
            record(function, Decision("bank", each.subject, each.value))


def _plan(function: func.FuncOp, multipliers: int, library: OperatorLibrary) -> None:
    given = asked(function)
    about = {name for each in given for name in each.subject}
    nests = list(nests_of(function, about))
    names = names_of_arrays(function)
    kinds = {kind for nest in nests for kind in (*nest.products, *nest.products_around)}
    pool = max(1, multipliers - max(0, len(kinds) - 1))
    least = sum(-(-nest.work // pool) for nest in nests)
    if not any(nest.work and sum(nest.products.values()) < pool for nest in nests):
        return
    free = {array for array in names if _can_be_banked(array) and names[array] not in about}
    candidates = [list(_candidates(nest, pool, least, free, library)) for nest in nests]
    choice = choose(candidates, pool, least)
    _do(function, nests, choice, names, pool)


def _can_be_banked(array: SSAValue) -> bool:
    """Whether an array is one of the design's own, of which only elements are accessed."""
    inside = isinstance(array.owner, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp)
    return inside and all(isinstance(use.operation, MemoryAccess) for use in array.uses)


def _candidates(
    nest: NestFacts, pool: int, least: int, free: set[SSAValue], library: OperatorLibrary
) -> Iterator[Candidate]:
    """The points of a nest that are worth a look, the fewest cycles first; one lane at last."""
    most = MOST_LANES
    if not nest.work:
        wanted = nest.iterations * SMALL // max(1, least)
        most = min(64, 1 << max(0, wanted).bit_length())
    found: list[Candidate] = []
    every = sorted(
        points(nest, pool, most), key=lambda point: (point.cycles, point.interval, point.lanes, point.factors)
    )
    for point in every[:MOST_TRIED]:
        candidate = _candidate(nest, point, free, library)
        if candidate is not None:
            found.append(candidate)
    found.sort(key=lambda each: (each.cycles, each.hardware, each.point.factors))
    if found:
        bound = found[0].cycles * SLACK[0] // SLACK[1]
        yield from [each for each in found if each.cycles <= bound][:MOST_CANDIDATES]
    alone = next(point for point in every if point.lanes == 1)
    candidate = _candidate(nest, alone, free, library)
    assert candidate is not None, "one lane accesses what it accesses"
    yield candidate


def _candidate(nest: NestFacts, point: Point, free: set[SSAValue], library: OperatorLibrary) -> Candidate | None:
    """A point with what it needs, at the interval that the ports of arrays outside the design allow."""
    needs = needed(nest, point)
    if needs is None:
        return None
    interval = point.interval
    for (array, _), groups in needs.items():
        if array not in free:
            layout = (1,) * len(extents_of(array))
            interval = max(interval, sum(group.conflicts(layout) for group in groups))
    if nest.waits_for_floats:
        waits = library.float_operator("addf", "f32").latency
        turns = [
            loop.trips // factor
            for loop, factor in zip(nest.loops, point.factors, strict=True)
            if loop.kind is LoopKind.PARALLEL
        ]
        interval = max(interval, -(-waits // max([1, *turns])))
    made = Point(point.factors, interval, point.turns)
    return Candidate(made, made.cycles + DEPTH - 1, {key: groups for key, groups in needs.items() if key[0] in free})


def _do(
    function: func.FuncOp, nests: Sequence[NestFacts], choice: Choice, names: dict[SSAValue, str], pool: int
) -> None:
    loops: list[tuple[scf.ForOp, int]] = []
    for nest, candidate in zip(nests, choice.candidates, strict=True):
        point = candidate.point
        if point.lanes == 1:
            continue
        for loop in nest.loops:
            if loop.kind is LoopKind.PARALLEL and (found := labelled(function, loop.name)) is not None:
                PARALLEL.set(found)
        reason = f"{point.lanes} at once, every {point.interval} cycles: {candidate.cycles} cycles"
        for loop, factor in zip(nest.loops, point.factors, strict=True):
            if factor > 1:
                op = labelled(function, loop.name)
                assert op is not None
                loops.append((op, factor))
                record(function, Decision("unroll", (loop.name,), factor, reason))
    unroll_all(function, loops)
    for array, layout in choice.layouts.items():
        if prod(layout) > 1:
            reason = "so many elements are accessed at once"
            record(function, Decision("bank", (names[array],), "x".join(map(str, layout)), reason))
            bank(function, array, layout)
