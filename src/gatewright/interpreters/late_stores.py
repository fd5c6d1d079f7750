"""Stores of a pipeline that take effect while the step behind it runs already.

A step with an overlap ends before its pipeline has drained, so that the next pipeline may load an element before it is
stored. Where the one stores to an array that the other loads from, stores of both wait in a queue with their cycle
until a load of a later one. A pipeline does its stores only as far as its step has certainly not ended: what it loads
itself after that, while it drains, it looks up among those that wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from xdsl.dialects import func, memref
from xdsl.ir import Operation

from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, StepOp
from gatewright.interpreters.python_source import PythonSource
from gatewright.ir.accesses import MemoryAccess
from gatewright.machine.occupancy import array_of
from gatewright.machine.overlap import draining_pipeline, following


def latest(queue: deque[tuple[int, list[int], int, int]], array: list[int], address: int, cycle: int) -> int:
    """What a load sees before the stores that wait in a queue from `cycle` on, while those before are not yet done."""
    for when, target, place, value in reversed(queue):
        if when < cycle and target is array and place == address:
            return value
    return array[address]


class LateStores:
    """The queues of a function, and which pipelines use them."""

    def __init__(self, source: PythonSource, function: func.FuncOp):
        self._source = source
        self._queues: dict[Hashable, str] = {}
        self._of: dict[Operation, dict[Hashable, str]] = {}
        self._items: set[Operation] = set()
        for step in function.walk():
            if isinstance(step, StepOp) and step.overlap:
                self._join(step)

    def _join(self, step: StepOp) -> None:
        after, pipeline = following(step), draining_pipeline(step)
        assert after is not None and pipeline is not None
        self._items |= {step, after}
        # Whatever else is in the step behind starts only when the stores to its arrays have been done.
        others = [op for op in after.body.block.ops if isinstance(op, PipelineOp)]
        for other in others:
            loaded, accessed = _accessed(other, memref.LoadOp), _accessed(other, memref.LoadOp, memref.StoreOp)
            shared = [array for array in _accessed(pipeline, memref.StoreOp) if array in loaded]
            shared += [array for array in self.of(pipeline) if array in accessed]
            for array in shared:
                if array not in self._queues:
                    self._queues[array] = self._source.fresh("late")
                for loop in (pipeline, other):
                    self._of.setdefault(loop, {})[array] = self._queues[array]

    def declare(self) -> None:
        """Emit the queues."""
        self._source.constants["latest"] = latest
        for queue in self._queues.values():
            self._source.line(f"{queue} = deque()")

    def of(self, pipeline: PipelineOp) -> dict[Hashable, str]:
        """The queues of the arrays whose stores by a pipeline, or before its loads, may be late."""
        return self._of.get(pipeline, {})

    def concern(self, item: StepOp | LoopOp) -> bool:
        """True if stores may wait when an item ends: its own, or those of the item before."""
        return item in self._items

    def settle(self) -> None:
        """Emit the stores that have been done before cycle `t`."""
        for queue in self._queues.values():
            self._source.apply_stores(queue, "t")


def _accessed(item: StepOp | LoopOp, *kinds: type[MemoryAccess]) -> dict[Hashable, None]:
    """The arrays of the loads or stores in a step or loop, in the order of the text."""
    return {array_of(op): None for op in item.walk() if isinstance(op, kinds)}
