"""Let loads of a loop take from registers what the last iterations have stored to the same address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import BoolAttr, FloatAttr, IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from gatewright.analysis.traced_dependences import accesses_of
from gatewright.dialects.notes import BYPASSED
from gatewright.ir.constants import zero_of
from gatewright.ir.rewriting import insert_before


def bypassed(load: Operation) -> int:
    """The number of iterations before, whose stores a load finds in registers."""
    return BYPASSED.value(load) or 0


def bypass_stores(loop: scf.WhileOp, back: int) -> scf.WhileOp | None:
    """A loop with the last `back` stores of some arrays in registers, in place of `loop`; None if that helps no load.

    ::

        %h = memref.load %a[%i]                 %m = memref.load %a[%i]
                                                %same = %valid and %last == %i
                                          ->    %h = arith.select %same, %stored, %m
        %n = arith.addi %h, %one                %n = arith.addi %h, %one
        memref.store %n, %a[%i]                 memref.store %n, %a[%i]
        scf.yield ...                           scf.yield ..., %true, %i, %n

    For arrays with one store in an iteration, behind the loads. An iteration may then load before the ones before it
    have stored, though the addresses depend on data: a histogram takes a cycle an element.
    """
    found = accesses_of(loop.after_region.block)
    if found is None:
        return None
    loads: dict[SSAValue, list[memref.LoadOp]] = defaultdict(list)
    stores: dict[SSAValue, list[memref.StoreOp]] = defaultdict(list)
    for op in found:
        if isinstance(op, memref.StoreOp):
            stores[op.memref].append(op)
        elif isinstance(op, memref.LoadOp) and not stores[op.memref]:
            loads[op.memref].append(op)
    chosen = [(each[0], loads[array]) for array, each in stores.items() if len(each) == 1 and loads[array]]
    if not chosen:
        return None
    history = _History(loop)
    for store, before in chosen:
        history.keep(store, before, back)
    return history.rebuilt()


class _History:
    """Adds to a loop what it carries of earlier stores."""

    def __init__(self, loop: scf.WhileOp):
        self.loop = loop
        self.body = loop.after_region.block
        self.initial: list[SSAValue] = []
        self.kept: list[tuple[memref.StoreOp, list[list[SSAValue]]]] = []
        """The stores, and what is carried of each, the newest first."""
        self.constants: dict[Attribute, SSAValue] = {}

    def keep(self, store: memref.StoreOp, loads: Sequence[memref.LoadOp], back: int) -> None:
        """Carry the last stores, and let loads look there first."""
        carried = [[self._carry(value) for value in self._newest(store)] for _ in range(back)]
        for load in loads:
            self._look_back(load, carried)
        self.kept.append((store, carried))

    def _newest(self, store: memref.StoreOp) -> list[SSAValue]:
        """What is kept of the store of an iteration: whether it takes place, where, and the value."""
        around = store.parent_op()
        valid = around.cond if isinstance(around, scf.IfOp) else self._true()
        return [valid, *(self._uncast(index) for index in store.indices), store.value]

    def _look_back(self, load: memref.LoadOp, carried: list[list[SSAValue]]) -> None:
        block = load.parent
        assert block is not None
        after = load.next_op
        assert after is not None
        emit = _BypassBuilder(block, after, load)
        users = [(use.operation, use.index) for use in load.res.uses]
        value: SSAValue = load.res
        for valid, *place, stored in reversed(carried):
            hit = valid
            for mine, theirs in zip(load.indices, place, strict=True):
                here, there = emit.alike(self._uncast(mine), theirs)
                hit = emit(arith.AndIOp(hit, emit(arith.CmpiOp(here, there, "eq"))))
            value = emit(arith.SelectOp(hit, stored, value))
        for user, index in users:
            user.operands[index] = value
        BYPASSED.set(load, len(carried))

    def _uncast(self, index: SSAValue) -> SSAValue:
        """A subscript before it was widened to `index`, if that is a value of the loop."""
        cast = index.owner
        return cast.input if isinstance(cast, arith.IndexCastOp) and cast.parent is self.body else index

    def _carry(self, value: SSAValue) -> SSAValue:
        """A carried value like the given one, at first zero."""
        for block in (self.loop.before_region.block, self.body):
            argument = block.insert_arg(value.type, len(block.args))
        self.initial.append(self._zero(value.type))
        return argument

    def _zero(self, type_: Attribute) -> SSAValue:
        return self._constant(zero_of(type_))

    def _true(self) -> SSAValue:
        return self._constant(BoolAttr.from_bool(True))

    def _constant(self, value: IntegerAttr | FloatAttr) -> SSAValue:
        if value not in self.constants:
            self.constants[value] = insert_before(arith.ConstantOp(value), self.loop).result
        return self.constants[value]

    def rebuilt(self) -> scf.WhileOp:
        """The loop with all that it carries now."""
        loop = self.loop
        condition, terminator = loop.before_region.block.last_op, self.body.last_op
        assert isinstance(condition, scf.ConditionOp) and isinstance(terminator, scf.YieldOp)
        # Only now: what is stored, where and whether may be what was loaded.
        following = [
            value for store, carried in self.kept for values in [self._newest(store), *carried[:-1]] for value in values
        ]
        passed = loop.before_region.block.args[len(loop.arguments) :]
        Rewriter.replace_op(condition, scf.ConditionOp(condition.condition, *condition.args, *passed), [])
        Rewriter.replace_op(terminator, scf.YieldOp(*terminator.operands, *following), [])
        before, after = (Region(region.detach_block(0)) for region in (loop.before_region, loop.after_region))
        initial = [*loop.arguments, *self.initial]
        replacement = scf.WhileOp(initial, [value.type for value in initial], before, after)
        replacement.location = loop.location
        replacement.attributes.update(loop.attributes)
        Rewriter.replace_op(loop, replacement, list(replacement.results[: len(loop.results)]))
        return replacement


class _BypassBuilder:
    """Inserts operations in front of another one, with the location of an access."""

    def __init__(self, block: Block, anchor: Operation, origin: Operation):
        self.block, self.anchor, self.origin = block, anchor, origin

    def __call__(self, op: Operation) -> SSAValue:
        op.location = self.origin.location
        self.block.insert_op_before(op, self.anchor)
        return op.results[0]

    def alike(self, one: SSAValue, other: SSAValue) -> tuple[SSAValue, SSAValue]:
        """Two signed subscripts in the wider one of their types."""
        if one.type == other.type:
            return one, other
        return self._widened(one, other.type), self._widened(other, one.type)

    def _widened(self, value: SSAValue, type_: Attribute) -> SSAValue:
        if isinstance(value.type, IndexType):
            return value
        assert isinstance(value.type, IntegerType)
        if isinstance(type_, IndexType):
            return self(arith.IndexCastOp(value, type_))
        assert isinstance(type_, IntegerType)
        return self(arith.ExtSIOp(value, type_)) if type_.width.data > value.type.width.data else value
