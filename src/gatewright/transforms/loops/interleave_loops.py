"""Interleave the iterations of a parallel loop where each would wait for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.parallel_loops import carried
from gatewright.analysis.sums import note_sums
from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import ANY, LOOP
from gatewright.errors import UnsupportedError
from gatewright.ir.backward_slice import backward_slice
from gatewright.ir.constants import constant_value, zero_of
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import fresh_label, label_of, labelled, take_place
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import copied, functions_of, located
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS
from gatewright.transforms.loops.nest import Nest, nest_of
from gatewright.transforms.loops.permute_loops import move_inside, perfect_nest


@dataclass(frozen=True)
class InterleaveLoopsPass(ModulePass):
    """Do an iteration of an inner loop for several iterations of the loop around it, one cycle after the other.

    ```
    for i in 0..48 {                         for b in 0..48 step 8 {
      s = for k in 0..64 carries s = 0 {       for k in 0..64 carries s0 ... s7 {
        s + load a[i, k] * load x[k]             for t in 0..8 carries s0 ... s7 {
      }                                            p = k == 0 ? 0 : s0
      store s, y[i]                    ->          n = p + load a[b + t, k] * load x[k]
    }                                              if k == 63 { store n, y[b + t] }
                                                   carry s1 ... s7, n
                                               } } }
    ```

    An addition that takes seven cycles makes an inner loop take seven cycles an iteration. Of eight sums side by side
    each may take eight. Every sum keeps its order, so the results stay what they were. Legal if no iteration of the
    outer loop depends on another (loop interchange, R. Allen and K. Kennedy, Optimizing Compilers for Modern
    Architectures, 2001, section 5.2): refused otherwise, and where the loop is not the parallel loop around a reduction
    with constant bounds. `loop` is its name, `count` how many iterations take turns. A loop further out in the same
    perfect nest is moved inside first.
    """

    name = "interleave-loops"

    loop: str = ""
    count: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if (loop := labelled(function, self.loop)) is not None:
                interleave(function, loop, self.count)


@dataclass(frozen=True)
class ReductionNest:
    """A loop around a reduction, and the loops of that, from the outermost on."""

    loop: scf.ForOp
    inner: list[scf.ForOp]
    size: int
    """The number of operations in it."""

    @property
    def trips(self) -> int:
        """The iterations of the loop."""
        return counted_trips(self.loop) or 1

    @property
    def body(self) -> Block:
        """What an iteration of the reduction does."""
        return self.inner[-1].body.block

    @property
    def is_exact(self) -> bool:
        """Whether the number of iterations has to be a multiple of those that take turns: one too many would store."""
        return any(isinstance(op, memref.StoreOp | scf.IfOp) for op in self.body.ops)

    @property
    def before(self) -> list[Operation]:
        """What an iteration does before the inner loops."""
        ops = list(self.loop.body.block.ops)
        return ops[: ops.index(self.inner[0])]

    @property
    def behind(self) -> list[Operation]:
        """What an iteration does behind the inner loops."""
        ops = list(self.loop.body.block.ops)
        return ops[ops.index(self.inner[0]) + 1 : -1]


def reduction_nest(loop: scf.ForOp) -> ReductionNest | None:
    """The reduction inside a loop, if iterations of the loop could take turns around it."""
    trips, nest = counted_trips(loop), nest_of(loop)
    if trips is None or trips < 2 or nest is None or loop.iter_args or not isinstance(loop.lb.type, IndexType):
        return None
    inner = _reduction(nest)
    if inner is None or not all(map(_is_fixed, inner)):
        return None
    found = ReductionNest(loop, inner, nest.size)
    return None if any(isinstance(op, memref.StoreOp | scf.IfOp) for op in found.before) else found


def interleave(function: func.FuncOp, loop: scf.ForOp, count: int) -> None:
    """Let so many iterations of a loop take turns. Raises UnsupportedError where that is not possible or not legal."""
    if count <= 1:
        return
    nests = [perfect_nest(each) for each in function.walk() if isinstance(each, scf.ForOp)]
    around = [nest for nest in nests if any(each is loop for each in nest) and reduction_nest(nest[-1]) is not None]
    if not around:
        raise _refused(
            loop, count, "it is no loop with constant bounds around a reduction that carries what it sums up"
        )
    nest = around[0]
    found = reduction_nest(nest[-1])
    assert found is not None
    trips = counted_trips(loop) or 1
    if count > trips or (found.is_exact and trips % count):
        what = f"a divisor of its {trips} iterations" if found.is_exact else f"at most its {trips} iterations"
        raise _refused(loop, count, f"the iterations that take turns have to be {what}")
    if (reason := carried(function, loop)) is not None:
        raise _refused(loop, count, reason)
    at = next(position for position, each in enumerate(nest) if each is loop)
    move_inside(nest[at:])
    label = fresh_label(function, f"{label_of(found.loop)}_turn")
    _Interleaver(found, count, label).replace()


def _refused(loop: scf.ForOp, count: int, why: str) -> UnsupportedError:
    what = f"{count} iterations of loop {label_of(loop)} cannot take turns"
    return UnsupportedError(what, where=source_location(loop), why=why)


def _reduction(nest: Nest) -> list[scf.ForOp] | None:
    """The loops of a perfect nest inside a loop that do nothing but carry values through to the innermost one."""
    found: list[scf.ForOp] = []
    while nest.children:
        if len(nest.children) != 1:
            return None
        (child,) = nest.children
        found.append(child.loop)
        if any(isinstance(op, LONG_OPERATIONS) for piece in child.pieces for op in piece):
            return None
        if child.children:
            carried = len(child.loop.iter_args)
            inner = child.children[0].loop if len(child.children) == 1 else child.loop
            in_order = {position: position for position in range(carried)}
            if child.passed_through != in_order or len(inner.iter_args) != carried:
                return None
            if not all(is_pure(op) for piece in child.pieces for op in piece):
                return None
        nest = child
    return found if found and found[-1].iter_args else None


def _between(loop: scf.ForOp) -> list[Operation]:
    """What a loop does beside the loop inside it."""
    return [op for op in list(loop.body.block.ops)[:-1] if not isinstance(op, scf.ForOp)]


def _block_of(value: SSAValue) -> Block:
    block = value.owner if isinstance(value.owner, Block) else value.owner.parent
    assert block is not None
    return block


def _is_fixed(inner: scf.ForOp) -> bool:
    """True if a loop has constant bounds, at least one iteration, and a counter like that of the loop around it."""
    return bool(counted_trips(inner)) and isinstance(inner.lb.type, IndexType)


@dataclass
class _Interleaver:
    """Builds the interleaved form of one loop."""

    plan: ReductionNest
    at_once: int
    label: str
    """The name of the loop over those that take turns."""
    outside: list[Operation] = field(default_factory=list)
    known: dict[int, SSAValue] = field(default_factory=dict)

    def replace(self) -> None:
        """Put the new nest in the place of the loop."""
        plan = self.plan
        loop, carried = plan.loop, plan.inner[0].iter_args
        step = constant_value(loop.step)
        assert step is not None
        chain = [value.type for value in carried for _ in range(self.at_once)]
        zeros = {type_: self._anything(type_) for type_ in dict.fromkeys(chain)}
        block = Block(arg_types=[IndexType()])
        block.args[0].name_hint = "block"
        values: dict[SSAValue, SSAValue] = {}
        nest = self._nest(plan.inner, [zeros[type_] for type_ in chain], values, block.args[0], step)
        block.add_ops([nest, scf.YieldOp()])
        outer = scf.ForOp(loop.lb, loop.ub, self._index(step * self.at_once), [], Region(block))
        outer.location = loop.location
        take_place([loop], outer)
        assert loop.parent is not None
        for op in (*self.outside, outer):
            loop.parent.insert_op_before(op, loop)
        Rewriter.erase_op(loop, safe_erase=False)

    def _nest(
        self,
        inner: list[scf.ForOp],
        carried: list[SSAValue],
        values: dict[SSAValue, SSAValue],
        block: SSAValue,
        step: int,
    ) -> scf.ForOp:
        """The loops of the reduction that are left, with the one over the iterations side by side inside them."""
        types = [value.type for value in carried]
        body = Block(arg_types=[IndexType(), *types])
        if not inner:
            return self._side_by_side(body, carried, values, block, step)
        old = inner[0]
        body.args[0].name_hint = old.body.block.args[0].name_hint
        values[old.body.block.args[0]] = body.args[0]
        if len(inner) > 1:
            for op in _between(old):
                if self._is_there(op, values):
                    body.add_op(copied(op, values))
        nested = self._nest(inner[1:], list(body.args[1:]), values, block, step)
        body.add_ops([nested, scf.YieldOp(*nested.results)])
        new = scf.ForOp(old.lb, old.ub, old.step, carried, Region(body))
        new.location = old.location
        take_place([old], new)
        return new

    def _side_by_side(
        self, body: Block, carried: list[SSAValue], values: dict[SSAValue, SSAValue], block: SSAValue, step: int
    ) -> scf.ForOp:
        """The loop over the iterations that are interleaved."""
        plan, location = self.plan, self.plan.inner[-1].location
        body.args[0].name_hint = plan.loop.body.block.args[0].name_hint
        index, inside = self._counter(body, block, step)
        values[plan.loop.body.block.args[0]] = index
        innermost = plan.inner[-1]
        old = innermost.body.block
        terminator = old.last_op
        assert isinstance(terminator, scf.YieldOp)
        needed = [operand for op in plan.inner[0].walk() for operand in op.operands]
        for op in backward_slice(plan.loop.body.block, needed):
            if op in plan.before and not self._is_start(op):
                body.add_op(copied(op, values))
        for op in [op for loop in plan.inner[:-1] for op in _between(loop)]:
            if op.results[0] not in values:
                body.add_op(copied(op, values))
        first = self._all(body, [self._at(body, loop, values, last=False) for loop in plan.inner])
        heads = [body.args[1 + self.at_once * position] for position in range(len(innermost.iter_args))]
        self._start(body, first, heads, values)
        for op in list(old.ops)[:-1]:
            body.add_op(copied(op, values))
        following = [values.get(value, value) for value in terminator.operands]
        last = [self._at(body, loop, values, last=True) for loop in plan.inner]
        self._finish(body, self._all(body, [*last, *([inside] if inside is not None else [])]), following, values)
        yielded: list[SSAValue] = []
        for position, value in enumerate(following):
            start = 1 + self.at_once * position
            yielded += [*body.args[start + 1 : start + self.at_once], value]
        body.add_op(scf.YieldOp(*yielded))
        new = scf.ForOp(self._index(0), self._index(self.at_once), self._index(1), carried, Region(body))
        new.location = location
        LOOP.set(new, [self.label])
        note_sums(new, f"{self.at_once} side by side, each in program order")
        return new

    def _is_start(self, op: Operation) -> bool:
        """Whether all that an operation is for is what the reduction starts with."""
        plan = self.plan
        initial = backward_slice(plan.loop.body.block, plan.inner[0].iter_args)
        return op in initial and all(
            use.operation is plan.inner[0]
            or use.operation in plan.behind
            or (use.operation in initial and self._is_start(use.operation))
            for result in op.results
            for use in result.uses
        )

    def _is_there(self, op: Operation, values: dict[SSAValue, SSAValue]) -> bool:
        """Whether what an operation needs is known outside the loop over the iterations side by side."""
        return all(operand in values or not self.plan.loop.is_ancestor(_block_of(operand)) for operand in op.operands)

    def _counter(self, body: Block, block: SSAValue, step: int) -> tuple[SSAValue, SSAValue | None]:
        """The counter of the loop in an iteration, and whether there is such an iteration (None: always)."""
        plan = self.plan
        offset = body.args[0]
        if step != 1:
            offset = self._emit(body, arith.MuliOp(offset, self._index(step)))
        index = self._emit(body, arith.AddiOp(block, offset))
        if plan.trips % self.at_once == 0:
            return index, None
        # What comes behind the last iteration repeats it, and keeps nothing.
        low = constant_value(plan.loop.lb)
        assert low is not None
        last = self._index(low + (plan.trips - 1) * step)
        inside = self._emit(body, arith.CmpiOp(index, last, "sle"))
        return self._emit(body, arith.SelectOp(inside, index, last)), inside

    def _start(self, body: Block, first: SSAValue, heads: Sequence[SSAValue], values: dict[SSAValue, SSAValue]) -> None:
        """Let the carried values be, in the first iteration of the reduction, what it starts with, computed there."""
        plan = self.plan
        initial = list(plan.inner[0].iter_args)
        taken = Block()
        inside = dict(values)
        for op in backward_slice(plan.loop.body.block, initial):
            if op.results[0] not in values:
                taken.add_op(copied(op, inside))
        given = [inside.get(value, value) for value in initial]
        if taken.ops:
            taken.add_op(scf.YieldOp(*given))
            choice = scf.IfOp(
                first, [value.type for value in heads], Region(taken), Region(Block([scf.YieldOp(*heads)]))
            )
            choice.location = plan.loop.location
            body.add_op(choice)
            started = list(choice.results)
        else:
            started = [self._emit(body, arith.SelectOp(first, new, old)) for new, old in zip(given, heads, strict=True)]
        for argument, value in zip(plan.inner[-1].body.block.args[1:], started, strict=True):
            values[argument] = value

    def _finish(self, body: Block, last: SSAValue, results: list[SSAValue], values: dict[SSAValue, SSAValue]) -> None:
        """Do in the last iteration of the reduction what is behind it."""
        plan = self.plan
        inside = dict(values)
        inside.update(zip(plan.inner[0].results, results, strict=True))
        taken = Block()
        given = set(plan.inner[0].results)
        needed = [
            operand
            for op in plan.behind
            for inner in op.walk()
            for operand in inner.operands
            if operand not in given and operand.owner not in plan.behind
        ]
        for op in [*backward_slice(plan.loop.body.block, needed)]:
            if op in plan.before and op.results[0] not in values:
                taken.add_op(copied(op, inside))
        for op in plan.behind:
            taken.add_op(copied(op, inside))
        taken.add_op(scf.YieldOp())
        guarded = scf.IfOp(last, [], Region(taken))
        guarded.location = plan.loop.location
        body.add_op(guarded)

    def _at(self, body: Block, loop: scf.ForOp, values: dict[SSAValue, SSAValue], last: bool) -> SSAValue:
        """Whether a loop of the reduction is in its first iteration, or in its last one."""
        low, step, trips = constant_value(loop.lb), constant_value(loop.step), counted_trips(loop)
        assert low is not None and step is not None and trips is not None
        bound = low + (trips - 1) * step if last else low
        return self._emit(body, arith.CmpiOp(values[loop.body.block.args[0]], self._index(bound), "eq"))

    def _all(self, body: Block, conditions: list[SSAValue]) -> SSAValue:
        found = conditions[0]
        for condition in conditions[1:]:
            found = self._emit(body, arith.AndIOp(found, condition))
        return found

    def _index(self, number: int) -> SSAValue:
        """A constant in front of the loop."""
        if number not in self.known:
            self.known[number] = self._place(arith.ConstantOp(IntegerAttr(number, IndexType())))
        return self.known[number]

    def _place(self, op: Operation) -> SSAValue:
        self.outside.append(located(op, self.plan.loop))
        return op.results[0]

    def _anything(self, type_: Attribute) -> SSAValue:
        """What the carried values are before the first iteration of a reduction, which does not use them."""
        op = arith.ConstantOp(zero_of(type_))
        ANY.set(op)
        return self._place(op)

    def _emit(self, block: Block, op: Operation) -> SSAValue:
        block.add_op(located(op, self.plan.loop))
        return op.results[0]
