"""Dependences through memory between the iterations of a loop whose control is known: found by running its control.

Where conditions and addresses depend on nothing but constants and counters, the part of the loop that computes them is
cut out and run, and every address is recorded. The distances are then those that occur, exactly, whatever the loop
looks like: nested, triangular or flattened. A loop with more than `MOST_ITERATIONS` iterations, or one whose accesses
depend on data, is not traced; what depends on data is taken to touch any element.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, ModuleOp, i64
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue

from gatewright.interpreters import loops
from gatewright.program import Program

MOST_ITERATIONS = 1 << 16
"""Longer loops are not traced."""

Access = memref.LoadOp | memref.StoreOp


@dataclass
class Trace:
    """The addresses that the accesses of a loop touch, iteration by iteration."""

    iterations: int
    addresses: dict[Operation, np.ndarray] = field(default_factory=dict)
    """For each access that depends on no data, its row-major address in each iteration; -1 where it does not happen."""

    def distance(self, earlier: Operation, later: Operation) -> int | None:
        """The least number of iterations from one access to the other touching the same element, at least 1.

        None if that never happens; 1 if it is not known.
        """
        if earlier not in self.addresses or later not in self.addresses:
            return 1
        one, other = self.addresses[earlier], self.addresses[later]
        span = self.iterations + 1
        first = np.sort(_keys(one, span))
        second = _keys(other, span)
        if not len(first) or not len(second):
            return None
        found = np.searchsorted(first, second, side="left") - 1
        valid = found >= 0
        nearest, wanted = first[found[valid]], second[valid]
        same = nearest // span == wanted // span
        return int((wanted - nearest)[same].min()) if same.any() else None

    def meet(self, one: Operation, other: Operation) -> bool:
        """True if two accesses may touch the same element in the same iteration."""
        if one not in self.addresses or other not in self.addresses:
            return True
        left, right = self.addresses[one], self.addresses[other]
        return bool(((left == right) & (left >= 0)).any())


def _keys(addresses: np.ndarray, span: int) -> np.ndarray:
    """One number for each access that happens, ordered by address, then by iteration."""
    happened = np.flatnonzero(addresses >= 0)
    return addresses[happened].astype(np.int64) * span + happened


def trace(loop: scf.WhileOp, accesses: dict[Operation, SSAValue | None]) -> Trace | None:
    """Run the control of a loop; None if it depends on data or runs too long.

    `accesses` are the loads and stores of its body with the predicates under which they happen.
    """
    known = _Known(loop)
    condition = loop.before_region.block.last_op
    assert isinstance(condition, scf.ConditionOp)
    if not known.covers(condition.condition):
        return None
    traced = {
        op: predicate
        for op, predicate in accesses.items()
        if all(known.covers(index) for index in _indices(op)) and (predicate is None or known.covers(predicate))
    }
    return _Tracer(loop, known, traced).run()


def _indices(op: Operation) -> list[SSAValue]:
    assert isinstance(op, memref.LoadOp | memref.StoreOp)
    return list(op.indices)


class _Known:
    """Which values of a loop depend on constants and counters only."""

    def __init__(self, loop: scf.WhileOp):
        self.loop = loop
        self._known: dict[SSAValue, bool] = {}
        self._open: set[SSAValue] = set()

    def covers(self, value: SSAValue) -> bool:
        """True if a value can be computed without data."""
        if value not in self._known:
            reached: set[SSAValue] = set()
            fine = self._explore(value, reached)
            if fine:
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
            if self._known.get(current) is False:
                return False
            sources = self.sources(current)
            if sources is None:
                return False
            pending.extend(sources)
        return True

    def sources(self, value: SSAValue) -> list[SSAValue] | None:
        """What a value is computed from in this and the last iteration; None if it is data."""
        loop = self.loop
        before, after = loop.before_region.block, loop.after_region.block
        if isinstance(value, BlockArgument):
            if value.block not in (before, after):
                return None
            terminator = after.last_op
            assert isinstance(terminator, scf.YieldOp)
            return [loop.arguments[value.index], terminator.operands[value.index]]
        owner = value.owner
        assert isinstance(owner, Operation)
        if isinstance(owner, arith.ConstantOp):
            return []
        if owner.name.startswith("arith.") and not owner.regions:
            return list(owner.operands)
        return None


@dataclass
class _Tracer:
    """Builds and runs the program that records addresses."""

    loop: scf.WhileOp
    known: _Known
    traced: dict[Operation, SSAValue | None]
    values: dict[SSAValue, SSAValue] = field(default_factory=dict)
    block: Block = field(default_factory=Block)

    def run(self) -> Trace | None:
        """The addresses of all iterations; None if there are too many."""
        row = MemRefType(i64, [MOST_ITERATIONS])
        entry = Block(arg_types=[row] * len(self.traced))
        carried = [k for k, value in enumerate(self.loop.after_region.block.args) if self.known.covers(value)]
        self.block = entry
        initial = [self._copy(self.loop.arguments[k]) for k in carried]
        zero = self._emit(arith.ConstantOp.from_int_and_width(0, IndexType()))
        loop = self._loop(carried, [*initial, zero], list(entry.args))
        entry.add_op(loop)
        entry.add_op(func.ReturnOp(loop.results[-1]))
        function = func.FuncOp("trace", ([row] * len(self.traced), [IndexType()]), Region(entry))
        arrays = [np.full(MOST_ITERATIONS, -1, np.int64) for _ in self.traced]
        outcome = loops.run(Program("loops", ModuleOp([function]), "trace"), arrays)
        count = int(outcome.results[0])
        if count >= MOST_ITERATIONS:
            return None
        return Trace(count, {op: array[:count] for op, array in zip(self.traced, arrays, strict=True)})

    def _loop(self, carried: list[int], initial: list[SSAValue], rows: list[SSAValue]) -> scf.WhileOp:
        types = [value.type for value in initial]
        source_before, source_after = self.loop.before_region.block, self.loop.after_region.block
        header = self.block = Block(arg_types=types)
        self.values = {source_before.args[k]: header.args[n] for n, k in enumerate(carried)}
        condition = source_before.last_op
        assert isinstance(condition, scf.ConditionOp)
        going = self._copy(condition.condition)
        limit = self._emit(arith.ConstantOp.from_int_and_width(MOST_ITERATIONS, IndexType()))
        within = self._emit(arith.CmpiOp(header.args[-1], limit, "slt"))
        header.add_op(scf.ConditionOp(self._emit(arith.AndIOp(going, within)), *header.args))
        body = self.block = Block(arg_types=types)
        self.values = {source_after.args[k]: body.args[n] for n, k in enumerate(carried)}
        for (access, predicate), row in zip(self.traced.items(), rows, strict=True):
            self._record(access, predicate, row, body.args[-1])
        terminator = source_after.last_op
        assert isinstance(terminator, scf.YieldOp)
        following = [self._copy(terminator.operands[k]) for k in carried]
        one = self._emit(arith.ConstantOp.from_int_and_width(1, IndexType()))
        body.add_op(scf.YieldOp(*following, self._emit(arith.AddiOp(body.args[-1], one))))
        return scf.WhileOp(initial, types, Region(header), Region(body))

    def _record(self, access: Operation, predicate: SSAValue | None, row: SSAValue, iteration: SSAValue) -> None:
        assert isinstance(access, memref.LoadOp | memref.StoreOp) and isinstance(access.memref.type, MemRefType)
        shape = access.memref.type.get_shape()
        address = self._emit(arith.ConstantOp.from_int_and_width(0, i64))
        inside: SSAValue | None = None if predicate is None else self._copy(predicate)
        for position, index in enumerate(access.indices):
            value = self._wide(self._copy(index))
            stride = self._emit(arith.ConstantOp.from_int_and_width(prod(shape[position + 1 :]), i64))
            address = self._emit(arith.AddiOp(address, self._emit(arith.MuliOp(value, stride))))
            extent = self._emit(arith.ConstantOp.from_int_and_width(shape[position], i64))
            fits = self._emit(arith.CmpiOp(value, extent, "ult"))
            inside = fits if inside is None else self._emit(arith.AndIOp(inside, fits))
        if inside is not None:
            nothing = self._emit(arith.ConstantOp.from_int_and_width(-1, i64))
            address = self._emit(arith.SelectOp(inside, address, nothing))
        self.block.add_op(memref.StoreOp.get(address, row, [iteration]))

    def _wide(self, value: SSAValue) -> SSAValue:
        if isinstance(value.type, IndexType):
            return self._emit(arith.IndexCastOp(value, i64))
        assert isinstance(value.type, IntegerType)
        return value if value.type == i64 else self._emit(arith.ExtSIOp(value, i64))

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
