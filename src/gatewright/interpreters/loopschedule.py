"""Run a program of the schedule level on NumPy arrays, and count its cycles.

The program becomes one Python function with a variable `t` for the cycle. A step is its operations in order, since a
value is computed before it is used, with the stores after the loads; its cycles are added where they are known at once
for several steps. Loops and steps nested in one step run one after the other, each from the cycle in which the step
starts: the verifier has made sure that they do not see each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from gatewright.dialects.loopschedule.calls import without_calls
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineOp, RegisterOp, SeqWhileOp, StepOp, TerminatorOp
from gatewright.interpreters import pipeline, while_loop
from gatewright.interpreters.compiled import ENTRY, Cache
from gatewright.interpreters.late_stores import LateStores
from gatewright.interpreters.outcome import Outcome
from gatewright.interpreters.python_source import PythonSource, zero
from gatewright.ir.program import Program

_UNLIMITED = 1 << 62
"""More cycles than can be waited for."""


def run(program: Program, arguments: Sequence[np.ndarray], max_cycles: int | None = None) -> Outcome:
    """Run `program` on the raw arrays of its parameters (see `interface.to_raw`), updating them in place.

    The outcome's cycles are those from a start to the earliest next start. Raises SimulationError for a store outside
    an array, and when the program takes more than `max_cycles`. The module must not change between runs.
    """
    compiled = _CACHE.get(program.module, program.function)
    results, (cycles,) = compiled.run(arguments, _UNLIMITED if max_cycles is None else max_cycles)
    return Outcome(results, cycles)


def python_source(program: Program) -> str:
    """The Python function that `program` is run as."""
    return _build(program.module, program.function).text


def _build(module: ModuleOp, function: func.FuncOp) -> PythonSource:
    function = without_calls(function, module)
    source = PythonSource(module, function)
    source.constants["outside"] = source.faults.outside
    source.constants["hang"] = source.faults.hang
    source.constants["miscounted"] = source.faults.miscounted
    parameters = source.parameters()
    with source.indented(f"def {ENTRY}({', '.join([*parameters, 'limit'])}):"):
        source.line("t = 1")
        for argument in function.body.block.args:
            source.ready(argument)
        late = LateStores(source, function)
        late.declare()
        _Scheduled(source, late).sequence(function.body.block)
    return source


_CACHE = Cache(_build)


@dataclass
class _Store:
    """A store that waits until the loads of its step have read."""

    conditions: tuple[str, ...]
    element: str
    value: str


@dataclass
class _StepTree:
    """A step of a sequence with the steps nested in it, which all start in one cycle."""

    late: set[SSAValue]
    """The arrays that are loaded from after they are stored to, in the order of the text."""
    conditions: tuple[str, ...] = ()
    """What has to be true for the step at hand to be executed, beyond the outermost one's condition."""
    stores: list[_Store] = field(default_factory=list)


