"""How many iterations of a loop lie between accesses that have to stay in order, by integer sets.

For loops whose control cannot be run (`traced_dependences`): their bounds are arguments or loaded, or their iterations
very many. What is found for a nest is noted at the one loop that takes its place, where counters can no longer be told
from data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, i64
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from gatewright.analysis import traced_dependences
from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import ArrayAccess
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.flat_distances import FlatDistances
from gatewright.analysis.dependences.from_loops import DescribedFunction
from gatewright.analysis.function_dependences import MOST_ACCESSES, QUESTION_EFFORT, FunctionDependences
from gatewright.analysis.ranges import Range
from gatewright.dialects.notes import ACCESS, DISTANCES, TURN

MOST_GIVEN_UP = 4
"""Questions about a loop after which no more are asked."""


@dataclass(frozen=True)
class Distances:
    """The least numbers of iterations from one access to another that has to wait for it; 0 if that is not known.

    Without an entry for two known accesses, they never touch the same element, or in the other order only.
    """

    least: Mapping[tuple[Operation, Operation], int]
    known: frozenset[Operation]

    def of_copy(self, copies: Mapping[Operation, Operation]) -> Distances:
        """The same for a copy of the loop."""
        least = {(copies[one], copies[other]): least for (one, other), least in self.least.items()}
        return Distances(least, frozenset(copies[op] for op in self.known))

    def distance(self, earlier: Operation, later: Operation) -> int | None:
        """The least number of iterations between two accesses, at least 1; None if there is none, 1 if unknown."""
        if earlier not in self.known or later not in self.known:
            return 1
        least = self.least.get((earlier, later))
        return None if least is None else max(1, least)

    def meet(self, one: Operation, other: Operation) -> bool:
        """True if two accesses may touch the same element in the same iteration."""
        if one not in self.known or other not in self.known:
            return True
        return 0 in (self.least.get((one, other)), self.least.get((other, one)))

    def take_turns(self, one: Operation, other: Operation) -> bool:
        """True if two accesses of a nest never happen in the same iteration, being in inner loops that take turns."""
        turns = [TURN.of(op) for op in (one, other)]
        paths = [turn.get_values() for turn in turns if isinstance(turn, DenseArrayBase)]
        return len(paths) == 2 and any(mine != theirs for mine, theirs in zip(*paths, strict=False))


class FunctionDistances:
    """Distances in the loops of a function, as it was when they were first asked for."""

    def __init__(self, function: func.FuncOp):
        self.function = function

    @cached_property
    def _described(self) -> tuple[DescribedFunction, DependenceAnalysis] | None:
        """The function as the analysis sees it; None if that is too much work."""
        return FunctionDependences.of(self.function).known

    def of_loop(self, loop: Operation) -> Distances | None:
        """Distances in iterations of a loop; None if it was not there when the first were asked for."""
        if self._described is None or (node := self._described[0].loop_of.get(loop)) is None:
            return None
        analysis = self._described[1]
        return self._between(loop, lambda source, target: analysis.loop_distance(node, source, target))

    def of_nest(self, nest: scf.ForOp) -> Distances | None:
        """Distances in innermost iterations of a nest, see `FlatDistances`."""
        if self._described is None:
            return None
        described, analysis = self._described
        root, ticks = described.loop_of[nest], FlatDistances(described.description, analysis)
        return self._between(nest, lambda source, target: ticks.distance(root, source, target))

    def _between(self, loop: Operation, distance: Callable[[ArrayAccess, ArrayAccess], int | None]) -> Distances | None:
        """Ask for the distances between all accesses of a loop; after too many questions given up, no more."""
        assert self._described is not None
        access_of = self._described[0].access_of
        inside = [op for op in access_of if _is_inside(op, loop)]
        if len(inside) > MOST_ACCESSES:
            return None
        least: dict[tuple[Operation, Operation], int] = {}
        given_up = 0
        for source in inside:
            for target in inside:
                found: int | None = 0
                if given_up < MOST_GIVEN_UP:
                    try:
                        with limited(QUESTION_EFFORT):
                            found = distance(access_of[source], access_of[target])
                    except EffortError:
                        given_up += 1
                if found is not None:
                    least[source, target] = found
        return Distances(least, frozenset(inside))


def _is_inside(op: Operation, outer: Operation) -> bool:
    while (parent := op.parent_op()) is not None:
        if parent is outer:
            return True
        op = parent
    return False


def note_distances(loop: Operation, distances: Distances) -> None:
    """Note distances at a loop, so that they hold for copies of it."""
    loop.attributes[DISTANCES.name] = number_accesses(loop, distances)


def number_accesses(nest: Operation, distances: Distances) -> ArrayAttr[DenseArrayBase]:
    """Number the known accesses of a nest, and give the attribute for the loop that is to take copies of them."""
    order = sorted(distances.known, key=_place)
    for number, op in enumerate(order):
        ACCESS.set(op, number)
        op.attributes[TURN.name] = DenseArrayBase.from_list(i64, _turn(op, nest))
    number_of = {op: number for number, op in enumerate(order)}
    triples = sorted((number_of[a], number_of[b], least) for (a, b), least in distances.least.items())
    return ArrayAttr([DenseArrayBase.from_list(i64, list(triple)) for triple in triples])


def _turn(op: Operation, nest: Operation) -> list[int]:
    """The inner loop of a nest that an operation is in, and the one in that, and so on, by their numbers."""
    path: list[int] = []
    while op is not nest:
        block, parent = op.parent, op.parent_op()
        assert block is not None and parent is not None
        if isinstance(op, scf.ForOp):
            path.append([other for other in block.ops if isinstance(other, scf.ForOp)].index(op))
        op = parent
    return path[::-1]


def _place(op: Operation) -> tuple[int, ...]:
    """Where an operation stands in the text, comparable with others of the function."""
    place: list[int] = []
    while isinstance(block := op.parent, Block) and (parent := op.parent_op()) is not None:
        place += [block.get_operation_index(op), parent.regions.index(block.parent)]
        op = parent
    return tuple(reversed(place))


def noted_distances(loop: Operation) -> Distances | None:
    """The distances that were noted at a loop for its accesses, None if there are none."""
    noted = DISTANCES.of(loop)
    if not isinstance(noted, ArrayAttr):
        return None
    numbered: dict[int, Operation] = {}
    for op in loop.walk():
        if (number := ACCESS.value(op)) is not None:
            if number in numbered:
                return None
            numbered[number] = op
    least: dict[tuple[Operation, Operation], int] = {}
    for triple in noted:
        assert isinstance(triple, DenseArrayBase)
        source, target, distance = map(int, triple.get_values())
        if source in numbered and target in numbered:
            least[numbered[source], numbered[target]] = distance
    return Distances(least, frozenset(numbered.values()))


def can_be_run(loop: scf.ForOp, ranges: Mapping[SSAValue, Range]) -> bool:
    """True if the control of a nest, and of the loops around it, depends on no data, and ends soon enough."""
    outermost = loop
    while isinstance(parent := outermost.parent_op(), scf.ForOp):
        outermost = parent
    if not isinstance(outermost.parent_op(), func.FuncOp):
        return False
    nest = [op for op in outermost.walk() if isinstance(op, scf.ForOp)]
    if not all(_is_control(bound) for each in nest for bound in (each.lb, each.ub, each.step)):
        return False
    return _iterations(outermost, ranges) <= traced_dependences.MOST_ITERATIONS


def _is_control(value: SSAValue) -> bool:
    """True if a value is computed from constants and counters of loops only."""
    if isinstance(value, BlockArgument):
        return isinstance(value.block.parent_op(), scf.ForOp) and value.index == 0
    owner = value.owner
    assert isinstance(owner, Operation)
    if isinstance(owner, arith.ConstantOp):
        return True
    return owner.name.startswith("arith.") and all(map(_is_control, owner.operands))


def _iterations(loop: scf.ForOp, ranges: Mapping[SSAValue, Range]) -> int:
    """The greatest number of innermost iterations of a nest that its value ranges allow."""
    low, high, step = (ranges.get(value) for value in (loop.lb, loop.ub, loop.step))
    if low is None or high is None or step is None or step[0] < 1:
        return traced_dependences.MOST_ITERATIONS + 1
    trips = max(1, -(-(high[1] - low[0]) // step[0]))
    inner = [op for op in loop.body.block.ops if isinstance(op, scf.ForOp)]
    return trips * max(1, sum(_iterations(each, ranges) for each in inner))


def carry_number(source: Operation, copy: Operation) -> None:
    """Give a copy of an access what is noted at the original."""
    for note in (ACCESS, TURN):
        if (noted := note.of(source)) is not None:
            copy.attributes[note.name] = noted


def drop_notes(op: Operation) -> None:
    """Take from an access what is noted at it."""
    for note in (ACCESS, TURN):
        note.drop(op)
