"""When each element of an array is first loaded and first stored, by evaluating the control of loops all at once.

Each execution of an access has a time: its place in the order of the program. Control that depends on data is not
evaluated; what it decides may happen, or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value

MOST_INSTANCES = 1 << 21
"""Executions of an access that are looked at one by one; of more, nothing is said."""

_ASSUMED_TRIPS = 1 << 12
"""The most iterations of a loop whose bounds are not constants; of one with more, nothing is said."""

NEVER = int(np.iinfo(np.int64).max)
"""The time of what does not happen."""


class UnknownControlError(Exception):
    """How often something happens depends on data, or is too much to look at."""


@dataclass(frozen=True)
class Executions:
    """The executions of a block: how many, and what control values are in each of them."""

    count: int
    times: int
    """How often each of them happens: iterations of loops that nothing asked about depends on."""
    values: Mapping[SSAValue, np.ndarray] = field(default_factory=dict)
    time: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))

    @classmethod
    def once(cls) -> Executions:
        """One execution."""
        return cls(1, 1)

    def of(self, value: SSAValue) -> np.ndarray | None:
        """A control value in each execution; None if it depends on data."""
        if (known := self.values.get(value)) is not None:
            return known
        if (constant := constant_value(value)) is not None:
            return np.full(self.count, constant, np.int64)
        owner = value.owner
        if not isinstance(owner, Operation):
            return None
        operands = [self.of(operand) for operand in owner.operands]
        if not operands or any(each is None for each in operands):
            return None
        return _compute(owner, [each for each in operands if each is not None])


def _compute(op: Operation, operands: Sequence[np.ndarray]) -> np.ndarray | None:
    if not isinstance(op.results[0].type, IndexType):  # a narrower number may have wrapped around
        return None
    match op:
        case arith.AddiOp():
            return operands[0] + operands[1]
        case arith.SubiOp():
            return operands[0] - operands[1]
        case arith.MuliOp():
            return operands[0] * operands[1]
        case arith.IndexCastOp():
            return operands[0]
        case arith.MinSIOp():
            return np.minimum(operands[0], operands[1])
        case arith.MaxSIOp():
            return np.maximum(operands[0], operands[1])
        case _:
            return None


def iterations(loop: scf.ForOp, outside: Executions, wanted: set[SSAValue], span: int) -> Executions:
    """The executions of a loop's body.

    Iterations of a loop whose counter is not `wanted` are counted, and not told apart. `span` is the time of one.
    """
    bounds = [outside.of(value) for value in (loop.lb, loop.ub, loop.step)]
    if any(bound is None for bound in bounds):
        raise UnknownControlError
    low, high, step = (bound for bound in bounds if bound is not None)
    if not (step > 0).all():
        raise UnknownControlError
    trips = np.maximum(0, -(-(high - low) // step))
    if trips.size and trips.max() > _most_trips(loop):
        raise UnknownControlError
    counter = loop.body.block.args[0]
    uniform = trips.size > 0 and (trips == trips[0]).all()
    if uniform and trips[0] and counter not in wanted:
        return replace(outside, times=outside.times * int(trips[0]))
    total = int(trips.sum())
    if total > MOST_INSTANCES:
        raise UnknownControlError
    origin = np.repeat(np.arange(outside.count), trips)
    position = np.arange(total) - np.repeat(np.cumsum(trips) - trips, trips)
    values = {value: each[origin] for value, each in outside.values.items()}
    values[counter] = low[origin] + step[origin] * position
    return Executions(total, outside.times, values, outside.time[origin] + position * span)


def bounding_counters(loop: scf.ForOp) -> set[SSAValue]:
    """The counters of a nest that bounds of its loops depend on."""
    found: set[SSAValue] = set()
    for inner in loop.walk():
        if isinstance(inner, scf.ForOp):
            for bound in (inner.lb, inner.ub, inner.step):
                found |= counters_of(bound)
    return found


def counters_of(value: SSAValue) -> set[SSAValue]:
    """The arguments of blocks that a value depends on."""
    if isinstance(value, BlockArgument):
        return {value}
    owner = value.owner
    assert isinstance(owner, Operation)
    return {found for operand in owner.operands for found in counters_of(operand)}


@dataclass
class FirstAccesses:
    """The first time of each element of an array: that it is loaded, that it may be, stored, and may be."""

    array: SSAValue
    wanted: set[SSAValue]
    """The counters that subscripts of the array, and bounds of loops, depend on."""
    loaded: np.ndarray
    may_be_loaded: np.ndarray
    stored: np.ndarray
    may_be_stored: np.ndarray

    @classmethod
    def of(cls, array: SSAValue, shape: Sequence[int], nests: Iterable[Operation]) -> FirstAccesses:
        """Those of some operations of one block, one after the other. Raises UnknownControlError."""
        nests = list(nests)
        accesses = [op for nest in nests for op in nest.walk() if isinstance(op, MemoryAccess) and op.memref is array]
        wanted = {found for op in accesses for index in op.indices for found in counters_of(index)}
        loops = [op for nest in nests for op in nest.walk() if isinstance(op, scf.ForOp)]
        for loop in loops:
            wanted |= bounding_counters(loop)
        if len({type(op) for op in accesses}) > 1:  # then the order matters, in which all iterations count
            wanted |= {loop.body.block.args[0] for loop in loops}
        found = cls(array, wanted, *(np.full(tuple(shape), NEVER, np.int64) for _ in range(4)))
        found.visit(nests, Executions.once(), False)
        return found

    def visit(self, ops: Iterable[Operation], executed: Executions, conditional: bool) -> None:
        """Note the accesses of operations."""
        passed = 0
        for op in ops:
            concerned = any(isinstance(each, MemoryAccess) and each.memref is self.array for each in op.walk())
            if concerned:
                now = replace(executed, time=executed.time + passed)
                if isinstance(op, scf.ForOp):
                    self.visit(op.body.block.ops, iterations(op, now, self.wanted, _span(op.body.block)), conditional)
                elif isinstance(op, scf.IfOp):
                    for region in op.regions:
                        for inner in region.blocks:
                            self.visit(inner.ops, now, True)
                elif isinstance(op, MemoryAccess):
                    if now.count:
                        self._access(op, now, conditional)
                else:
                    raise UnknownControlError
            elif isinstance(op, func.CallOp) and self.array in op.operands:
                raise UnknownControlError
            passed += _time(op)

    def _access(self, op: MemoryAccess, now: Executions, conditional: bool) -> None:
        certain, possible = (
            (self.stored, self.may_be_stored) if isinstance(op, memref.StoreOp) else (self.loaded, self.may_be_loaded)
        )
        subscripts = [now.of(index) for index in op.indices]
        known = [each for each in subscripts if each is not None]
        inside = len(known) == len(subscripts) and all(
            ((each >= 0) & (each < extent)).all() for each, extent in zip(known, certain.shape, strict=True)
        )
        if not inside:  # it may be any element
            np.minimum(possible, now.time.min(), out=possible)
            return
        times = now.time if known else now.time.min()
        for array in (possible,) if conditional else (possible, certain):
            np.minimum.at(array, tuple(known), times)


def _span(block: Block) -> int:
    """At least the time from the start of a block to its end."""
    return sum(map(_time, block.ops))


def _time(op: Operation) -> int:
    """At least the time of an operation, of which those without regions take one."""
    inner = sum(_span(block) for region in op.regions for block in region.blocks)
    time = 1 + inner * (_most_trips(op) if isinstance(op, scf.ForOp) else 1)
    if time >= 1 << 60:
        raise UnknownControlError
    return time


def _most_trips(loop: scf.ForOp) -> int:
    """A bound on the iterations of a loop, which `iterations` checks where it is not certain."""
    trips = counted_trips(loop)
    return _ASSUMED_TRIPS if trips is None else trips
