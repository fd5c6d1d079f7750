"""A `loopschedule.pipeline` in generated code as it is in time: iterations in flight, one stage of each a cycle.

An iteration is a list: its age in cycles, the iteration before it, the arguments for the one after it, its results and
what its stages register. Stores of a cycle take effect when all stages of the cycle have loaded. The condition of an
iteration is evaluated as soon as what it reads is there; if that is late, the iteration has been started on speculation
and vanishes without a trace when the condition turns out false.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from xdsl.dialects import memref
from xdsl.ir import BlockArgument, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, PipelineStageOp, RegisterOp, StepOp
from gatewright.interpreters import while_loop
from gatewright.interpreters.python_source import PythonSource, zero
from gatewright.interpreters.terms import Term, named
from gatewright.machine.availability import condition_cycle
from gatewright.machine.duration import cycles_in_sequence
from gatewright.machine.occupancy import array_of

_FIRST_SLOT = 2
"""Where the values of an iteration begin in its list, after its age and the iteration before it."""


class _Slots:
    """Where the values of an iteration are."""

    def __init__(self, loop: PipelineOp):
        self.arguments = _FIRST_SLOT
        self.results = self.arguments + len(loop.iter_args)
        self.outs: dict[SSAValue, int] = {}
        end = self.results + len(loop.outs)
        for stage in loop.stages:
            for out in stage.outs:
                self.outs[out] = end
                end += 1
        self.registered = end - self.results - len(loop.outs)


@dataclass(frozen=True)
class _Cycle:
    """The variables of the cycle at hand."""

    now: str
    stores: str
    """The stores that take effect at its end."""
    late: Mapping[Hashable, str]
    """The queues of the arrays whose stores do so later."""


def emit(source: PythonSource, loop: PipelineOp, late: Mapping[Hashable, str]) -> None:
    """Emit a pipeline that starts in cycle `t` and leaves `t` at the cycle after its last, or after its step's.

    `late` are the queues of the arrays whose stores outlast the pipeline or come from the one before.
    """
    slots = _Slots(loop)
    names = ("this", "before", "flight", "stores", "due", "trips", "going", "done", "now")
    this, before, flight, stores, due, trips, going, done, now = (source.fresh(name) for name in names)
    cycle, decided = _Cycle(now, stores, late), condition_cycle(loop)
    _initial_iteration(source, loop, slots, done)
    source.line(f"{flight}, {due}, {trips}, {going}, {before} = [], 0, 0, True, {done}")
    source.line(f"{now} = t")
    with source.indented("while True:"):
        for queue in late.values():
            ends = f"t + ({trips} - 1) * {loop.interval} + {cycles_in_sequence(loop)} if {trips} else t"
            source.apply_stores(queue, f"min({now}, {ends})")
        with source.indented(f"if {going} and not {due}:"):
            values = slots.results + len(loop.outs) + slots.registered - _FIRST_SLOT
            source.line(f"{before} = [0, {before}] + [0] * {values}")
            source.line(f"{flight}.append({before})")
            source.line(f"{due} = {loop.interval}")
        source.line(f"{due} -= 1")
        source.line(f"{stores} = []")
        with source.indented(f"for {this} in {flight}:"):
            _arguments(source, loop, slots, f"{this}[1]")
            _hand_on(source, loop, slots, this)
            with source.indented(f"if {this}[0] == {decided}:"):
                _condition(source, loop, this, flight, going, trips)
            for stage in loop.stages:
                with source.indented(f"if {this}[0] == {stage.start}:"):
                    _stage(source, stage, loop, slots, this, cycle)
        for queue in late.values():
            source.line(f"{queue}.extend(({now}, *store[1:]) for store in {stores} if store[0] is {queue})")
        source.line(f"for queue, array, address, value in {stores}:")
        source.line("    if queue is None: array[address] = value")
        source.line(f"{now} += 1")
        source.line(f"for {this} in {flight}: {this}[0] += 1")
        with source.indented(f"if {flight} and {flight}[0][0] > {max(loop.depth - 1, decided)}:"):
            source.line(f"{done} = {flight}.pop(0)")
            source.line(f"{done}[1] = None")
        source.line(f"if not {flight} and not {going}: break")
    if loop.trip_count is not None:
        fault = f"miscounted({source.faults.number(loop)}, {trips})"
        source.line(f"if {trips} != {loop.trip_count}: {fault}")
    source.line(f"t += ({trips} - 1) * {loop.interval} + {cycles_in_sequence(loop)} if {trips} else 1")
    for position, out in enumerate(loop.outs):
        name = source.declare(out)
        source.line(f"{name} = {done}[{slots.results + position}]")
        source.ready(out)


def _initial_iteration(source: PythonSource, loop: PipelineOp, slots: _Slots, name: str) -> None:
    """An iteration before the first one, which passes on the initial arguments."""
    arguments = [source.text_of(value) for value in loop.iter_args]
    results = [
        arguments[k] if k < len(arguments) and loop.iter_args[k].type == out.type else zero(out.type).text
        for k, out in enumerate(loop.outs)
    ]
    source.line(f"{name} = [0, None, {', '.join([*arguments, *results])}]")


def _hand_on(source: PythonSource, loop: PipelineOp, slots: _Slots, this: str) -> None:
    """Hand on, and return, the arguments of an iteration that are what the next one is given as they are."""
    terminator = loop.terminator
    for first, values in ((slots.arguments, terminator.iter_args), (slots.results, terminator.loop_results)):
        for position, value in enumerate(values):
            if isinstance(value, BlockArgument):
                source.line(f"{this}[{first + position}] = {this}[1][{slots.arguments + value.index}]")


def _arguments(source: PythonSource, loop: PipelineOp, slots: _Slots, before: str) -> None:
    for region in (loop.condition, loop.body):
        for position, argument in enumerate(region.block.args):
            whole = named("", argument.type)
            source.alias(argument, Term(f"{before}[{slots.arguments + position}]", whole.low, whole.high))


def _condition(source: PythonSource, loop: PipelineOp, this: str, flight: str, going: str, trips: str) -> None:
    for op in loop.condition.block.ops:
        if not isinstance(op, RegisterOp) and not source.arithmetic(op):
            raise source.unsupported(op)
    with source.indented(f"if not {source.text_of(loop.condition_register.values[0])}:"):
        source.line(f"{going} = False")
        source.line(f"del {flight}[{flight}.index({this}):]")
        source.line("break")
    source.line(f"{trips} += 1")
    while_loop.check_hang(source, loop, f"t + ({trips} - 1) * {loop.interval}")


def _stage(
    source: PythonSource, stage: PipelineStageOp, loop: PipelineOp, slots: _Slots, this: str, cycle: _Cycle
) -> None:
    if stage.when is None:
        _stage_body(source, stage, loop, slots, this, cycle)
        return
    with source.indented(f"if {source.atom(stage.when).text}:"):
        _stage_body(source, stage, loop, slots, this, cycle)
    # What a stage registers without being executed is unspecified: the zeros that an iteration begins with.


def _store(source: PythonSource, op: memref.StoreOp, cycle: _Cycle) -> None:
    access = source.access(op)
    if access.inside:
        source.line(f"if not ({access.inside}): {source.fault(op, access)}")
    source.element(op, access)
    queue = cycle.late.get(array_of(op))
    target = f"{queue}, {source.text_of(op.memref)}, {access.address.text}, {source.text_of(op.value)}"
    source.line(f"{cycle.stores}.append(({target}))")


def _stage_body(
    source: PythonSource, stage: PipelineStageOp, loop: PipelineOp, slots: _Slots, this: str, cycle: _Cycle
) -> None:
    for op in stage.body.block.ops:
        if source.arithmetic(op) or isinstance(op, RegisterOp):
            continue
        match op:
            case memref.LoadOp():
                source.speculative_load(op, cycle.late.get(array_of(op), ""), cycle.now)
            case memref.StoreOp():
                _store(source, op, cycle)
            case StepOp() if op.when is not None:
                with source.indented(f"if {source.atom(op.when).text}:"):
                    for inner in op.body.block.ops:
                        if isinstance(inner, memref.StoreOp):
                            _store(source, inner, cycle)
            case _:
                raise source.unsupported(op)
    for out, value in zip(stage.outs, stage.register.values, strict=True):
        place = f"{this}[{slots.outs[out]}]"
        term = source.term(value)
        source.line(f"{place} = {term.text}")
        source.alias(out, Term(place, term.low, term.high))
        for first, values in (
            (slots.arguments, loop.terminator.iter_args),
            (slots.results, loop.terminator.loop_results),
        ):
            for position, passed in enumerate(values):
                if passed is out:
                    source.line(f"{this}[{first + position}] = {place}")
