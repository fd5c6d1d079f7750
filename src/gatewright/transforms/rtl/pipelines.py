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

from xdsl.dialects import memref
from xdsl.ir import SSAValue

from gatewright.dialects.loopschedule.ops import (
    PipelineOp,
    PipelineStageOp,
    RegisterOp,
    StepOp,
    handed_over,
)
from gatewright.errors import IrError, SourceLocation
from gatewright.ir.location import source_location
from gatewright.machine.availability import decision_cycle, ends_early, first_use
from gatewright.machine.lifetimes import showing_in
from gatewright.machine.time_points import TimePoint
from gatewright.transforms.rtl.circuit import Circuit, width
from gatewright.transforms.rtl.datapath import Datapath
from gatewright.transforms.rtl.values import Always, Derived, Stages, ValueSource


@dataclass
class Staged:
    """A value of an iteration, on the wire `live` in the cycle `appears` of it."""

    pipeline: Pipeline
    name: str
    appears: int
    live: SSAValue
    stays: int = 0
    """Cycles for which the wire still has the value after that."""
    most: int | None = None
    """The registers that the schedule has for it; None for an argument, which has as many as it takes."""
    _registers: list[SSAValue] = field(default_factory=list)

    def read(self, use: TimePoint) -> SSAValue:
        """The wire or the register that has the value in a cycle of the iteration."""
        late = use.position - self.appears
        if late < 0:
            raise IrError(
                f"{self.name} is used in cycle {use.position} of an iteration and appears in cycle {self.appears}",
                where=source_location(self.pipeline.loop),
            )
        if late <= self.stays:
            return self.live
        return self._register(-(-late // self.pipeline.loop.interval))

    def _register(self, number: int) -> SSAValue:
        """The register that has the value in the `number`th interval after it appears."""
        pipeline = self.pipeline
        assert self.most is None or number <= self.most, f"{self.name} is bound to {self.most} registers"
        while len(self._registers) < number:
            position = len(self._registers)
            source = self._registers[-1] if self._registers else self.live
            taken = pipeline.token(self.appears + position * pipeline.loop.interval)
            self._registers.append(pipeline.circuit.kept(f"{self.name}_{position + 1}_later", source, taken))
        return self._registers[number - 1]


@dataclass
class StagedArgument:
    """An iteration argument: an initial value in the first iterations, what one before hands over in the others.

    The two are joined where the argument is first used; later uses read registers behind that. An argument that other
    arguments become, iteration after iteration, waits for none of them: it is read from the iteration that computed it.
    """

    pipeline: Pipeline
    name: str
    values: list[SSAValue]
    """The initial values in the schedule: of the first iteration, of the second, ..."""
    initial: SSAValue
    """The first of them in the cycle in which the pipeline starts."""
    first_use: int | None
    """The cycle of an iteration in which the argument is first used; None if it only becomes another one."""

    def __post_init__(self):
        pipeline, circuit = self.pipeline, self.pipeline.circuit
        self.following = circuit.wire(width(self.initial))
        if self.first_use is None:
            return
        joined = self.following.value
        if all(value is self.values[0] for value in self.values):
            starts = [pipeline.first(self._cycle(number)) for number in range(len(self.values))]
            joined = circuit.mux(circuit.any_of(*starts), self._initial(0), joined)
        else:
            for number in reversed(range(len(self.values))):
                joined = circuit.mux(pipeline.first(self._cycle(number)), self._initial(number), joined)
        self.joined = Staged(pipeline, self.name, self.first_use, circuit.name(joined, self.name))

    def _cycle(self, iterations: int) -> int:
        """The cycle of the first use, so many iterations later."""
        assert self.first_use is not None
        return self.first_use + iterations * self.pipeline.loop.interval

    def _initial(self, number: int) -> SSAValue:
        cycle = self._cycle(number)
        if cycle == 0:
            return self.initial
        return self.pipeline.datapath.read(self.values[number], self.pipeline.stages.place(cycle))

    def read(self, use: TimePoint) -> SSAValue:
        """The value in a cycle of the iteration."""
        return self.joined.read(use)

    def connect(self, following: ValueSource) -> None:
        """Say what an iteration hands over to the one that reads it as this argument."""
        if self.first_use is not None:
            self.following.connect(following.read(self.pipeline.stages.place(self._cycle(len(self.values)))))


@dataclass
class PipelineResult:
    """A result of a pipeline: that of the last iteration, or the initial value of the argument in its position."""

    circuit: Circuit
    name: str
    place: TimePoint
    start: SSAValue
    initial: SSAValue
    taken: SSAValue
    """High in the cycle in which an iteration has the value."""
    value: SSAValue
    available_at_end: bool
    """Whether the last iteration has it when the pipeline ends; if not, one cycle later."""
    where: SourceLocation | None

    def __post_init__(self):
        self.register = self.circuit.register(self.name, width(self.value), enabled=True)
        next_ = self.circuit.mux(self.taken, self.value, self.initial)
        self.register.connect(next_, self.circuit.any_of(self.start, self.taken))

    def read(self, use: TimePoint) -> SSAValue:
        """The register, or what it is about to take."""
        circuit = self.circuit
        at_end = use.timeline is self.place.timeline and use.position == self.place.position
        if not at_end and self.available_at_end:
            return self.register.value
        if at_end and not self.available_at_end:
            raise IrError(
                f"{self.name} is taken in the last cycle of its pipeline, and is there one cycle later",
                where=self.where,
            )
        held = circuit.mux(self.start, self.initial, self.register.value) if at_end else self.register.value
        return circuit.name(circuit.mux(self.taken, self.value, held), f"{self.name}_now")


class Pipeline:
    """Builds one pipeline."""

    def __init__(self, datapath: Datapath, loop: PipelineOp, start: SSAValue, place: TimePoint, name: str):
        self.datapath, self.loop, self.start, self.place, self.name = datapath, loop, start, place, name
        self.circuit = datapath.circuit
        self.stages = Stages(loop.body.block, place, loop=loop, values=self)
        self.last = loop.depth - 1
        self.early, self.decided = ends_early(loop), decision_cycle(loop)
        self.launch = self.circuit.wire(1)
        self.cancel = self.circuit.wire(1)
        self._tokens: list[SSAValue] = [self.circuit.name(self.launch.value, f"{name}_launch")]
        self._first: list[SSAValue] = [start]
        self._confirmed: SSAValue | None = None
        self.paths = [handed_over(loop, position) for position in range(len(loop.iter_args))]
        self.arguments = [
            StagedArgument(
                self,
                argument.name_hint or f"{name}_argument{number}",
                [loop.iter_args[position] for position in self.paths[number]],
                datapath.read(loop.iter_args[number], place),
                first_use(loop, number),
            )
            for number, argument in enumerate(loop.body.block.args)
        ]

    def lower(self) -> SSAValue:
        """Build the pipeline; the token of its last cycle."""
        for argument, source in zip(self.loop.body.block.args, self.arguments, strict=True):
            self.datapath.sources[argument] = source
        done = None if self.early else self._decide()
        for stage in self.loop.stages:
            self._stage(stage)
        terminator = self.loop.terminator
        following = [self.datapath.sources[terminator.iter_args[path[-1]]] for path in self.paths]
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

    def computed(self, name: str, place: TimePoint, latency: int, live: SSAValue, registers: int) -> Staged:
        """The result of an operation that starts at a place of an iteration."""
        return Staged(self, name, place.position + latency, live, most=registers)

    def loaded(self, name: str, place: TimePoint, load: memref.LoadOp, live: SSAValue, registers: int) -> Staged:
        """The result of a load: it stays until the next use of its port, of this iteration or of another."""
        return Staged(self, name, place.position + 1, live, showing_in(self.loop, load), registers)

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
        left = self.last - interval - self.decided - self._overlap()
        return circuit.any_of(empty, circuit.delay(cancelled, left, f"{self.name}_drain"))

    def _overlap(self) -> int:
        """The cycles before its last one in which the pipeline hands on the token of its end."""
        step = self.loop.parent_op()
        return step.overlap if isinstance(step, StepOp) else 0

    def _decide_early(self, following: list[ValueSource]) -> SSAValue:
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

    def _condition(self, arguments: Sequence[ValueSource], token: SSAValue, at: TimePoint) -> SSAValue:
        """The condition on some arguments."""
        block, datapath = self.loop.condition.block, self.datapath
        for argument, source in zip(block.args, arguments, strict=True):
            datapath.sources[argument] = source
        for operation in block.ops:
            if not isinstance(operation, RegisterOp):
                datapath.operation(operation, token, at)
        return datapath.read(self.loop.condition_register.values[0], at)

    def _stage(self, stage: PipelineStageOp) -> None:
        datapath, circuit = self.datapath, self.circuit
        at = self.stages.place(stage.start)
        active = self.token_decided(stage.start)
        if stage.when is not None:
            active = circuit.all_of(active, datapath.read(stage.when, at))
        for operation in stage.body.block.ops:
            if isinstance(operation, StepOp) and operation.when is not None:
                taken = circuit.all_of(active, datapath.read(operation.when, at))
                for store in operation.body.block.ops:
                    if not isinstance(store, RegisterOp):
                        datapath.operation(store, taken, at)
            elif not isinstance(operation, RegisterOp):
                datapath.operation(operation, active, at)
        for out, value in zip(stage.outs, stage.register.values, strict=True):
            datapath.sources[out] = datapath.sources[value]

    def _results(self) -> None:
        terminator = self.loop.terminator
        for position, (out, value) in enumerate(zip(self.loop.outs, terminator.loop_results, strict=True)):
            source = self.datapath.sources[value]
            cycle = max(_appears(source), self.decided)
            name = out.name_hint or f"{self.name}_result{position}"
            wire = source.read(self.stages.place(cycle))
            initial = (
                self.arguments[position].initial
                if position < len(self.arguments) and self.loop.iter_args[position].type == out.type
                else self.circuit.constant(0, width(wire))
            )
            self.datapath.sources[out] = PipelineResult(
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


def _appears(source: ValueSource) -> int:
    """The first cycle of an iteration in which a value is there."""
    if isinstance(source, Derived):
        return _appears(source.source)
    if isinstance(source, StagedArgument):
        assert source.first_use is not None
        return source.first_use
    return source.appears if isinstance(source, Staged) else 0
