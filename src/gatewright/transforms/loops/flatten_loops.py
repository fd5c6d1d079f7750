"""Turn a nest of counted loops into one loop, perfect or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.distances import FunctionDistances, can_be_run, number_accesses
from gatewright.analysis.ranges import Range, value_ranges
from gatewright.analysis.trip_count import note_trips
from gatewright.dialects.notes import DISTANCES
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value, does_not_matter
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled, take_place
from gatewright.ir.rewriting import functions_of
from gatewright.transforms.loops.flat_loop import FlatLoopBuilder
from gatewright.transforms.loops.nest import Nest, nest_of
from gatewright.transforms.loops.prefetch_bounds import BoundsPrefetch, loads_of_bounds


@dataclass(frozen=True)
class FlattenLoopsPass(ModulePass):
    """Run the innermost iterations of a nest one after the other in a single loop.

    ```
    for i in 0..8 {                      i, j, acc, fresh = 0, 0, 0, true
      before                             while going {
      acc = for j in 0..8 (acc = a) {      if fresh { before }
        body                               acc = select(fresh, a, acc)
      }                             ->     body
      after                                last = not (j + 1 < 8)
    }                                      if last { after }
                                           i, j = select(last, (i + 1, 0), (i, j + 1))
                                           fresh, going = last, not (last and i + 1 == 8)
                                         }
    ```

    Counters run along instead of being divided out of one. What stands before, between and behind inner loops becomes
    part of the first and last iterations of these, under predicates, and so costs no time of its own. Several inner
    loops take turns. An inner loop without iterations takes one in which it does nothing. Bounds of inner loops that
    are loaded are loaded one iteration of the outermost loop ahead, so that nobody waits for them. Expects nests of
    `scf.for` with straight-line code between; what is not such a nest stays. `loop` is the name of the outermost loop
    of a nest; without one all nests are flattened.
    """

    name = "flatten-loops"

    loop: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if not self.loop:
                flatten(function, nests_in(function.body.block, lambda nest: True))
            elif (loop := labelled(function, self.loop)) is not None:
                nest = nest_of(loop)
                if nest is None or not nest.children:
                    raise not_flat(loop)
                flatten(function, [nest])


def not_flat(loop: scf.ForOp) -> UnsupportedError:
    """The error for a loop that is no nest to flatten."""
    return UnsupportedError(
        f"loop {label_of(loop)} cannot be flattened",
        where=source_location(loop),
        why="it is no nest of counted loops with what takes a cycle after another between them",
    )


def flatten(function: func.FuncOp, nests: Iterable[Nest]) -> None:
    """Make a single loop of each of some nests of a function."""
    nests = list(nests)
    ranges = value_ranges(function) if nests else {}
    noted = {nest.loop: note for nest in nests if (note := _note_distances(nest, function, ranges)) is not None}
    for nest in nests:
        _Flattener(nest, ranges).flatten(noted.get(nest.loop))


def nests_in(block: Block, wanted: Callable[[Nest], bool]) -> Iterator[Nest]:
    """The nests that can be flattened and are wanted, in the order of the text; of those that are not, those inside."""
    for op in block.ops:
        if isinstance(op, scf.ForOp):
            nest = nest_of(op)
            if nest is not None and nest.children and wanted(nest):
                yield nest
                continue
        for region in op.regions:
            for inner in region.blocks:
                yield from nests_in(inner, wanted)


def _note_distances(
    nest: Nest, function: func.FuncOp, ranges: Mapping[SSAValue, Range]
) -> ArrayAttr[DenseArrayBase] | None:
    """Find how far apart the accesses of a nest are, if that is not found later by running its control."""
    stored = {op.memref for op in nest.loop.walk() if isinstance(op, memref.StoreOp)}
    accesses = [op for op in nest.loop.walk() if isinstance(op, MemoryAccess) and op.memref in stored]
    if len(accesses) < 2 or can_be_run(nest.loop, ranges):
        return None
    distances = FunctionDistances(function).of_nest(nest.loop)
    return None if distances is None else number_accesses(nest.loop, distances)


@dataclass
class _Turn:
    """What an iteration of the flat loop has done for one loop of the nest."""

    ends: SSAValue
    """True if the loop has ended with it."""
    results: list[SSAValue]
    """What the loop yields, if it has."""
    ends_iteration: SSAValue | None
    """True if an iteration of the loop has ended with it (None: always)."""


class _Flattener:
    """Builds the flat loop of one nest."""

    def __init__(self, nest: Nest, ranges: Mapping[SSAValue, Range]):
        self.nest = nest
        self.ranges = ranges
        self.slot = FlatLoopBuilder(nest.loop.location)
        self.ahead = {load: BoundsPrefetch(load, nest, self.slot) for load in loads_of_bounds(nest)}

    def flatten(self, distances: ArrayAttr[DenseArrayBase] | None) -> None:
        """Replace the nest by the flat loop, at which `distances` of its accesses are noted."""
        loop, slot = self.nest.loop, self.slot
        parent = loop.parent_block()
        assert parent is not None
        starts = arith.CmpiOp(loop.lb, loop.ub, "slt")
        starts.location = loop.location
        going = slot.carry(starts.result, "going")
        counter = slot.carry(loop.lb, loop.body.block.args[0].name_hint)
        arguments = [slot.carry(v, a.name_hint) for v, a in zip(loop.iter_args, loop.body.block.args[1:], strict=True)]
        for each in self.ahead.values():
            each.begin()
        turn = self._turn(self.nest, None, None, counter, arguments)
        for each in self.ahead.values():
            each.proceed(turn.ends_iteration, counter)
        slot.update(going, slot.invert(turn.ends))
        flat = slot.finish(going)
        note_trips(flat, self.nest.iterations)
        take_place([op for op in loop.walk() if isinstance(op, scf.ForOp)], flat)
        if distances is not None:
            flat.attributes[DISTANCES.name] = distances
        for op in (starts, *slot.outside, flat):
            parent.insert_op_before(op, loop)
        first = slot.position(arguments[0]) if arguments else 0
        Rewriter.replace_op(loop, [], list(flat.results[first : first + len(arguments)]))

    def _turn(
        self,
        nest: Nest,
        active: SSAValue | None,
        fresh: SSAValue | None,
        counter: SSAValue,
        arguments: Sequence[SSAValue | None],
    ) -> _Turn:
        """Emit what one iteration of the flat loop does for a loop of the nest.

        `active` says whether it is the loop's turn (None: always), `fresh` whether it starts the loop (None for the
        outermost one), `counter` and `arguments` are what is carried; of arguments None if the loop around carries it.
        """
        slot, loop = self.slot, nest.loop
        block = loop.body.block
        now = counter if fresh is None else slot.select(fresh, slot.value(loop.lb), counter)
        started = [
            carried
            if fresh is None or carried is None or does_not_matter(initial)
            else slot.select(fresh, slot.value(initial), carried)
            for carried, initial in zip(arguments, loop.iter_args, strict=True)
        ]
        started = [
            slot.value(initial) if value is None else value
            for value, initial in zip(started, loop.iter_args, strict=True)
        ]
        slot.values.update(zip(block.args, [now, *started], strict=True))
        runs = active
        inside = None
        if fresh is not None and not self._surely_runs(loop):
            inside = slot.compare("slt", now, slot.value(loop.ub))
            runs = slot.both(active, inside)
        ends_iteration = self._iteration(nest, runs)
        following = slot.add(now, slot.value(loop.step))
        exhausted = self._exhausted(loop, now, following)
        ends = slot.also(ends_iteration, exhausted)
        if inside is not None:
            ends = slot.either(ends, slot.invert(inside))
        yielded = [slot.value(value) for value in nest.terminator.operands]
        steps = ends_iteration if inside is None else slot.both(ends_iteration, inside)
        passed = nest.passed_through
        results = [
            slot.select(inside if position in passed else steps, new, old)
            for position, (new, old) in enumerate(zip(yielded, started, strict=True))
        ]
        slot.update(counter, slot.select(active, slot.select(ends_iteration, following, now), counter))
        for carried, result in zip(arguments, results, strict=True):
            if carried is not None:
                slot.update(carried, slot.select(active, result, carried))
        if fresh is not None:
            slot.update(fresh, slot.select(active, ends, fresh))
        return _Turn(ends, results, ends_iteration)

    def _exhausted(self, loop: scf.ForOp, now: SSAValue, following: SSAValue) -> SSAValue:
        """Whether an iteration of a loop is its last one.

        The counter is compared with the one of the last iteration where that is known before the nest starts: it does
        not wrap if the loop runs at all, and where it does not, nobody asks.
        """
        slot, bound = self.slot, loop.ub
        if bound in slot.values or constant_value(loop.step) != 1:
            return slot.compare("sge", following, slot.value(bound))
        last = arith.SubiOp(bound, slot.constant(1, bound.type))
        last.location = slot.location
        slot.outside.append(last)
        return slot.compare("sge", now, last.result)

    def _iteration(self, nest: Nest, runs: SSAValue | None) -> SSAValue | None:
        """Emit the pieces and inner loops of an iteration; return when it ends (None: always)."""
        slot = self.slot
        if not nest.children:
            self._piece(nest.pieces[0], runs)
            return None
        turn_of = slot.carry_turn(len(nest.children))
        passed = set(nest.passed_through.values())
        carried = [self._carry(child, passed) for child in nest.children]
        first = slot.also(slot.is_turn(turn_of, 0), carried[0][0])
        self._piece(nest.pieces[0], slot.both(runs, first), hold=True)
        ends: SSAValue | None = None
        for number, child in enumerate(nest.children):
            mine = slot.is_turn(turn_of, number)
            fresh, counter, arguments = carried[number]
            turn = self._turn(child, slot.both(runs, mine), fresh, counter, arguments)
            ends = slot.also(mine, turn.ends)
            if turn_of is not None:
                following = (number + 1) % len(nest.children)
                slot.advance_turn(turn_of, slot.both(runs, ends), following)
            last = number == len(nest.children) - 1
            for result, value in zip(child.loop.results, turn.results, strict=True):
                slot.values[result] = value if last else slot.hold(value, slot.both(runs, ends))
            self._piece(nest.pieces[number + 1], slot.both(runs, ends), hold=not last)
        return ends

    def _carry(self, child: Nest, passed: Set[int]) -> tuple[SSAValue, SSAValue, list[SSAValue | None]]:
        """The carried values of an inner loop: whether it is about to start, its counter, its arguments.

        Those that are `passed` through to it have none of their own.
        """
        slot, block = self.slot, child.loop.body.block
        fresh = slot.carry(slot.outside_true(), "fresh")
        counter = slot.carry(slot.outside_zero(block.args[0].type), block.args[0].name_hint)
        arguments = [
            None if position in passed else slot.carry(slot.outside_zero(argument.type), argument.name_hint)
            for position, argument in enumerate(block.args[1:])
        ]
        return fresh, counter, arguments

    def _piece(self, ops: Sequence[Operation], when: SSAValue | None, hold: bool = False) -> None:
        """Emit straight-line code that takes effect when `when` holds (None: always).

        Operations without effect run anyway. Values loaded are held for the iterations that follow, if `hold`.
        """
        for op in ops:
            if isinstance(op, memref.LoadOp) and op in self.ahead:
                self.slot.values[op.res] = self.ahead[op].current
            elif isinstance(op, memref.LoadOp):
                loaded = self.slot.load(op, when)
                self.slot.values[op.res] = self.slot.hold(loaded, when) if hold and _is_used_beyond(op, ops) else loaded
            elif isinstance(op, memref.StoreOp):
                self.slot.store(op, when)
            elif isinstance(op, scf.IfOp):
                condition = self.slot.both(when, self.slot.value(op.cond))
                for inner in op.true_region.block.ops:
                    if isinstance(inner, memref.StoreOp):
                        self.slot.store(inner, condition)
            else:
                self.slot.copy(op)

    def _surely_runs(self, loop: scf.ForOp) -> bool:
        """True if the loop has at least one iteration whenever it starts."""
        low, high = self.ranges.get(loop.lb), self.ranges.get(loop.ub)
        return low is not None and high is not None and low[1] < high[0]


def _is_used_beyond(op: memref.LoadOp, piece: Sequence[Operation]) -> bool:
    """True if what an operation loads matters after its piece of code, possibly through other operations of it."""
    inside = {id(other) for other in piece}
    pending, seen = [op.res], set()
    while pending:
        value = pending.pop()
        for use in value.uses:
            user = use.operation
            if isinstance(user, memref.StoreOp) and isinstance(user.parent_op(), scf.IfOp):
                user = user.parent_op() or user
            if id(user) not in inside:
                return True
            if id(user) not in seen:
                seen.add(id(user))
                pending.extend(user.results)
    return False
