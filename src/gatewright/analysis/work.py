"""What a program of loops has to do, whatever hardware does it: products, and elements that cross the ports of arrays.

Facts of the program alone: how often each product is computed, and how many elements of an array outside the design are
stored, or have to be loaded because the first that happens to them is a load. The control of the loops is evaluated for
all iterations at once; where it depends on data nothing is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from gatewright.analysis.multiplication import product_kind
from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value
from gatewright.ir.float_operations import float_operation

MOST_INSTANCES = 1 << 21
"""Executions of an access that are looked at one by one; of more, nothing is said."""

_ASSUMED_TRIPS = 1 << 12
"""The most iterations of a loop whose bounds are not constants; of one with more, nothing is said."""

_FIRST, _NEVER = 0, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Work:
    """What a program has to do."""

    products: Mapping[str, int]
    """How often products are computed that need a multiplier, by their type: `integer`, or the format of a float."""
    loaded: Mapping[SSAValue, int]
    """Elements of each argument array that have to be loaded."""
    stored: Mapping[SSAValue, int]
    """Elements of each argument array that are stored."""


def work_of(function: func.FuncOp) -> Work | None:
    """The work of a function of loops; None if how often a loop runs depends on data."""
    products: Counter[str] = Counter()
    try:
        _count(function.body.block, _Executions.once(), products)
    except _UnknownError:
        return None
    loaded: dict[SSAValue, int] = {}
    stored: dict[SSAValue, int] = {}
    for array in function.body.block.args:
        if isinstance(array.type, MemRefType):
            loaded[array], stored[array] = _crossing(function, array)
    return Work(dict(sorted(products.items())), loaded, stored)


class _UnknownError(Exception):
    """How often something happens depends on data, or is too much to look at."""


@dataclass(frozen=True)
class _Executions:
    """The executions of a block: how many, and what control values are in each of them."""

    count: int
    times: int
    """How often each of them happens: iterations of loops that nothing asked about depends on."""
    values: Mapping[SSAValue, np.ndarray] = field(default_factory=dict)
    time: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))

    @classmethod
    def once(cls) -> _Executions:
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
    match op:
        case arith.AddiOp():
            return operands[0] + operands[1]
        case arith.SubiOp():
            return operands[0] - operands[1]
        case arith.MuliOp():
            return operands[0] * operands[1]
        case arith.IndexCastOp() | arith.ExtSIOp():
            return operands[0]
        case arith.MinSIOp():
            return np.minimum(operands[0], operands[1])
        case arith.MaxSIOp():
            return np.maximum(operands[0], operands[1])
        case _:
            return None


def _iterations(loop: scf.ForOp, outside: _Executions, wanted: set[SSAValue] | None, span: int) -> _Executions:
    """The executions of a loop's body.

    Iterations of a loop whose counter is not `wanted` are counted, and not told apart. `span` is the time of one.
    """
    bounds = [outside.of(value) for value in (loop.lb, loop.ub, loop.step)]
    if any(bound is None for bound in bounds):
        raise _UnknownError
    low, high, step = (bound for bound in bounds if bound is not None)
    if not (step > 0).all():
        raise _UnknownError
    trips = np.maximum(0, -(-(high - low) // step))
    if trips.size and trips.max() > _most_trips(loop):
        raise _UnknownError
    counter = loop.body.block.args[0]
    uniform = trips.size > 0 and (trips == trips[0]).all()
    if uniform and wanted is not None and counter not in wanted:
        return replace(outside, count=outside.count if trips[0] else 0, times=outside.times * int(trips[0]))
    total = int(trips.sum())
    if total > MOST_INSTANCES:
        raise _UnknownError
    origin = np.repeat(np.arange(outside.count), trips)
    position = np.arange(total) - np.repeat(np.cumsum(trips) - trips, trips)
    values = {value: each[origin] for value, each in outside.values.items()}
    values[counter] = low[origin] + step[origin] * position
    return _Executions(total, outside.times, values, outside.time[origin] + position * span)


def _count(block: Block, executed: _Executions, products: Counter[str]) -> None:
    """Count the products of a block; those under a condition count as none."""
    for op in block.ops:
        if isinstance(op, scf.ForOp):
            _count(op.body.block, _iterations(op, executed, _bounding(op), 0), products)
        elif isinstance(op, scf.WhileOp | func.CallOp):
            raise _UnknownError
        elif isinstance(op, scf.IfOp):
            for region in op.regions:
                _count_loops(region.blocks, executed)
        elif (kind := product_kind(op)) is not None:
            floating = float_operation(op)
            products[floating.types[0] if floating is not None else kind.value] += executed.count * executed.times


def _count_loops(blocks: Sequence[Block], executed: _Executions) -> None:
    """Raise _UnknownError if blocks under a condition hold loops, whose work would be a matter of data."""
    for block in blocks:
        if any(isinstance(op, scf.ForOp | scf.WhileOp) for op in block.walk()):
            raise _UnknownError


def _bounding(loop: scf.ForOp) -> set[SSAValue]:
    """The counters of a nest that bounds of its loops depend on."""
    found: set[SSAValue] = set()
    for inner in loop.walk():
        if isinstance(inner, scf.ForOp):
            for bound in (inner.lb, inner.ub, inner.step):
                found |= _counters(bound)
    return found


def _counters(value: SSAValue) -> set[SSAValue]:
    """The arguments of blocks that a value depends on."""
    if isinstance(value, BlockArgument):
        return {value}
    owner = value.owner
    assert isinstance(owner, Operation)
    return {found for operand in owner.operands for found in _counters(operand)}


@dataclass
class _Crossing:
    """When each element of an array is first loaded and first stored."""

    array: SSAValue
    wanted: set[SSAValue]
    """The counters that subscripts of the array, and bounds of loops, depend on."""
    loaded: np.ndarray
    stored: np.ndarray
    certain: np.ndarray
    """Whether an element is stored under no condition."""

    def visit(self, block: Block, executed: _Executions, conditional: bool) -> None:
        """Note the accesses of a block."""
        passed = 0
        for op in block.ops:
            relevant = op.regions or (isinstance(op, MemoryAccess) and op.memref is self.array)
            now = replace(executed, time=executed.time + passed) if relevant else executed
            passed += _time(op)
            if isinstance(op, scf.ForOp):
                if any(isinstance(inner, MemoryAccess) and inner.memref is self.array for inner in op.walk()):
                    self.visit(op.body.block, _iterations(op, now, self.wanted, _span(op.body.block)), conditional)
            elif isinstance(op, scf.WhileOp):
                if any(isinstance(inner, MemoryAccess) and inner.memref is self.array for inner in op.walk()):
                    raise _UnknownError
            elif isinstance(op, scf.IfOp):
                for region in op.regions:
                    for inner in region.blocks:
                        self.visit(inner, now, True)
            elif isinstance(op, MemoryAccess) and op.memref is self.array and now.count:
                self._access(op, now, conditional)

    def _access(self, op: MemoryAccess, now: _Executions, conditional: bool) -> None:
        subscripts = [now.of(index) for index in op.indices]
        known = [each for each in subscripts if each is not None]
        if len(known) < len(subscripts):
            if isinstance(op, memref.StoreOp):
                self.stored[...] = _FIRST  # it may be any element
            return
        if any(((each < 0) | (each >= extent)).any() for each, extent in zip(known, self.loaded.shape, strict=True)):
            return
        place = tuple(known) if known else ()
        if isinstance(op, memref.StoreOp):
            np.minimum.at(self.stored, place, now.time if known else now.time[:1].min())
            if not conditional:
                self.certain[place] = True
        elif not conditional:
            np.minimum.at(self.loaded, place, now.time if known else now.time[:1].min())


def _span(block: Block) -> int:
    """At least the time from the start of a block to its end."""
    return sum(map(_time, block.ops))


def _time(op: Operation) -> int:
    """At least the time of an operation, of which those without regions take one."""
    inner = sum(_span(block) for region in op.regions for block in region.blocks)
    time = 1 + inner * (_most_trips(op) if isinstance(op, scf.ForOp) else 1)
    if time >= 1 << 60:
        raise _UnknownError
    return time


def _most_trips(loop: scf.ForOp) -> int:
    """A bound on the iterations of a loop, which `_iterations` checks where it is not certain."""
    trips = counted_trips(loop)
    return _ASSUMED_TRIPS if trips is None else trips


def _crossing(function: func.FuncOp, array: SSAValue) -> tuple[int, int]:
    """The elements of an array that have to be loaded, and those that are stored; 0 where that is not known."""
    assert isinstance(array.type, MemRefType)
    accesses = [op for op in function.walk() if isinstance(op, MemoryAccess) and op.memref is array]
    kinds = {type(op) for op in accesses}
    wanted = {found for op in accesses for index in op.indices for found in _counters(index)}
    for op in function.body.block.ops:
        if isinstance(op, scf.ForOp):
            wanted |= _bounding(op)
    if len(kinds) > 1:  # then the order matters, in which all iterations count
        wanted |= {op.body.block.args[0] for op in function.walk() if isinstance(op, scf.ForOp)}
    shape = tuple(array.type.get_shape())
    loads, stores = (np.full(shape, _NEVER, np.int64) for _ in range(2))
    crossing = _Crossing(array, wanted, loads, stores, np.zeros(shape, bool))
    try:
        crossing.visit(function.body.block, _Executions.once(), False)
    except _UnknownError:
        return 0, 0
    loaded = (crossing.loaded != _NEVER) & (crossing.loaded <= crossing.stored)
    return int(loaded.sum()), int(crossing.certain.sum())
