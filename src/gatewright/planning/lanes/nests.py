"""The facts of a nest that decide how many lanes it can have: loops, products, accesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from math import prod

from xdsl.dialects import func, memref, scf
from xdsl.ir import Operation, SSAValue

from gatewright.analysis.linear_forms import LinearForms
from gatewright.analysis.multiplication import ProductKind, product_kind
from gatewright.analysis.parallel_loops import carried
from gatewright.analysis.ranges import value_ranges
from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value
from gatewright.ir.floats import format_of
from gatewright.ir.loop_labels import label_of, names_in
from gatewright.transforms.loops.nest import nest_of
from gatewright.transforms.loops.permute_loops import perfect_chain
from gatewright.transforms.loops.unroll_and_jam import obstacle, reduction


class LoopKind(Enum):
    """In which way several iterations of a loop can be done at once."""

    PARALLEL = "parallel"
    """Each by itself."""
    REDUCTION = "reduction"
    """They are taken up into the same values, in any order."""
    FIXED = "fixed"
    """Not at all."""


@dataclass(frozen=True)
class LoopFacts:
    """A loop of a nest."""

    name: str
    trips: int
    kind: LoopKind


@dataclass(frozen=True)
class AccessFacts:
    """An access of a nest."""

    array: SSAValue
    stores: bool
    depth: int
    """How many loops of the nest are around it."""
    steps: tuple[tuple[int, ...], ...] | None
    """For each axis by how much an iteration of each loop of the nest moves the subscript; None if that is not so."""
    constants: tuple[int, ...]
    """For each axis what the subscript is beside that: comparable between accesses with the same base."""
    base: object
    """Equal for accesses whose subscripts differ by constants."""


@dataclass(frozen=True)
class NestFacts:
    """A nest: loops each of which has one loop in it, the outermost first."""

    loop: scf.ForOp
    loops: tuple[LoopFacts, ...]
    products: Mapping[ProductKind, int]
    """The products of an innermost iteration."""
    products_around: Mapping[ProductKind, int]
    """Those of an iteration of the loops around, which a pipeline has room for in every iteration."""
    accesses: tuple[AccessFacts, ...]
    perfect: int
    """How many loops, from the outermost on, have nothing but the next one in them."""
    waits_for_floats: bool
    """Whether iterations wait for floating-point numbers of the ones before."""

    @property
    def iterations(self) -> int:
        """Innermost iterations."""
        return prod(loop.trips for loop in self.loops)

    @property
    def work(self) -> int:
        """The products of all iterations."""
        return self.iterations * sum(self.products.values())


def nests_of(function: func.FuncOp, decided: Set[str]) -> Iterator[NestFacts]:
    """The nests of a function that may have lanes, in the order of the text, but for those with `decided` loops."""
    forms = LinearForms(value_ranges(function))
    for op in function.body.block.ops:
        if (
            isinstance(op, scf.ForOp)
            and not names_in(op) & decided
            and (facts := _facts(function, op, forms)) is not None
        ):
            yield facts


def _facts(function: func.FuncOp, loop: scf.ForOp, forms: LinearForms) -> NestFacts | None:
    nest = nest_of(loop)
    if nest is None or nest.iterations is None:
        return None
    spine = [nest]
    while spine[-1].children:
        if len(spine[-1].children) > 1:
            return None
        spine.append(spine[-1].children[0])
    loops = [each.loop for each in spine]
    if not all(constant_value(each.lb) is not None and counted_trips(each) for each in loops):
        return None
    accesses: list[AccessFacts] = []
    for depth, each in enumerate(spine, 1):
        for op in (inner for piece in each.pieces for outer in piece for inner in outer.walk()):
            if isinstance(op, MemoryAccess):
                accesses.append(_access(op, depth, loops, forms))
    return NestFacts(
        loop,
        tuple(LoopFacts(label_of(each), counted_trips(each) or 0, _kind(function, each)) for each in loops),
        _products(spine[-1].pieces),
        _products(piece for each in spine[:-1] for piece in each.pieces),
        tuple(accesses),
        len(perfect_chain(loop)),
        any(format_of(value.type) is not None for value in loops[-1].iter_args),
    )


def _kind(function: func.FuncOp, loop: scf.ForOp) -> LoopKind:
    if (counted_trips(loop) or 0) < 2 or obstacle(function, loop, 2) is not None:
        return LoopKind.FIXED
    if loop.iter_args:
        return LoopKind.REDUCTION if reduction(loop) is not None else LoopKind.FIXED
    return LoopKind.PARALLEL if carried(function, loop) is None else LoopKind.FIXED


def _products(pieces: Iterable[Sequence[Operation]]) -> Mapping[ProductKind, int]:
    ops = (inner for piece in pieces for op in piece for inner in op.walk())
    return Counter(kind for op in ops if (kind := product_kind(op)) is not None)


def _access(op: MemoryAccess, depth: int, loops: Sequence[scf.ForOp], forms: LinearForms) -> AccessFacts:
    found = forms.of_all(op.indices)
    counters = {loop.body.block.args[0]: number for number, loop in enumerate(loops)}
    inside = {
        value for form in found for value, _ in form.factors if value not in counters and _varies(value, loops[0])
    }
    steps: list[tuple[int, ...]] = []
    constants: list[int] = []
    rest: list[object] = []
    for form in found:
        factors = dict(form.factors)
        moves = [(constant_value(loop.step) or 1) * factors.get(loop.body.block.args[0], 0) for loop in loops]
        steps.append(tuple(moves))
        constants.append(form.constant)
        rest.append(form.moving)
    known = None if inside else tuple(steps)
    return AccessFacts(op.memref, isinstance(op, memref.StoreOp), depth, known, tuple(constants), tuple(rest))


def _varies(value: SSAValue, loop: scf.ForOp) -> bool:
    """Whether a value is made in a loop."""
    owner = value.owner if isinstance(value.owner, Operation) else value.owner.parent_op()
    return owner is not None and loop.is_ancestor(owner)
