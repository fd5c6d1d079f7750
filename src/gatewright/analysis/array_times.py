"""When a scheduled function loads and stores each element of the arrays that it is given, in cycles from its start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import BlockArgument, Operation, SSAValue

from gatewright.analysis.pipeline_addresses import pipeline_addresses
from gatewright.analysis.traced_dependences import Trace
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, StepOp
from gatewright.ir.accesses import MemoryAccess
from gatewright.machine.duration import items_of, static_cycles

NEVER = 1 << 60
"""The cycle of what does not happen; the last one is then `-NEVER`."""

MOST_ITERATIONS = 1 << 23
"""Of a pipeline with more, any iteration may access anything."""


@dataclass
class ArrayTimes:
    """The first and the last cycle in which each element of an array may be loaded, and may be stored."""

    first_load: np.ndarray
    last_load: np.ndarray
    first_store: np.ndarray
    last_store: np.ndarray

    @staticmethod
    def none(size: int) -> ArrayTimes:
        """Those of an array that is not accessed."""
        return ArrayTimes(*(np.full(size, NEVER if first else -NEVER, np.int64) for first in (1, 0, 1, 0)))

    def note(
        self, stores: bool, addresses: np.ndarray | slice, first: np.ndarray | int, last: np.ndarray | int
    ) -> None:
        """An access of some elements, each from one cycle to another."""
        begin, end = (self.first_store, self.last_store) if stores else (self.first_load, self.last_load)
        if isinstance(addresses, slice):
            begin[addresses] = np.minimum(begin[addresses], first)
            end[addresses] = np.maximum(end[addresses], last)
        else:
            np.minimum.at(begin, addresses, first)
            np.maximum.at(end, addresses, last)


def array_times(function: func.FuncOp) -> Mapping[int, ArrayTimes] | None:
    """The times of the arguments of a scheduled function that are arrays, by number; None if it knows no cycles."""
    found = {
        argument.index: ArrayTimes.none(prod(argument.type.get_shape()))
        for argument in function.body.block.args
        if isinstance(argument.type, MemRefType)
    }
    arrays: set[SSAValue] = {function.body.block.args[number] for number in found}
    cycle = 0
    for item in items_of(function.body.block):
        lasts = static_cycles(item)
        if lasts is None:
            return None
        _TimedItem(found, arrays, cycle).visit(item, lasts)
        cycle += lasts
    return found


@dataclass
class _TimedItem:
    """A step or loop that begins in a cycle."""

    found: Mapping[int, ArrayTimes]
    arrays: set[SSAValue]
    cycle: int

    def visit(self, item: Operation, lasts: int) -> None:
        """Note the accesses of an item, and of what it holds, which lasts so many cycles."""
        if isinstance(item, PipelineOp):
            self._pipeline(item)
        elif isinstance(item, LoopOp):
            self._any(item.walk(), lasts)
        else:
            for op in item.regions[0].block.ops:
                if isinstance(op, StepOp | LoopOp):
                    cycles = static_cycles(op)
                    self.visit(op, lasts if cycles is None else cycles)
                elif isinstance(op, MemoryAccess) and op.memref in self.arrays:
                    self._note(op, slice(None), self.cycle, self.cycle)

    def _any(self, ops: Iterable[Operation], lasts: int) -> None:
        """What may access any element at any time while it lasts."""
        for op in ops:
            if isinstance(op, MemoryAccess) and op.memref in self.arrays:
                self._note(op, slice(None), self.cycle, self.cycle + lasts - 1)

    def _pipeline(self, pipeline: PipelineOp) -> None:
        trips = pipeline.trip_count
        traced = None
        if trips is not None and trips <= MOST_ITERATIONS:
            traced = pipeline_addresses(pipeline, trips + 2, self.arrays)
        for stage in pipeline.stages:
            for op in stage.walk():
                if isinstance(op, MemoryAccess) and op.memref in self.arrays:
                    self._staged(op, pipeline, stage.start, traced)

    def _staged(
        self,
        op: MemoryAccess,
        pipeline: PipelineOp,
        start: int,
        traced: tuple[Trace, dict[Operation, Operation]] | None,
    ) -> None:
        addresses = None if traced is None else traced[0].addresses.get(traced[1][op])
        first = self.cycle + start
        if addresses is None:
            trips = pipeline.trip_count or 1
            self._note(op, slice(None), first, first + (trips - 1) * pipeline.interval)
            return
        iterations = np.flatnonzero(addresses >= 0)
        cycles = first + iterations * pipeline.interval
        self._note(op, addresses[iterations], cycles, cycles)

    def _note(
        self, op: MemoryAccess, addresses: np.ndarray | slice, first: np.ndarray | int, last: np.ndarray | int
    ) -> None:
        assert isinstance(op.memref, BlockArgument)
        self.found[op.memref.index].note(isinstance(op, memref.StoreOp), addresses, first, last)
