"""Let a loop start before the last one has drained."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, Operation
from xdsl.passes import ModulePass

from gatewright.analysis.pipeline_addresses import pipeline_addresses
from gatewright.analysis.traced_dependences import Trace
from gatewright.dialects.loopschedule.ops import PipelineOp, SeqWhileOp, StepOp
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.rewriting import functions_of
from gatewright.machine.occupancy import array_of
from gatewright.machine.overlap import draining_pipeline, following, most_overlap

NEVER = 1 << 40
"""A cycle that does not come."""


@dataclass(frozen=True)
class OverlapLoopsPass(ModulePass):
    """End the step of a pipeline while its last iterations are still on their way.

    ```
    step {                            step overlap 3 {
      pipeline ... { load %a            pipeline ... { load %a
                     store %b }                        store %b }
    }                             ->  }
    step {                            step {
      pipeline ... { load %b            pipeline ... { load %b
                     store %c }                        store %c }
    }                                 }
    ```

    No cycles pass then between the last iteration that starts in the one loop and the first in the other, as long as
    they want different ports and units, and the second loop loads nothing before the first one has stored it. Where the
    addresses of both depend on no data that is found by computing all of them; elsewhere the first load waits for the
    last store of its array.
    """

    name = "overlap-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            inner = [loop.body.block for loop in function.walk() if isinstance(loop, SeqWhileOp)]
            for block in reversed([function.body.block, *inner]):
                _sequence(block)


def _sequence(block: Block) -> None:
    """Overlap what follows each other in a sequence, from its end on: an overlap makes a step shorter."""
    for step in reversed([op for op in block.ops if isinstance(op, StepOp)]):
        step.overlap = _overlap(step)


def _overlap(step: StepOp) -> int:
    """The most cycles by which a step may overlap the next one."""
    pipeline, after = draining_pipeline(step), following(step)
    cycles = most_overlap(step).cycles
    if not cycles or pipeline is None or after is None:
        return 0
    stores = _Touches(pipeline, memref.StoreOp)
    for other in [op for op in after.body.block.ops if isinstance(op, PipelineOp)]:
        loads = _Touches(other, memref.LoadOp)
        for array in stores.accesses.keys() & loads.accesses.keys():
            between = int((loads.first(array) - stores.last(array)).min())
            cycles = min(cycles, max(0, between + pipeline.depth - 1))
    return cycles


class _Touches:
    """When a pipeline loads from, or stores to, the elements of arrays."""

    def __init__(self, pipeline: PipelineOp, kind: type[memref.LoadOp] | type[memref.StoreOp]):
        self._pipeline = pipeline
        self.accesses: dict[Hashable, list[tuple[Operation, int]]] = {}
        for stage in pipeline.stages:
            for op in stage.walk():
                if isinstance(op, kind):
                    self.accesses.setdefault(array_of(op), []).append((op, stage.start))

    @cached_property
    def _addresses(self) -> tuple[Trace, dict[Operation, Operation]] | None:
        return pipeline_addresses(self._pipeline)

    def first(self, array: Hashable) -> np.ndarray:
        """For each element the cycle of its first access, from the start of the first iteration on."""
        found = np.full(_size(self.accesses[array][0][0]), NEVER)
        for op, start in self.accesses[array]:
            touched = self._touched(op)
            if touched is None:
                found = np.minimum(found, start)
            else:
                iterations, addresses, _ = touched
                np.minimum.at(found, addresses, iterations * self._pipeline.interval + start)
        return found

    def last(self, array: Hashable) -> np.ndarray:
        """For each element the cycle of its last access, from the start of the last iteration on."""
        found = np.full(_size(self.accesses[array][0][0]), -NEVER)
        for op, start in self.accesses[array]:
            touched = self._touched(op)
            if touched is None:
                found = np.maximum(found, start)
            else:
                iterations, addresses, trips = touched
                np.maximum.at(found, addresses, (iterations - trips + 1) * self._pipeline.interval + start)
        return found

    def _touched(self, op: Operation) -> tuple[np.ndarray, np.ndarray, int] | None:
        """The iterations in which an access happens, its addresses then, and the number of all iterations."""
        if self._addresses is None:
            return None
        trace, copies = self._addresses
        addresses = trace.addresses.get(copies[op])
        if addresses is None:
            return None
        iterations = np.flatnonzero(addresses >= 0)
        return iterations, addresses[iterations], len(addresses)


def _size(access: Operation) -> int:
    assert isinstance(access, MemoryAccess) and isinstance(access.memref.type, MemRefType)
    return prod(access.memref.type.get_shape())
