"""Pipelines: loops whose iterations overlap.

Each iteration is a token that moves one register a cycle: at position r it is in cycle r of its iteration. A value that
appears in cycle d of an iteration and is used in cycle u passes through ceil((u - d) / II) registers, each of which
holds it for an interval. What an iteration hands to the next one is read there as if it were used II cycles later.

The condition of an iteration is decided at position `decided`. Where that is not its first cycle, the iteration and
those after it have started on speculation: when it turns out false, the tokens before that position are taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from gatewright.dialects.loopschedule import PipelineOp, PipelineStageOp, RegisterOp, StepOp, condition_cycle
from gatewright.errors import IrError, SourceLocation
from gatewright.location import source_location
from gatewright.transforms.rtl.circuit import Circuit, Wire, width
from gatewright.transforms.rtl.places import Place, Span, Timeline
from gatewright.transforms.rtl.values import Always, Derived, Source

if TYPE_CHECKING:
    from gatewright.transforms.rtl.control import Lowering


@dataclass(eq=False)
class Stages(Timeline):
    """The cycles of an iteration of a pipeline: here a position is a cycle, not an item."""

    pipeline: Pipeline = field(kw_only=True)

    def between(self, first: int, second: int) -> Span:
        """From one cycle to another."""
        return Span(second - first, second - first)


@dataclass
class Staged:
    """A value of an iteration, on the wire `live` in the cycle `appears` of it."""

    pipeline: Pipeline
    name: str
    appears: int
    live: SSAValue
    _registers: list[SSAValue] = field(default_factory=list)

    def read(self, use: Place) -> SSAValue:
        """The wire or the register that has the value in a cycle of the iteration."""
        late = use.position - self.appears
        if late < 0:
            raise IrError(
                f"{self.name} is used in cycle {use.position} of an iteration and appears in cycle {self.appears}",
                where=source_location(self.pipeline.loop),
            )
        if late == 0:
            return self.live
        return self._register(-(-late // self.pipeline.loop.interval))

    def _register(self, number: int) -> SSAValue:
        """The register that has the value in the `number`th interval after it appears."""
        pipeline = self.pipeline
        while len(self._registers) < number:
            position = len(self._registers)
            source = self._registers[-1] if self._registers else self.live
            register = pipeline.circuit.register(f"{self.name}_{position + 1}_later", width(source), enabled=True)
            register.connect(source, pipeline.token(self.appears + position * pipeline.loop.interval))
            self._registers.append(register.value)
        return self._registers[number - 1]


@dataclass
class StagedArgument:
    """An iteration argument: the initial value in the first iteration, what the one before hands over in the others."""

    pipeline: Pipeline
    name: str
    initial: SSAValue
    number: int
    _wires: dict[int, Wire] = field(default_factory=dict)
    _kept: SSAValue | None = None

    def read(self, use: Place) -> SSAValue:
        """The value in a cycle of the iteration."""
        circuit, cycle = self.pipeline.circuit, use.position
        if cycle not in self._wires:
            self._wires[cycle] = circuit.wire(width(self.initial))
        first = self.pipeline.first(cycle)
        value = circuit.mux(first, self._initial_at(cycle), self._wires[cycle].value)
        return circuit.name(value, self.name)

    def connect(self, following: Source) -> None:
        """Say what an iteration hands over to the next."""
        pipeline = self.pipeline
        done: set[int] = set()
        while pending := [cycle for cycle in self._wires if cycle not in done]:
            for cycle in pending:
                done.add(cycle)
                self._wires[cycle].connect(following.read(pipeline.stages.place(cycle + pipeline.loop.interval)))

    def _initial_at(self, cycle: int) -> SSAValue:
        """The initial value in a cycle of the first iteration."""
        if cycle == 0:
            return self.initial
        if self._kept is None:
            register = self.pipeline.circuit.register(f"{self.name}_initial", width(self.initial), enabled=True)
            register.connect(self.initial, self.pipeline.start)
            self._kept = register.value
        return self._kept


@dataclass
class PipelineResult:
    """A result of a pipeline: that of the last iteration, or the initial value of the argument in its position."""

    circuit: Circuit
    name: str
    place: Place
    start: SSAValue
    initial: SSAValue
    taken: SSAValue
    """High in the cycle in which an iteration has the value."""
    value: SSAValue
    with_the_last_cycle: bool
    """Whether the last iteration has it when the pipeline ends; if not, one cycle later."""
    where: SourceLocation | None

    def __post_init__(self):
        self.register = self.circuit.register(self.name, width(self.value), enabled=True)
        next_ = self.circuit.mux(self.taken, self.value, self.initial)
        self.register.connect(next_, self.circuit.any_of(self.start, self.taken))

    def read(self, use: Place) -> SSAValue:
        """The register, or what it is about to take."""
        circuit = self.circuit
        at_end = use.timeline is self.place.timeline and use.position == self.place.position
        if not at_end and self.with_the_last_cycle:
            return self.register.value
        if at_end and not self.with_the_last_cycle:
            raise IrError(
                f"{self.name} is taken in the last cycle of its pipeline, and is there one cycle later",
                where=self.where,
            )
        held = circuit.mux(self.start, self.initial, self.register.value) if at_end else self.register.value
        return circuit.name(circuit.mux(self.taken, self.value, held), f"{self.name}_now")


class Pipeline:
    """Builds one pipeline."""

    def __init__(self, lowering: Lowering, loop: PipelineOp, start: SSAValue, place: Place, name: str):
        self.lowering, self.loop, self.start, self.place, self.name = lowering, loop, start, place, name
        self.circuit = lowering.circuit
        self.stages = Stages(loop.body.block, place, pipeline=self)
        self.last = loop.depth - 1
        self.early = self.last < loop.interval
        """Whether an iteration ends before the next one starts, whose condition has to be known by then."""
        self.decided = 0 if self.early else min(condition_cycle(loop), self.last - loop.interval)
        initials = [lowering.read(value, place) for value in loop.iter_args]
        self.arguments = [
            StagedArgument(self, value.name_hint or f"{name}_argument{number}", initial, number)
            for number, (value, initial) in enumerate(zip(loop.body.block.args, initials, strict=True))
        ]
        self.launch = self.circuit.wire(1)
        self.cancel = self.circuit.wire(1)
        self._tokens: list[SSAValue] = [self.circuit.name(self.launch.value, f"{name}_launch")]
        self._first: list[SSAValue] = [start]
        self._confirmed: SSAValue | None = None

    def lower(self) -> SSAValue:
        """Build the pipeline; the token of its last cycle."""
        for argument, source in zip(self.loop.body.block.args, self.arguments, strict=True):
            self.lowering.sources[argument] = source
        done = None if self.early else self._decide()
        for stage in self.loop.stages:
            self._stage(stage)
        terminator = self.loop.terminator
        following = [self.lowering.sources[value] for value in terminator.iter_args]
        if self.early:
            done = self._decide_early(following)
        self._results()
        for argument, source in zip(self.arguments, following, strict=True):
            argument.connect(source)
        assert done is not None
        return self.circuit.name(done, f"{self.name}_done")

    def token(self, cycle: int) -> SSAValue:
        """High in a cycle of each iteration that is not yet known to be none."""
        circuit = self.circuit
        while len(self._tokens) <= cycle:
            position = len(self._tokens) - 1
            token = self.token_decided(position)
            if position < self.decided:
                token = circuit.all_of(token, circuit.invert(self.cancel.value))
            register = circuit.register(f"{self.name}_cycle{position + 1}", 1, reset=True)
            register.connect(token)
            self._tokens.append(register.value)
        return self._tokens[cycle]

    def first(self, cycle: int) -> SSAValue:
        """High in a cycle of the first iteration."""
        while len(self._first) <= cycle:
            register = self.circuit.register(f"{self.name}_first_cycle{len(self._first)}", 1, reset=True)
            register.connect(self._first[-1])
            self._first.append(register.value)
        return self._first[cycle]

    def token_decided(self, cycle: int) -> SSAValue:
        """The token of a cycle; in the cycle of the decision only that of iterations which take place."""
        if cycle == self.decided and self._confirmed is not None:
            return self._confirmed
        return self.token(cycle)

    def computed(self, name: str, place: Place, latency: int, live: SSAValue) -> Staged:
        """The result of an operation that starts at a place of an iteration."""
        return Staged(self, name, place.position + latency, live)

    def _decide(self) -> SSAValue:
        """Decide on each iteration, and start the next one an interval after it; the token of the end."""
        circuit, interval = self.circuit, self.loop.interval
        at = self.stages.place(self.decided)
        going = self._condition(self.arguments, self.token(self.decided), at)
        token, empty = self.token(self.decided), None
        self._confirmed = circuit.name(circuit.all_of(token, going), f"{self.name}_takes_place")
        cancelled = circuit.all_of(token, circuit.invert(going))
        self.cancel.connect(cancelled)
        starts = self.start
        if self.decided:
            initials = [Always(argument.initial) for argument in self.arguments]
            any_ = self._condition(initials, self.start, self.place)
            starts = circuit.all_of(self.start, any_)
            empty = circuit.all_of(self.start, circuit.invert(any_))
        else:
            empty = circuit.all_of(self.start, circuit.invert(going))
            cancelled = circuit.all_of(cancelled, circuit.invert(self.start))
        self.launch.connect(circuit.any_of(starts, self.token_decided(interval)))
        left = self.last - interval - self.decided
        return circuit.any_of(empty, circuit.delay(cancelled, left, f"{self.name}_drain"))

    def _decide_early(self, following: list[Source]) -> SSAValue:
        """Decide on the next iteration in the last cycle of each; the token of the end."""
        circuit = self.circuit
        initials = [Always(argument.initial) for argument in self.arguments]
        any_ = self._condition(initials, self.start, self.place)
        end = self.token(self.last)
        at = self.stages.place(self.last)
        # Only what the condition reads has to be there by now.
        read = [argument.first_use is not None for argument in self.loop.condition.block.args]
        handed = [
            Always(source.read(at) if needed else argument.initial)
            for source, needed, argument in zip(following, read, self.arguments, strict=True)
        ]
        more = self._condition(handed, end, at)
        again = circuit.delay(circuit.all_of(end, more), self.loop.interval - self.last, f"{self.name}_again")
        self.launch.connect(circuit.any_of(circuit.all_of(self.start, any_), again))
        empty = circuit.all_of(self.start, circuit.invert(any_))
        return circuit.any_of(empty, circuit.all_of(end, circuit.invert(more)))

    def _condition(self, arguments: Sequence[Source], token: SSAValue, at: Place) -> SSAValue:
        """The condition on some arguments."""
        block, lowering = self.loop.condition.block, self.lowering
        for argument, source in zip(block.args, arguments, strict=True):
            lowering.sources[argument] = source
        for operation in block.ops:
            if not isinstance(operation, RegisterOp):
                lowering.operation(operation, token, at)
        return lowering.read(self.loop.condition_register.values[0], at)

    def _stage(self, stage: PipelineStageOp) -> None:
        lowering, circuit = self.lowering, self.circuit
        at = self.stages.place(stage.start)
        active = self.token_decided(stage.start)
        if stage.when is not None:
            active = circuit.all_of(active, lowering.read(stage.when, at))
        for operation in stage.body.block.ops:
            if isinstance(operation, StepOp) and operation.when is not None:
                taken = circuit.all_of(active, lowering.read(operation.when, at))
                for store in operation.body.block.ops:
                    if not isinstance(store, RegisterOp):
                        lowering.operation(store, taken, at)
            elif not isinstance(operation, RegisterOp):
                lowering.operation(operation, active, at)
        for position, (out, value) in enumerate(zip(stage.outs, stage.register.values, strict=True)):
            source = lowering.sources[value]
            if isinstance(_root(source), StagedArgument):
                hint = out.name_hint or f"{self.name}_stage{stage.start}_{position}"
                source = Staged(self, hint, stage.start, source.read(at))
            lowering.sources[out] = source

    def _results(self) -> None:
        terminator = self.loop.terminator
        for position, (out, value) in enumerate(zip(self.loop.outs, terminator.loop_results, strict=True)):
            source = self.lowering.sources[value]
            root = _root(source)
            appears = root.appears if isinstance(root, Staged) else 0
            cycle = max(appears, self.decided)
            name = out.name_hint or f"{self.name}_result{position}"
            wire = source.read(self.stages.place(cycle))
            initial = (
                self.arguments[position].initial
                if position < len(self.arguments) and self.loop.iter_args[position].type == out.type
                else self.circuit.constant(0, width(wire))
            )
            self.lowering.sources[out] = PipelineResult(
                self.circuit,
                name,
                self.place,
                self.start,
                initial,
                self.token_decided(cycle),
                wire,
                cycle <= self.last,
                source_location(self.loop),
            )


def _root(source: Source) -> Source:
    """What a value is wiring of."""
    while isinstance(source, Derived):
        source = source.source
    return source
