"""The body of a flattened (coalesced) loop nest under construction: what one iteration carries, holds and does."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import BoolAttr, IndexType, IntegerAttr, IntegerType, LocationAttr, i1
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from gatewright.analysis.distances import carry_number
from gatewright.ir.constants import zero_of
from gatewright.ir.rewriting import copied


class FlatLoopBuilder:
    """Emits the operations of an iteration.

    `carry` makes a value that goes from one iteration to the next, `update` says what it becomes. Predicates may be
    None, which stands for true.
    """

    def __init__(self, location: LocationAttr):
        self.location = location
        self.block = Block()
        self.outside: list[Operation] = []
        """Constants that the flat loop starts from, to be placed in front of it."""
        self.values: dict[SSAValue, SSAValue] = {}
        """What the values of the source are in this iteration; those from outside the nest stand for themselves."""
        self._carried: list[SSAValue] = []
        self._initial: list[SSAValue] = []
        self._next: dict[SSAValue, SSAValue] = {}
        self._true: SSAValue | None = None
        self._constants: dict[tuple[int, Attribute], SSAValue] = {}

    def value(self, source: SSAValue) -> SSAValue:
        """What a value of the source is in this iteration."""
        return self.values.get(source, source)

    def emit(self, op: Operation) -> SSAValue:
        """Append an operation and return its first result."""
        op.location = self.location
        self.block.add_op(op)
        return op.results[0]

    def copy(self, op: Operation) -> None:
        """Append a copy of an operation of the source."""
        self.block.add_op(copied(op, self.values))

    def carry(self, initial: SSAValue, hint: str | None) -> SSAValue:
        """A value carried from iteration to iteration; it stays the same unless updated."""
        argument = self.block.insert_arg(initial.type, len(self.block.args))
        argument.name_hint = hint
        self._carried.append(argument)
        self._initial.append(initial)
        self._next[argument] = argument
        return argument

    def update(self, carried: SSAValue, following: SSAValue) -> None:
        """Say what a carried value is in the next iteration."""
        self._next[carried] = following

    def next_of(self, carried: SSAValue) -> SSAValue:
        """What a carried value is to be in the next iteration, so far."""
        return self._next[carried]

    def position(self, carried: SSAValue) -> int:
        """The place of a carried value among the results of the flat loop."""
        return self._carried.index(carried)

    def hold(self, value: SSAValue, when: SSAValue | None) -> SSAValue:
        """`value` as it was when `when` last held, this iteration included."""
        if when is None:
            return value
        held = self.carry(self.outside_zero(value.type), value.name_hint)
        current = self.select(when, value, held)
        self.update(held, current)
        return current

    def constant(self, number: int, type_: Attribute) -> SSAValue:
        """A constant."""
        if (number, type_) not in self._constants:
            if number == 0:
                attribute = zero_of(type_)
            else:
                assert isinstance(type_, IntegerType | IndexType)
                attribute = BoolAttr.from_bool(True) if type_ == i1 else IntegerAttr(number, type_)
            op = arith.ConstantOp(attribute)
            op.location = self.location
            self.outside.append(op)
            self._constants[number, type_] = op.result
        return self._constants[number, type_]

    def outside_true(self) -> SSAValue:
        """The constant true."""
        return self.constant(1, i1)

    def outside_zero(self, type_: Attribute) -> SSAValue:
        """The constant zero of a type."""
        return self.constant(0, type_)

    def both(self, one: SSAValue | None, other: SSAValue | None) -> SSAValue | None:
        """The conjunction of two predicates."""
        if one is None or other is None or one is other:
            return one if other is None else other
        return self.emit(arith.AndIOp(one, other))

    def also(self, optional: SSAValue | None, other: SSAValue) -> SSAValue:
        """The conjunction of a predicate that may be None and one that is not."""
        return other if optional is None or optional is other else self.emit(arith.AndIOp(optional, other))

    def either(self, one: SSAValue, other: SSAValue) -> SSAValue:
        """The disjunction of two predicates."""
        return self.emit(arith.OrIOp(one, other))

    def invert(self, predicate: SSAValue) -> SSAValue:
        """The negation of a predicate."""
        return self.emit(arith.XOrIOp(predicate, self.outside_true()))

    def select(self, when: SSAValue | None, one: SSAValue, other: SSAValue) -> SSAValue:
        """`one` when `when` holds, else `other`."""
        if when is None or one is other:
            return one
        return self.emit(arith.SelectOp(when, one, other))

    def compare(self, predicate: str, one: SSAValue, other: SSAValue) -> SSAValue:
        """A comparison."""
        return self.emit(arith.CmpiOp(one, other, predicate))

    def add(self, one: SSAValue, other: SSAValue) -> SSAValue:
        """A sum."""
        return self.emit(arith.AddiOp(one, other))

    def carry_turn(self, count: int) -> SSAValue | None:
        """Whose turn it is among `count` loops; None if there is only one."""
        if count == 1:
            return None
        return self.carry(self.constant(0, IntegerType((count - 1).bit_length())), "turn")

    def is_turn(self, turn: SSAValue | None, number: int) -> SSAValue | None:
        """Whether it is the turn of a loop (None: always)."""
        if turn is None:
            return None
        type_ = turn.type
        assert isinstance(type_, IntegerType)
        if type_ == i1:
            return turn if number else self.invert(turn)
        return self.compare("eq", turn, self.constant(number, type_))

    def advance_turn(self, turn: SSAValue, when: SSAValue | None, following: int) -> None:
        """Let it be another loop's turn in the next iteration when `when` holds."""
        self.update(turn, self.select(when, self.constant(following, turn.type), self.next_of(turn)))

    def load(self, op: memref.LoadOp, when: SSAValue | None) -> SSAValue:
        """Append a load that takes place when `when` holds; otherwise its value is 0."""
        load = memref.LoadOp.get(self.value(op.memref), [self.value(index) for index in op.indices])
        load.location = op.location
        carry_number(op, load)
        load.res.name_hint = op.res.name_hint
        if when is None:
            self.block.add_op(load)
            return load.res
        taken = Block([load, scf.YieldOp(load.res)])
        other = Block([scf.YieldOp(self.outside_zero(op.res.type))])
        conditional = scf.IfOp(when, [op.res.type], Region(taken), Region(other))
        conditional.location = op.location
        self.block.add_op(conditional)
        conditional.results[0].name_hint = op.res.name_hint
        return conditional.results[0]

    def store(self, op: memref.StoreOp, when: SSAValue | None) -> None:
        """Append a store that takes place when `when` holds."""
        indices = [self.value(index) for index in op.indices]
        store = memref.StoreOp.get(self.value(op.value), self.value(op.memref), indices)
        store.location = op.location
        carry_number(op, store)
        if when is None:
            self.block.add_op(store)
            return
        conditional = scf.IfOp(when, [], Region(Block([store, scf.YieldOp()])))
        conditional.location = op.location
        self.block.add_op(conditional)

    def finish(self, going: SSAValue) -> scf.WhileOp:
        """The flat loop: it runs as long as the carried predicate `going` holds."""
        types: Sequence[Attribute] = [value.type for value in self._carried]
        before = Block(arg_types=types)
        before.add_op(scf.ConditionOp(before.args[self.position(going)], *before.args))
        self.block.add_op(scf.YieldOp(*(self._next[value] for value in self._carried)))
        loop = scf.WhileOp(self._initial, types, Region(before), Region(self.block))
        loop.location = self.location
        for result, carried in zip(loop.results, self._carried, strict=True):
            result.name_hint = carried.name_hint
        return loop
