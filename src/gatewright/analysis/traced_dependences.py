"""Loop-carried memory dependences, found by executing the control of a loop where that is static.

Where conditions and addresses depend on nothing but constants and counters, the part of the loop that computes them is
cut out and run, and every address is recorded. The distances are then those that occur, exactly, whatever the loop
looks like: nested, triangular or flattened. A loop with more than `MOST_ITERATIONS` iterations, or one whose accesses
depend on data, is not traced; what depends on data is taken to touch any element.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, ModuleOp, i64
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue

from gatewright.analysis.trip_count import trip_count
from gatewright.errors import SimulationError
from gatewright.interpreters import loops
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.program import Program

MOST_ITERATIONS = 1 << 16
"""Longer loops are not traced."""

FEW_ITERATIONS = 1 << 11
"""Most loops have no more: a program for that many runs first, and one for all only where they are not enough."""

IN_ALL = 4
"""Nor are loops traced in nests with so many times the iterations, most of which execute the loop for nothing."""

ABSENT, OUTSIDE = -1, -2
"""What stands in place of an address where there is none."""


@dataclass
class Trace:
    """The addresses that the accesses of a loop touch, iteration by iteration."""

    execution: np.ndarray
    """For each iteration, the number of the execution of the loop that it belongs to."""
    addresses: dict[Operation, np.ndarray] = field(default_factory=dict)
    """For each access that depends on no data, its row-major address in each iteration; `ABSENT` where it does not
    happen, `OUTSIDE` where it misses the array."""
    executions: int = 1
    """How often the loop is executed, those times included in which it has no iterations."""

    def of_copy(self, copies: Mapping[Operation, Operation]) -> Trace:
        """The same for a copy of the loop."""
        return Trace(self.execution, {copies[op]: array for op, array in self.addresses.items()}, self.executions)

    @property
    def iterations(self) -> int | None:
        """The number of iterations, if it is the same in every execution."""
        counts = np.bincount(self.execution, minlength=self.executions)
        return int(counts[0]) if len(counts) and (counts == counts[0]).all() else None

    def distance(self, earlier: Operation, later: Operation) -> int | None:
        """The least number of iterations from one access to the other touching the same element, at least 1.

        None if that never happens; 1 if it is not known.
        """
        if earlier not in self.addresses or later not in self.addresses:
            return 1
        span = len(self.execution) + 1
        first, second = np.sort(self._keys(earlier, span)), self._keys(later, span)
        if not len(first) or not len(second):
            return None
        found = np.searchsorted(first, second, side="left") - 1
        valid = found >= 0
        nearest, wanted = first[found[valid]], second[valid]
        same = nearest // span == wanted // span
        return int((wanted - nearest)[same].min()) if same.any() else None

    def _keys(self, access: Operation, span: int) -> np.ndarray:
        """One number for each time an access happens, ordered by execution and address, then by iteration."""
        addresses = self.addresses[access]
        happened = np.flatnonzero(addresses >= 0)
        size = int(max(array.max(initial=0) for array in self.addresses.values())) + 1
        place = self.execution[happened] * size + addresses[happened]
        return place * span + happened

    def meet(self, one: Operation, other: Operation) -> bool:
        """True if two accesses may touch the same element in the same iteration."""
        if one not in self.addresses or other not in self.addresses:
            return True
        left, right = self.addresses[one], self.addresses[other]
        return bool(((left == right) & (left >= 0)).any())

    def take_turns(self, one: Operation, other: Operation) -> bool:
        """True if two accesses never happen in the same iteration, not even outside the array."""
        if one not in self.addresses or other not in self.addresses:
            return False
        return not bool(((self.addresses[one] != ABSENT) & (self.addresses[other] != ABSENT)).any())


def accesses_of(block: Block) -> dict[Operation, SSAValue | None] | None:
    """The loads and stores of a body, with the predicates under which they matter (None: always).

    A store matters under the condition it stands in, a load where a selection takes its value. None if there is other
    control in the body.
    """
    found: dict[Operation, SSAValue | None] = {}
    for op in block.ops:
        if isinstance(op, memref.LoadOp):
            found[op] = _selected_under(op)
        elif isinstance(op, memref.StoreOp):
            found[op] = None
        elif isinstance(op, scf.IfOp) and not op.results and len(op.true_region.blocks) == 1:
            for inner in op.true_region.block.ops:
                if not isinstance(inner, memref.StoreOp | scf.YieldOp):
                    return None
                if isinstance(inner, memref.StoreOp):
                    found[inner] = op.cond
        elif op.regions:
            return None
    return found


def has_several_accesses(accesses: Iterable[Operation]) -> bool:
    """True if some array is loaded from, or stored to, more than once, or both."""
    arrays = [op.memref for op in accesses if isinstance(op, MemoryAccess)]
    return len(set(arrays)) < len(arrays)


def _selected_under(load: memref.LoadOp) -> SSAValue | None:
    """The condition under which all users of a load take its value, if they are selections under the same one."""
    conditions: set[SSAValue] = set()
    for use in load.res.uses:
        if not isinstance(use.operation, arith.SelectOp) or use.index != 1:
            return None
        conditions.add(use.operation.cond)
    return conditions.pop() if len(conditions) == 1 else None


def trace(loop: scf.WhileOp, accesses: dict[Operation, SSAValue | None], most: int | None = None) -> Trace | None:
    """Run the control of a loop, and of the loops around it; None if it depends on data or runs too long.

    Too long is for more than `most` iterations, by default `MOST_ITERATIONS`.

    `accesses` are the loads and stores of its body with the predicates under which they matter. Loops around it are
    `scf.while` too; each of their iterations executes the loop anew.
    """
    known = StaticValues()
    enclosing = _enclosing(loop)
    if not all(known.covers(_condition(each).condition) for each in enclosing):
        return None
    traced = {
        op: predicate
        for op, predicate in accesses.items()
        if all(known.covers(index) for index in _indices(op)) and (predicate is None or known.covers(predicate))
    }
    known_trips = trip_count(loop) if len(enclosing) == 1 else None
    most = MOST_ITERATIONS if most is None else most
    if known_trips is not None and known_trips >= most:
        return None
    few = _Tracer(enclosing, known, traced, min(FEW_ITERATIONS, most)).run()
    return few if few is not None else _Tracer(enclosing, known, traced, most).run()


def _enclosing(loop: scf.WhileOp) -> list[scf.WhileOp]:
    """The loops around a loop and itself, from the outside in; without those beyond anything that is no loop."""
    found = [loop]
    parent = loop.parent_op()
    while isinstance(parent, scf.WhileOp):
        found.insert(0, parent)
        parent = parent.parent_op()
    return found


def _condition(loop: scf.WhileOp) -> scf.ConditionOp:
    condition = loop.before_region.block.last_op
    assert isinstance(condition, scf.ConditionOp)
    return condition


def _yield(loop: scf.WhileOp) -> scf.YieldOp:
    terminator = loop.after_region.block.last_op
    assert isinstance(terminator, scf.YieldOp)
    return terminator


def _indices(op: Operation) -> list[SSAValue]:
    assert isinstance(op, MemoryAccess)
    return list(op.indices)


class StaticValues:
    """Which values depend on constants and counters only."""

    def __init__(self):
        self._known: dict[SSAValue, bool] = {}

    def covers(self, value: SSAValue) -> bool:
        """True if a value can be computed without data."""
        if value not in self._known:
            reached: set[SSAValue] = set()
            if self._explore(value, reached):
                self._known.update(dict.fromkeys(reached, True))
            else:
                self._known[value] = False
        return self._known[value]

    def _explore(self, value: SSAValue, reached: set[SSAValue]) -> bool:
        """Follow everything that `value` is computed from; False if that includes data."""
        pending = [value]
        while pending:
            current = pending.pop()
            if current in reached:
                continue
            reached.add(current)
            sources = None if self._known.get(current) is False else _sources(current)
            if sources is None:
                return False
            pending.extend(sources)
        return True


def _sources(value: SSAValue) -> list[SSAValue] | None:
    """What a value is computed from in this and the last iteration; None if it is data."""
    if isinstance(value, BlockArgument):
        loop = value.block.parent_op()
        if not isinstance(loop, scf.WhileOp):
            return None
        return [loop.arguments[value.index], _yield(loop).operands[value.index]]
    owner = value.owner
    assert isinstance(owner, Operation)
    if isinstance(owner, arith.ConstantOp):
        return []
    if owner.name.startswith("arith.") and not owner.regions:
        return list(owner.operands)
    return None


@dataclass
class _Tracer:
    """Builds and runs the program that records addresses: the control of the loops and nothing else.

    Every loop carries, behind what it carries in the source, the number of innermost iterations so far and the number
    of executions of the innermost loop.
    """

    loops: list[scf.WhileOp]
    known: StaticValues
    traced: dict[Operation, SSAValue | None]
    most: int
    """The iterations that there are rows for."""
    values: dict[SSAValue, SSAValue] = field(default_factory=dict)
    block: Block = field(default_factory=Block)
    rows: list[SSAValue] = field(default_factory=list)

    def run(self) -> Trace | None:
        """The addresses of all iterations; None if there are too many."""
        row = MemRefType(i64, [self.most])
        types = [row] * (len(self.traced) + 1)
        entry = self.block = Block(arg_types=types)
        self.rows = list(entry.args)
        zero = self._constant(0)
        entry.add_op(func.ReturnOp(*self._loop(0, zero, zero)))
        function = func.FuncOp("trace", (types, [IndexType(), IndexType()]), Region(entry))
        arrays = [np.full(self.most, ABSENT, np.int64) for _ in types]
        try:
            outcome = loops.run(Program("loops", ModuleOp([function]), "trace"), arrays, IN_ALL * self.most)
        except SimulationError:
            return None
        total, executions = map(int, outcome.results)
        if total >= self.most:
            return None
        *addresses, execution = (array[:total] for array in arrays)
        return Trace(
            execution, dict(zip(self.traced, addresses, strict=True)), executions if len(self.loops) > 1 else 1
        )

    def _loop(self, depth: int, count: SSAValue, execution: SSAValue) -> tuple[SSAValue, SSAValue]:
        """Emit a loop and those inside it; return the numbers of iterations and executions behind it."""
        loop, outer = self.loops[depth], self.block
        carried = [k for k, value in enumerate(loop.after_region.block.args) if self.known.covers(value)]
        initial = [*(self._copy(loop.arguments[k]) for k in carried), count, execution]
        types = [value.type for value in initial]
        visible = dict(self.values)
        header = self.block = Block(arg_types=types)
        before = loop.before_region.block
        self.values = visible | {before.args[k]: header.args[n] for n, k in enumerate(carried)}
        going = self._copy(_condition(loop).condition)
        within = self._emit(arith.CmpiOp(header.args[-2], self._constant(self.most), "slt"))
        header.add_op(scf.ConditionOp(self._emit(arith.AndIOp(going, within)), *header.args))
        body = self.block = Block(arg_types=types)
        after = loop.after_region.block
        self.values = visible | {after.args[k]: body.args[n] for n, k in enumerate(carried)}
        count, execution = body.args[-2], body.args[-1]
        one = self._constant(1)
        if depth + 1 < len(self.loops):
            count, execution = self._loop(depth + 1, count, execution)
            if depth + 2 == len(self.loops):
                execution = self._emit(arith.AddiOp(execution, one))
        else:
            self._record_all(count, execution)
            count = self._emit(arith.AddiOp(count, one))
        following = [self._copy(_yield(loop).operands[k]) for k in carried]
        body.add_op(scf.YieldOp(*following, count, execution))
        emitted = scf.WhileOp(initial, types, Region(header), Region(body))
        self.block, self.values = outer, visible
        outer.add_op(emitted)
        return emitted.results[-2], emitted.results[-1]

    def _record_all(self, iteration: SSAValue, execution: SSAValue) -> None:
        for (access, predicate), row in zip(self.traced.items(), self.rows, strict=False):
            self._record(access, predicate, row, iteration)
        number = self._emit(arith.IndexCastOp(execution, i64))
        self.block.add_op(memref.StoreOp.get(number, self.rows[-1], [iteration]))

    def _record(self, access: Operation, predicate: SSAValue | None, row: SSAValue, iteration: SSAValue) -> None:
        assert isinstance(access, MemoryAccess) and isinstance(access.memref.type, MemRefType)
        shape = access.memref.type.get_shape()
        address = self._constant(0, i64)
        inside: SSAValue | None = None
        for position, index in enumerate(access.indices):
            value = self._wide(self._copy(index))
            stride = self._constant(prod(shape[position + 1 :]), i64)
            address = self._emit(arith.AddiOp(address, self._emit(arith.MuliOp(value, stride))))
            fits = self._emit(arith.CmpiOp(value, self._constant(shape[position], i64), "ult"))
            inside = fits if inside is None else self._emit(arith.AndIOp(inside, fits))
        if inside is not None:
            address = self._emit(arith.SelectOp(inside, address, self._constant(OUTSIDE, i64)))
        if predicate is not None:
            address = self._emit(arith.SelectOp(self._copy(predicate), address, self._constant(ABSENT, i64)))
        self.block.add_op(memref.StoreOp.get(address, row, [iteration]))

    def _wide(self, value: SSAValue) -> SSAValue:
        if isinstance(value.type, IndexType):
            return self._emit(arith.IndexCastOp(value, i64))
        assert isinstance(value.type, IntegerType)
        return value if value.type == i64 else self._emit(arith.ExtSIOp(value, i64))

    def _constant(self, number: int, type_: IntegerType | IndexType | None = None) -> SSAValue:
        return self._emit(arith.ConstantOp.from_int_and_width(number, type_ or IndexType()))

    def _copy(self, value: SSAValue) -> SSAValue:
        """A value of the source in the program, computed there if need be."""
        if value in self.values:
            return self.values[value]
        owner = value.owner
        assert isinstance(owner, Operation), "only what depends on no data is copied"
        copy = owner.clone({operand: self._copy(operand) for operand in owner.operands})
        self.values[value] = self._emit(copy)
        return self.values[value]

    def _emit(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]
