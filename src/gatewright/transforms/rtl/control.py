"""Control: tokens that move through the steps and loops of a schedule.

A token is a bit that is high for one cycle. A sequence is entered by a token in the first cycle of its first step and
left by one in the last cycle of its last; between two steps stands a register. At most one token is in a sequence, so
the tokens of its steps are one-hot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith, func, memref
from xdsl.ir import Block, Operation, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, RegisterOp, SeqWhileOp, StepOp, TerminatorOp, latency_of
from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location
from gatewright.machine.occupancy import array_of, port_of
from gatewright.transforms.rtl.arithmetic import bits_of, compute, constant_number
from gatewright.transforms.rtl.circuit import Circuit
from gatewright.transforms.rtl.memories import Memory
from gatewright.transforms.rtl.names import label, value_name
from gatewright.transforms.rtl.output_lifetimes import Holding
from gatewright.transforms.rtl.pipelines import Pipeline, Stages
from gatewright.transforms.rtl.time_points import Item, Place, Span, Timeline, span_of
from gatewright.transforms.rtl.units import Units
from gatewright.transforms.rtl.values import Always, Carried, Derived, Source, Timed, is_durable

WIRING = (arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp, arith.IndexCastOp)
"""Operations that cost no logic, so that keeping their operand keeps their result."""


@dataclass
class Lowering:
    """Turns the operations of a schedule into logic and tokens."""

    circuit: Circuit
    units: Units
    memories: dict[SSAValue, Memory]
    holding: Holding
    sources: dict[SSAValue, Source] = field(default_factory=dict)
    """Where the values of the schedule are to be read."""
    labels: int = 0

    def sequence(self, timeline: Timeline, first: SSAValue) -> SSAValue:
        """Lower a sequence whose first cycle is that of the token `first`; the token of its last cycle."""
        token = first
        for position, item in enumerate(timeline.items):
            place = timeline.place(position)
            name = self._label("step" if isinstance(item, StepOp) else "loop", item)
            if position:
                token = self.circuit.delay(token, 1, f"{name}_active")
            token = self._item(item, token, place, name)
        return token

    def constants(self, block: Block) -> None:
        """Note the constants of a block that is not a step."""
        for operation in block.ops:
            if isinstance(operation, arith.ConstantOp):
                self._constant(operation)

    def read(self, value: SSAValue, use: Place) -> SSAValue:
        """The wire that has a value of the schedule in the cycle of its use."""
        return self.sources[value].read(use)

    def _label(self, kind: str, operation: Operation) -> str:
        self.labels += 1
        return label(kind, self.labels, operation)

    def _item(self, item: Item, token: SSAValue, place: Place, name: str) -> SSAValue:
        if isinstance(item, StepOp):
            return self._step(item, token, place, name)
        if isinstance(item, SeqWhileOp):
            return self._seq_while(item, token, place, name)
        return Pipeline(self, item, token, place, name).lower()

    def _step(self, step: StepOp, token: SSAValue, place: Place, name: str) -> SSAValue:
        """Lower a step that is entered by a token; the token of its last cycle."""
        circuit, active, skipped = self.circuit, token, None
        if step.when is not None:
            condition = self.read(step.when, place)
            active = circuit.name(circuit.all_of(token, condition), f"{name}_taken")
            skipped = circuit.all_of(token, circuit.invert(condition))
        ends: list[tuple[Span, SSAValue]] = []
        for operation in step.body.block.ops:
            if isinstance(operation, StepOp | SeqWhileOp | PipelineOp):
                inner = self._label("step" if isinstance(operation, StepOp) else "loop", operation)
                ends.append((span_of(operation), self._item(operation, active, place, inner)))
            elif not isinstance(operation, RegisterOp):
                self.operation(operation, active, place)
        for result, value in zip(step.outs, step.register.values, strict=True):
            self.sources[result] = self.sources[value]
        end = self._joint_end(step.cycles, active, ends, name)
        if skipped is None:
            return end
        if end is active:
            return token
        return circuit.name(circuit.any_of(skipped, end), f"{name}_end")

    def _joint_end(self, cycles: int, active: SSAValue, ends: Sequence[tuple[Span, SSAValue]], name: str) -> SSAValue:
        """High in the cycle in which the last of the members of a step has ended, and its least duration is over."""
        circuit = self.circuit
        members: list[tuple[Span, Callable[[], SSAValue]]] = [(span, lambda end=end: end) for span, end in ends]
        members.append((Span(cycles, cycles), lambda: circuit.delay(active, cycles - 1, f"{name}_wait")))
        longest = max(members, key=lambda member: member[0].least)
        # What never outlasts the longest of the least durations need not be waited for.
        awaited = [
            member
            for member in members
            if member is longest or member[0].most is None or member[0].most > longest[0].least
        ]
        tokens = [build() for _, build in awaited]
        if len(tokens) == 1:
            return tokens[0]
        flags = [circuit.register(f"{name}_ended{position}", 1, reset=True) for position in range(len(tokens))]
        over = [circuit.any_of(token, flag.value) for token, flag in zip(tokens, flags, strict=True)]
        end = circuit.name(circuit.all_of(*over), f"{name}_end")
        for flag, each in zip(flags, over, strict=True):
            flag.connect(circuit.all_of(each, circuit.invert(end)))
        return end

    def _seq_while(self, loop: SeqWhileOp, start: SSAValue, place: Place, name: str) -> SSAValue:
        """Lower a loop that starts with a token; the token of the cycle in which its condition is false."""
        circuit = self.circuit
        repeat = circuit.register(f"{name}_repeat", 1, reset=True)
        header = circuit.name(circuit.any_of(start, repeat.value), f"{name}_header")
        body = Timeline(loop.body.block, place)
        carried = self._iteration_arguments(loop, start, place, name)
        taken = self._condition(loop, header, body.place(0), name)
        first = circuit.name(circuit.all_of(header, taken), f"{name}_iterate")
        self.constants(loop.body.block)
        ended = self.sequence(body, first)
        repeat.connect(ended)
        self._close(loop, carried, ended, Place(body, len(body.items) - 1, last=True))
        return circuit.name(circuit.all_of(header, circuit.invert(taken)), f"{name}_done")

    def _iteration_arguments(self, loop: SeqWhileOp, start: SSAValue, place: Place, name: str) -> list[Carried]:
        """The iteration arguments, then those results that are not iteration arguments as well."""
        carried: list[Carried] = []
        initials = [self.read(value, place) for value in loop.iter_args]
        arguments = zip(loop.condition.block.args, loop.body.block.args, initials, strict=True)
        for position, (in_condition, in_body, initial) in enumerate(arguments):
            hint = in_body.name_hint or in_condition.name_hint or f"{name}_argument{position}"
            argument = Carried(self.circuit, hint, place, start, initial)
            self.sources[in_condition] = self.sources[in_body] = argument
            carried.append(argument)
        terminator = loop.terminator
        for position, (result, value) in enumerate(zip(loop.outs, terminator.loop_results, strict=True)):
            if value is terminator.iter_args[position]:
                self.sources[result] = carried[position]
                continue
            hint = result.name_hint or f"{name}_result{position}"
            kept = Carried(self.circuit, hint, place, start, initials[position])
            self.sources[result] = kept
            carried.append(kept)
        return carried

    def _close(self, loop: SeqWhileOp, carried: list[Carried], ended: SSAValue, last: Place) -> None:
        """Connect the registers of a loop to what the last cycle of an iteration leaves."""
        terminator = loop.terminator
        following = list(terminator.iter_args)
        for position, value in enumerate(terminator.loop_results):
            if value is not terminator.iter_args[position]:
                following.append(value)
        for argument, value in zip(carried, following, strict=True):
            argument.close(ended, self.read(value, last))

    def _condition(self, loop: SeqWhileOp, header: SSAValue, place: Place, name: str) -> SSAValue:
        """The condition of a loop in the first cycle of an iteration."""
        for operation in loop.condition.block.ops:
            if not isinstance(operation, RegisterOp):
                self.operation(operation, header, place)
        value = self.read(loop.condition_register.values[0], place)
        return self.circuit.name(value, f"{name}_condition")

    def _constant(self, operation: arith.ConstantOp) -> None:
        number, bits = constant_number(operation), bits_of(operation.result.type)
        if number is None or bits is None:
            raise UnsupportedError(
                f"a constant of {operation.result.type} has no hardware", where=source_location(operation)
            )
        self.sources[operation.result] = Always(self.circuit.constant(number, bits))

    def operation(self, operation: Operation, token: SSAValue, place: Place) -> None:
        """Lower an operation that starts with a token."""
        if isinstance(operation, arith.ConstantOp):
            self._constant(operation)
        elif isinstance(operation, memref.LoadOp):
            self._load(operation, token, place)
        elif isinstance(operation, memref.StoreOp):
            indices = [self.read(index, place) for index in operation.indices]
            word = self.read(operation.value, place)
            self.memories[operation.memref].store(port_of(operation), token, indices, word)
        else:
            self._arithmetic(operation, token, place)

    def _load(self, operation: memref.LoadOp, token: SSAValue, place: Place) -> None:
        if (latency := latency_of(operation)) != 1:
            raise UnsupportedError(
                f"a load cannot take {latency} cycles",
                where=source_location(operation),
                why="memories answer in the next cycle",
            )
        memory = self.memories[operation.memref]
        name = operation.res.name_hint or f"{memory.name}_word"
        port = port_of(operation)
        live = memory.load(port, token, [self.read(index, place) for index in operation.indices])
        if isinstance(place.timeline, Stages):
            self.sources[operation.res] = place.timeline.pipeline.loaded(name, place, operation, live)
            return
        loaded = Timed(self.circuit, name, place, 1, token, live)
        loaded.stays = lambda use: self.holding.stays((array_of(operation), port), operation, place, use)
        self.sources[operation.res] = loaded

    def _arithmetic(self, operation: Operation, token: SSAValue, place: Place) -> None:
        latency = latency_of(operation)
        if len(operation.results) != 1 or bits_of(operation.results[0].type) is None:
            raise UnsupportedError(f"{operation.name} has no hardware", where=source_location(operation))
        if isinstance(operation, WIRING) and latency == 0:
            self.sources[operation.results[0]] = Derived(
                self.sources[operation.operands[0]], lambda value: self._logic(operation, [value])
            )
            return
        operands = [self.read(operand, place) for operand in operation.operands]
        name = value_name(operation.results[0], operation)
        live = self.units.execute(operation, token, operands)
        if latency == 0:
            self.circuit.name(live, name)
        if self.circuit.constant_of(live) is not None:
            self.sources[operation.results[0]] = Always(live)
            return
        if isinstance(place.timeline, Stages):
            self.sources[operation.results[0]] = place.timeline.pipeline.computed(name, place, latency, live)
            return
        computed = Timed(self.circuit, name, place, latency, token, live)
        unit = self.units.iterative(operation)
        if unit is not None:
            computed.stays = lambda use: self.holding.stays(unit, operation, place, use)
        elif latency == 0 and self._is_recomputed(operation):
            computed.again = lambda use: self._again(operation, name, use)
        self.sources[operation.results[0]] = computed

    def _is_recomputed(self, operation: Operation) -> bool:
        """Whether a result is computed where an iteration ends, and only there, instead of being kept until then.

        That saves a register for most loop counters; the operands are kept in any case.
        """
        return (
            "gw.operator" not in operation.attributes
            and all(is_durable(self.sources[operand]) for operand in operation.operands)
            and _only_ends_iterations(operation.results[0])
        )

    def _again(self, operation: Operation, name: str, use: Place) -> SSAValue:
        value = self._logic(operation, [self.read(operand, use) for operand in operation.operands])
        return self.circuit.name(value, name)

    def _logic(self, operation: Operation, operands: list[SSAValue]) -> SSAValue:
        value = compute(self.circuit, operation, operands)
        assert value is not None
        return value


def _only_ends_iterations(value: SSAValue) -> bool:
    """Whether a value is used by terminators only, looking through the registers of steps."""
    for use in value.uses:
        if isinstance(use.operation, TerminatorOp):
            continue
        step = use.operation.parent_op()
        if not (isinstance(use.operation, RegisterOp) and isinstance(step, StepOp)):
            return False
        if not _only_ends_iterations(step.outs[use.index]):
            return False
    return True


def shared_outputs(function: func.FuncOp, units: Units) -> Holding:
    """What uses each port of a memory that loads, and each iterative operator of a function."""
    holding = Holding()
    for operation in function.walk():
        if isinstance(operation, memref.LoadOp | memref.StoreOp):
            holding.add((array_of(operation), port_of(operation)), operation)
        elif (unit := units.iterative(operation)) is not None:
            holding.add(unit, operation)
    return holding
