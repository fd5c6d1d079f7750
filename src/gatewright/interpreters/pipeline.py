"""What a `loopschedule.pipeline` becomes in generated code.

As a rule its iterations run one after the other, which computes the same: what an iteration reads of another one, it
reads of an earlier one that has run. Memories are the exception, since an iteration may load before an earlier one
stores. Where that can happen, stores wait in a queue with their cycle until a load of a later cycle; so they do where
the next pipeline may load them before they are done (see `late_stores`). If even that is not enough, because an
iteration may store before an earlier one loads or stores, `pipeline_overlap` runs the iterations as they overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

from xdsl.dialects import memref
from xdsl.ir import Block

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, RegisterOp, StepOp
from gatewright.interpreters import pipeline_overlap, while_loop
from gatewright.interpreters.python_source import PythonSource, zero
from gatewright.machine.duration import cycles_in_sequence
from gatewright.machine.occupancy import array_of


class _Starts:
    """In which cycles of an iteration an array is loaded from and stored to."""

    def __init__(self):
        self.loads: list[int] = []
        self.stores: list[int] = []

    def in_order(self, interval: int, late: bool) -> bool:
        """Whether no iteration stores before, or in the same cycle as, an earlier one stores, nor before it loads.

        Nor does one load before an earlier one does, where stores wait: it would see those that are done by then.
        """
        if (late or self.stores) and any(interval + one < other for one in self.loads for other in self.loads):
            return False
        return all(interval + store >= load for store in self.stores for load in self.loads) and all(
            interval + store > other for store in self.stores for other in self.stores
        )

    def at_once(self, interval: int) -> bool:
        """Whether every store has been done when a later iteration loads."""
        return all(interval + load > store for load in self.loads for store in self.stores)


def emit(source: PythonSource, loop: PipelineOp, late: Mapping[Hashable, str]) -> None:
    """Emit a pipeline that starts in cycle `t` and leaves `t` at the cycle after its last, or after its step's.

    `late` are the queues of the arrays whose stores outlast the pipeline or come from the one before.
    """
    arrays = _starts(loop)
    if all(starts.in_order(loop.interval, array in late) for array, starts in arrays.items()):
        queued = [array for array, starts in arrays.items() if not starts.at_once(loop.interval)]
        own = {array: source.fresh("queue") for array in queued if array not in late}
        _Sequential(source, loop, own, late).emit()
    else:
        pipeline_overlap.emit(source, loop, late)


def _starts(loop: PipelineOp) -> dict[Hashable, _Starts]:
    arrays: dict[Hashable, _Starts] = defaultdict(_Starts)
    for stage in loop.stages:
        for op in stage.walk():
            if isinstance(op, memref.LoadOp):
                arrays[array_of(op)].loads.append(stage.start)
            elif isinstance(op, memref.StoreOp):
                arrays[array_of(op)].stores.append(stage.start)
    return arrays


class _Sequential:
    """The generator of a pipeline whose iterations run one after the other."""

    def __init__(
        self, source: PythonSource, loop: PipelineOp, own: Mapping[Hashable, str], late: Mapping[Hashable, str]
    ):
        self._source, self._loop = source, loop
        self._own = own
        """The queue of each array that an iteration may load from before an earlier one stores to it."""
        self._queues = {**own, **late}
        self._start = source.fresh("start")
        """The cycle, counted from the first iteration's, in which the iteration at hand starts."""

    def emit(self) -> None:
        """Emit the loop, and what is left in the queues after it."""
        source, loop = self._source, self._loop
        source.line(f"{self._start} = 0")
        for queue in self._own.values():
            source.line(f"{queue} = deque()")
        while_loop.emit(source, loop, f"t + {self._start}", self._iteration)
        for queue in self._own.values():
            source.line(f"for _, array, address, value in {queue}: array[address] = value")
        if loop.trip_count is not None:
            fault = f"miscounted({source.faults.number(loop)}, {self._start} // {loop.interval})"
            source.line(f"if {self._start} != {loop.trip_count * loop.interval}: {fault}")
        source.line(f"t += {self._start} + {cycles_in_sequence(loop) - loop.interval} if {self._start} else 1")

    def _iteration(self) -> None:
        for stage in self._loop.stages:
            self._stage(stage)
        self._source.line(f"{self._start} += {self._loop.interval}")

    def _stage(self, stage: PipelineStageOp) -> None:
        source = self._source
        if stage.when is None:
            self._operations(stage)
            for out, value in zip(stage.outs, stage.register.values, strict=True):
                source.define(out, source.term(value))
            return
        condition = source.atom(stage.when).text
        names = [source.declare(out) for out in stage.outs]
        with source.indented(f"if {condition}:"):
            self._operations(stage)
            source.assign_all(names, [source.text_of(value) for value in stage.register.values])
        if names:
            with source.indented("else:"):
                source.assign_all(names, [zero(out.type).text for out in stage.outs])
        for out in stage.outs:
            source.ready(out)

    def _operations(self, stage: PipelineStageOp) -> None:
        """Emit the operations of a stage, its stores last."""
        source = self._source
        for op in stage.body.block.ops:
            if isinstance(op, memref.LoadOp):
                self._load(op, stage.start)
            elif not isinstance(op, memref.StoreOp | StepOp | RegisterOp) and not source.arithmetic(op):
                raise source.unsupported(op)
        for op in stage.body.block.ops:
            if isinstance(op, memref.StoreOp):
                self._store(op, stage.start)
            elif isinstance(op, StepOp) and op.when is not None:
                with source.indented(f"if {source.atom(op.when).text}:"):
                    for inner in _stores_of(op.body.block):
                        self._store(inner, stage.start)

    def _load(self, load: memref.LoadOp, start: int) -> None:
        """Emit a load, before it the stores that the array's queue holds from before its cycle."""
        source, queue, draining = self._source, self._queues.get(array_of(load)), cycles_in_sequence(self._loop)
        if queue is not None:
            source.apply_stores(queue, f"t + {self._start} + {min(start, draining)}")
        if queue is not None and start > draining:
            source.speculative_load(load, queue, f"t + {self._start} + {start}")
        else:
            source.speculative_load(load)

    def _store(self, op: memref.StoreOp, start: int) -> None:
        source = self._source
        access = source.access(op)
        if access.inside:
            source.line(f"if not ({access.inside}): {source.fault(op, access)}")
        element = source.element(op, access)
        if (queue := self._queues.get(array_of(op))) is None:
            source.line(f"{element} = {source.text_of(op.value)}")
        else:
            when, array = f"t + {self._start} + {start}", source.text_of(op.memref)
            what = f"{when}, {array}, {access.address.text}, {source.text_of(op.value)}"
            source.line(f"{queue}.append(({what}))")


def _stores_of(block: Block) -> list[memref.StoreOp]:
    return [op for op in block.ops if isinstance(op, memref.StoreOp)]