class _Scheduled:
    """The generator of the statements of a scheduled program."""

    def __init__(self, source: PythonSource, late: LateStores):
        self.source = source
        self._late = late
        self._pending = 0
        """Cycles that have passed and are not yet added to `t`."""

    def sequence(self, block: Block) -> None:
        """Emit steps and loops that follow one another."""
        for op in block.ops:
            if self.source.arithmetic(op) or self.source.array(op):
                continue
            match op:
                case StepOp():
                    self._outermost_step(op)
                    self._settle(op)
                case SeqWhileOp() | PipelineOp():
                    self._loop(op)
                    self._settle(op)
                case TerminatorOp():
                    pass
                case func.ReturnOp():
                    self._flush()
                    self.source.line(f"if t > limit: hang({self.source.faults.number(op)}, limit, (), ())")
                    values = [self.source.text_of(value) for value in op.arguments]
                    self.source.line(f"return {', '.join([*values, 't'])},")
                case _:
                    raise self.source.unsupported(op)

    def _settle(self, item: StepOp | LoopOp) -> None:
        """Emit the stores that are late behind an item that may have left some."""
        if self._late.concern(item):
            self._flush()
            self._late.settle()

    def _flush(self) -> None:
        if self._pending:
            self.source.line(f"t += {self._pending}")
        self._pending = 0

    def _outermost_step(self, step: StepOp) -> None:
        tree = _StepTree(_loaded_after_store(step))
        if step.when is None:
            self._step_body(step, tree)
            self._stores(tree)
            return
        self._conditional(step, tree, outermost=True)
        if fixed_cycles(step) is not None:
            self._pending += 1

    def _conditional(self, step: StepOp, tree: _StepTree, outermost: bool) -> None:
        """Emit a step with a condition; its cycles only if their number depends on the data."""
        assert step.when is not None
        fixed = fixed_cycles(step) is not None
        before = self._pending
        if not fixed:
            self._flush()
        names = [self.source.declare(out) for out in step.outs]
        condition = self.source.atom(step.when).text
        outer, tree.conditions = tree.conditions, () if outermost else (*tree.conditions, condition)
        with self.source.indented(f"if {condition}:"):
            self._step_body(step, tree, names)
            if outermost:
                self._stores(tree)
            if not fixed:
                self._flush()
        tree.conditions = outer
        if names or not fixed:
            with self.source.indented("else:"):
                self.source.assign_all(names, [zero(out.type).text for out in step.outs])
                if not fixed:
                    self.source.line("t += 1")
        self._pending = before if fixed else 0
        for out in step.outs:
            self.source.ready(out)

    def _step_body(self, step: StepOp, tree: _StepTree, names: list[str] | None = None) -> None:
        """Emit a step's operations, the passing of its cycles, and its results, into `names` where given."""
        moving = [op for op in step.body.block.ops if isinstance(op, StepOp | LoopOp) and fixed_cycles(op) is None]
        least = max([step.cycles, *(fixed_cycles(op) or 1 for op in step.body.block.ops if isinstance(op, StepOp))])
        start = end = ""
        if moving:
            self._flush()
            if len(moving) > 1 or least > 1:
                start, end = self.source.fresh("start"), self.source.fresh("end")
                self.source.line(f"{start} = t")
                self.source.line(f"{end} = t + {least}")
        for op in step.body.block.ops:
            self._in_step(op, tree)
            if op in moving and start:
                self._flush()
                self.source.line(f"if t > {end}: {end} = t")
                self.source.line(f"t = {end if op is moving[-1] else start}")
        if not moving:
            self._pending += least
        self._results(step, names)

    def _in_step(self, op: Operation, tree: _StepTree) -> None:
        if self.source.arithmetic(op):
            return
        match op:
            case memref.LoadOp():
                self.source.speculative_load(op)
            case memref.StoreOp():
                self._store(op, tree)
            case SeqWhileOp() | PipelineOp():
                self._loop(op)
            case StepOp():
                self._nested_step(op, tree)
            case RegisterOp():
                pass
            case _:
                raise self.source.unsupported(op)

    def _nested_step(self, step: StepOp, tree: _StepTree) -> None:
        """Emit a step of a step; one that takes a fixed number of cycles leaves counting them to the outer one."""
        before = self._pending
        if step.when is None:
            self._step_body(step, tree)
        else:
            self._conditional(step, tree, outermost=False)
        if fixed_cycles(step) is not None:
            self._pending = before

    def _results(self, step: StepOp, names: list[str] | None) -> None:
        registered = step.register.values
        if names is not None:
            self.source.assign_all(names, [self.source.text_of(value) for value in registered])
            return
        for out, value in zip(step.outs, registered, strict=True):
            self.source.define(out, self.source.term(value))

    def _store(self, op: memref.StoreOp, tree: _StepTree) -> None:
        access = self.source.access(op)
        if access.inside:
            self.source.line(f"if not ({access.inside}): {self.source.fault(op, access)}")
        element, value = self.source.element(op, access), self.source.text_of(op.value)
        if op.memref in tree.late:
            tree.stores.append(_Store(tree.conditions, element, self.source.atom(op.value).text))
        else:
            self.source.line(f"{element} = {value}")

    def _stores(self, tree: _StepTree) -> None:
        for store in tree.stores:
            guard = f"if {' and '.join(store.conditions)}: " if store.conditions else ""
            self.source.line(f"{guard}{store.element} = {store.value}")

    def _loop(self, loop: LoopOp) -> None:
        self._flush()
        if isinstance(loop, PipelineOp):
            pipeline.emit(self.source, loop, self._late.of(loop))
        else:
            while_loop.emit(self.source, loop, "t", lambda: self._iteration(loop.body.block))
            self._pending += 1

    def _iteration(self, block: Block) -> None:
        self.sequence(block)
        self._flush()


def fixed_cycles(op: Operation) -> int | None:
    """The cycles of a step where they do not depend on data, else None."""
    if not isinstance(op, StepOp):
        return None
    longest = op.cycles
    for inner in op.body.block.ops:
        if isinstance(inner, StepOp | LoopOp):
            if (cycles := fixed_cycles(inner)) is None:
                return None
            longest = max(longest, cycles)
    return longest if op.when is None or longest == 1 else None


def _loaded_after_store(step: StepOp) -> set[SSAValue]:
    """The arrays that a step's operations, in the order of the text, store to before they load from them."""
    stored: set[SSAValue] = set()
    late: set[SSAValue] = set()

    def look(block: Block) -> None:
        for op in block.ops:
            if isinstance(op, memref.StoreOp):
                stored.add(op.memref)
            elif isinstance(op, memref.LoadOp) and op.memref in stored:
                late.add(op.memref)
            elif isinstance(op, StepOp):
                look(op.body.block)

    look(step.body.block)
    return late
