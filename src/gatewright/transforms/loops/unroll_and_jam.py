"""Unroll-and-jam: do several iterations of a loop at once, also of one with loops in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.parallel_loops import carried
from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import LANES, LOOP, PARALLEL
from gatewright.errors import UnsupportedError
from gatewright.ir.constants import constant_value
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import fresh_label, label_of, labelled, lanes_of, loops_in, take_place
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import copied, functions_of, insert_before, keep_names, located

LaneValues = dict[SSAValue, SSAValue]

IN_ANY_ORDER = (
    *(arith.AddiOp, arith.MuliOp, arith.AndIOp, arith.OrIOp, arith.XOrIOp),
    *(arith.MinSIOp, arith.MinUIOp, arith.MaxSIOp, arith.MaxUIOp),
)
"""Operations by which a loop may take up its elements in any order."""


@dataclass(frozen=True)
class UnrollAndJamPass(ModulePass):
    """Do `factor` iterations of a loop in one, and those of loops inside together.

    ```
    for i in 0..16 {                         for i in 0..4 {
      s = for k in 0..8 carries s = 0 {        s0, s1, s2, s3 = for k in 0..8 carries s0 = 0, ... {
        s + load a[i, k] * load x[k]             x = load x[k]
      }                                ->        s0 + load a[4 * i, k] * x, s1 + load a[4 * i + 1, k] * x, ...
      store s, y[i]                            }
    }                                          store s0, y[4 * i]; store s1, y[4 * i + 1]; ...
                                             }
    ```

    What does not depend on the iteration is there once. Iterations that are left over when the number of iterations is
    no multiple of the factor are a loop of their own behind it. Legal for a loop without loops in it; for one whose
    iterations do not depend on each other (R. Allen and K. Kennedy, Optimizing Compilers for Modern Architectures,
    2001, section 8.4); and for one that carries integers through the loops inside to a sum, or another operation that
    takes up its operands in any order. `loop` is its name.
    """

    name = "unroll-and-jam"

    loop: str = ""
    factor: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if (loop := labelled(function, self.loop)) is not None:
                unroll(function, loop, self.factor)


def unroll(function: func.FuncOp, loop: scf.ForOp, factor: int) -> None:
    """Do so many iterations of a loop at once. Raises UnsupportedError where that is not possible or not legal."""
    unroll_all(function, [(loop, factor)])


def _check(function: func.FuncOp, loop: scf.ForOp, factor: int) -> None:
    if (reason := obstacle(function, loop, factor)) is not None:
        raise UnsupportedError(
            f"{factor} iterations of loop {label_of(loop)} cannot be done at once",
            where=source_location(loop),
            why=reason,
        )


def _unroll(function: func.FuncOp, loop: scf.ForOp, factor: int) -> None:
    if factor == 1:
        return
    trips = counted_trips(loop)
    assert trips is not None
    if rest := trips % factor:
        loop = _peeled(function, loop, trips - rest)
    _Unroller(loop, factor).replace()


def unroll_all(function: func.FuncOp, loops: Sequence[tuple[scf.ForOp, int]]) -> None:
    """Do so many iterations at once of each of some loops; each is asked about before any has changed."""
    for loop, factor in loops:
        _check(function, loop, factor)
    for name, factor in [(label_of(loop), factor) for loop, factor in loops]:
        found = labelled(function, name)
        assert found is not None
        _unroll(function, found, factor)


def obstacle(function: func.FuncOp, loop: scf.ForOp, factor: int) -> str | None:
    """Why so many iterations of a loop cannot be done at once, in words; None if they can."""
    trips = counted_trips(loop)
    if trips is None or constant_value(loop.lb) is None or not isinstance(loop.lb.type, IndexType):
        return "its bounds are not constants"
    if factor > trips:
        return f"it has {trips} iterations"
    inner = [each for each in loops_in(loop) if each is not loop]
    if factor == 1 or not inner:
        return None
    if any(isinstance(each, scf.WhileOp) for each in inner) or any(
        isinstance(each, scf.IfOp) for each in _around(inner)
    ):
        return "a loop in it has no known number of iterations"
    for each in inner:
        if any(loop.is_ancestor(bound.owner) for bound in (each.operands[0], each.operands[1], each.operands[2])):
            return f"the iterations of {label_of(each)} depend on it"
    if loop.iter_args:
        return None if reduction(loop) is not None else "it carries values that are not sums of integers"
    return carried(function, loop)


def _around(loops: Sequence[Operation]) -> list[Operation]:
    return [outer for loop in loops if (outer := loop.parent_op()) is not None]


def reduction(loop: scf.ForOp) -> scf.ForOp | None:
    """The innermost loop to which a loop carries integers through, where all are taken up in any order; else None.

    None also if loops store, since then what they do for an iteration may depend on another one.
    """
    if any(isinstance(op, memref.StoreOp) for op in loop.walk()):
        return None
    found = loop
    while inner := [op for op in found.body.block.ops if isinstance(op, scf.ForOp)]:
        end = found.body.block.last_op
        assert end is not None
        if len(inner) != 1 or list(inner[0].iter_args) != list(found.body.block.args[1:]):
            return None
        if list(end.operands) != list(inner[0].results):
            return None
        found = inner[0]
    return found if takes_up_in_any_order(found) else None


def takes_up_in_any_order(loop: scf.ForOp) -> bool:
    """Whether all that an innermost loop carries is what integers are taken up into, in any order."""
    body = loop.body.block
    end = body.last_op
    assert end is not None
    return all(
        _kind(argument, following, body) is not None
        for argument, following in zip(body.args[1:], end.operands, strict=True)
    )


def _kind(argument: SSAValue, following: SSAValue, body: Block) -> type[Operation] | None:
    """By which operation a carried value takes up others, if it is used in no other way."""
    kind: type[Operation] | None = None
    value = argument
    while value is not following:
        uses = list(value.uses)
        user = uses[0].operation if len(uses) == 1 else None
        if not isinstance(user, IN_ANY_ORDER) or user.parent is not body or kind not in (None, type(user)):
            return None
        kind, value = type(user), user.results[0]
    return kind if len(list(following.uses)) == 1 else None


def _peeled(function: func.FuncOp, loop: scf.ForOp, trips: int) -> scf.ForOp:
    """Let a loop have so many iterations, and another one behind it the others; return the first."""
    low, step = constant_value(loop.lb), constant_value(loop.step)
    assert low is not None and step is not None
    bound = insert_before(arith.ConstantOp(IntegerAttr(low + trips * step, IndexType())), loop).result
    rest = copied(loop, {})
    for inner in loops_in(rest):
        LOOP.set(inner, [fresh_label(function, f"{label_of(inner)}_rest")])
    assert loop.parent is not None
    loop.parent.insert_op_after(rest, loop)
    for result, following in zip(loop.results, rest.results, strict=True):
        result.replace_all_uses_with(following)
    rest.operands[0] = bound
    for position, result in enumerate(loop.results):
        rest.operands[3 + position] = result
    loop.operands[1] = bound
    return loop


@dataclass
class _Unroller:
    """Builds the unrolled form of one loop."""

    loop: scf.ForOp
    factor: int

    def __post_init__(self):
        self.in_turn = bool(self.loop.iter_args)
        """Whether iterations hand on values, one after the other."""
        stored = {op.memref for op in self.loop.walk() if isinstance(op, memref.StoreOp)}
        self.may_share = not self.in_turn and any(each is not self.loop for each in loops_in(self.loop))
        """Whether loads of one element at once find the same there: no iteration depends on another one."""
        self.stored = set() if self.may_share else stored

    def replace(self) -> None:
        """Put the unrolled loop in the place of the loop."""
        loop, trips = self.loop, counted_trips(self.loop)
        low, step = constant_value(loop.lb), constant_value(loop.step)
        assert trips is not None and low is not None and step is not None
        old = loop.body.block
        body = Block(arg_types=[argument.type for argument in old.args])
        for before, after in zip(old.args, body.args, strict=True):
            after.name_hint = before.name_hint
        lanes: list[LaneValues] = []
        for number in range(self.factor):
            counter = self._add(body, arith.MuliOp(body.args[0], self._index(self.factor * step)))
            counter = self._add(body, arith.AddiOp(counter, self._index(low + number * step)))
            lanes.append({old.args[0]: counter})
        carried: list[SSAValue] = list(body.args[1:])
        body.add_op(scf.YieldOp(*self._block(old, body, lanes, carried)))
        zero, bound, one = (self._index(number) for number in (0, trips // self.factor, 1))
        new = insert_before(scf.ForOp(zero, bound, one, list(loop.iter_args), Region(body)), loop)
        self._note(loop, new)
        keep_names(loop, new)
        Rewriter.replace_op(loop, [], list(new.results))

    def _block(self, old: Block, body: Block, lanes: list[LaneValues], carried: list[SSAValue]) -> list[SSAValue]:
        """Append what a block does in all lanes; return what it hands on.

        `carried` are the arguments of the new block, for a block that carries something: those of one iteration after
        the other if they hand it on, else those of the first iteration, of the second and so on.
        """
        end = old.last_op
        assert end is not None
        count = len(old.args) - 1
        inner = any(isinstance(op, scf.ForOp) for op in old.ops)
        if not inner and (self.in_turn or old is self.loop.body.block):
            for lane in lanes:
                lane.update(zip(old.args[1:], carried, strict=True))
                for op in list(old.ops)[:-1]:
                    self._one(op, body, lanes, lane)
                carried = [lane.get(value, value) for value in end.operands]
            return carried
        for number, lane in enumerate(lanes):
            mine = carried if self.in_turn else carried[number * count : (number + 1) * count]
            lane.update(zip(old.args[1:], mine, strict=True))
        for op in list(old.ops)[:-1]:
            if isinstance(op, scf.ForOp):
                self._inner(op, body, lanes)
            else:
                for lane in lanes:
                    self._one(op, body, lanes, lane)
        if self.in_turn:
            return [lanes[0].get(value, value) for value in end.operands]
        return [lane.get(value, value) for lane in lanes for value in end.operands]

    def _one(self, op: Operation, body: Block, lanes: list[LaneValues], lane: LaneValues) -> None:
        """Append an operation of one lane, unless it is there already for all."""
        if op.results and op.results[0] in lane:
            return
        shared = self._is_shared(op, lanes)
        copy = copied(op, lane)
        body.add_op(copy)
        if shared:
            for other in lanes:
                other.update(zip(op.results, copy.results, strict=True))

    def _is_shared(self, op: Operation, lanes: list[LaneValues]) -> bool:
        """Whether an operation gives the same in all lanes."""
        if not is_pure(op) and not (isinstance(op, memref.LoadOp) and op.memref not in self.stored):
            return False
        first = lanes[0]
        return all(lane.get(each, each) is first.get(each, each) for each in op.operands for lane in lanes[1:])

    def _inner(self, op: scf.ForOp, body: Block, lanes: list[LaneValues]) -> None:
        """Append a loop that does what a loop does in each lane."""
        given = lanes[:1] if self.in_turn else lanes
        initial = [lane.get(value, value) for lane in given for value in op.iter_args]
        old = op.body.block
        inside = Block(arg_types=[old.args[0].type, *(value.type for value in initial)])
        inside.args[0].name_hint = old.args[0].name_hint
        for position, argument in enumerate(inside.args[1:]):
            argument.name_hint = old.args[1 + position % (len(old.args) - 1)].name_hint
        for lane in lanes:
            lane[old.args[0]] = inside.args[0]
        inside.add_op(scf.YieldOp(*self._block(old, inside, lanes, list(inside.args[1:]))))
        low, high, step = (lanes[0].get(bound, bound) for bound in (op.lb, op.ub, op.step))
        new = located(scf.ForOp(low, high, step, initial, Region(inside)), op)
        body.add_op(new)
        self._note(op, new)
        count = len(op.results)
        for number, lane in enumerate(lanes):
            mine = new.results if self.in_turn else new.results[number * count : (number + 1) * count]
            lane.update(zip(op.results, mine, strict=True))

    def _note(self, old: scf.ForOp, new: scf.ForOp) -> None:
        take_place([old], new)
        LANES.set(new, self.factor * lanes_of(old))
        if PARALLEL.value(old):
            PARALLEL.set(new)

    def _index(self, number: int) -> SSAValue:
        return insert_before(arith.ConstantOp(IntegerAttr(number, IndexType())), self.loop).result

    def _add(self, block: Block, op: Operation) -> SSAValue:
        block.add_op(located(op, self.loop))
        return op.results[0]
