"""Tokens that move through the steps and loops of a schedule.

A token is a bit that is high for one cycle. A sequence is entered by a token in the first cycle of its first step and
left by one in the last cycle of its last; between two steps stands a register. At most one token is in a sequence, so
the tokens of its steps are one-hot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Operation, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp, RegisterOp, SeqWhileOp, StepOp
from gatewright.machine.duration import CycleSpan, Item, span_of
from gatewright.machine.time_points import Timeline, TimePoint
from gatewright.transforms.rtl.datapath import Datapath
from gatewright.transforms.rtl.names import label
from gatewright.transforms.rtl.pipelines import Pipeline
from gatewright.transforms.rtl.values import CarriedRegister


class SequenceControl:
    """Builds the tokens of steps and loops around a datapath."""

    def __init__(self, datapath: Datapath):
        self.datapath = datapath
        self.circuit, self.sources = datapath.circuit, datapath.sources
        self._labels = 0

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

    def _label(self, kind: str, operation: Operation) -> str:
        self._labels += 1
        return label(kind, self._labels, operation)

    def _item(self, item: Item, token: SSAValue, place: TimePoint, name: str) -> SSAValue:
        if isinstance(item, StepOp):
            return self._step(item, token, place, name)
        if isinstance(item, SeqWhileOp):
            return self._seq_while(item, token, place, name)
        return Pipeline(self.datapath, item, token, place, name).lower()

    def _step(self, step: StepOp, token: SSAValue, place: TimePoint, name: str) -> SSAValue:
        """Lower a step that is entered by a token; the token of its last cycle."""
        circuit, active, skipped = self.circuit, token, None
        if step.when is not None:
            condition = self.datapath.read(step.when, place)
            active = circuit.name(circuit.all_of(token, condition), f"{name}_taken")
            skipped = circuit.all_of(token, circuit.invert(condition))
        ends: list[tuple[CycleSpan, SSAValue]] = []
        for operation in step.body.block.ops:
            if isinstance(operation, StepOp | SeqWhileOp | PipelineOp):
                inner = self._label("step" if isinstance(operation, StepOp) else "loop", operation)
                ends.append((span_of(operation), self._item(operation, active, place, inner)))
            elif not isinstance(operation, RegisterOp):
                self.datapath.operation(operation, active, place)
        for result, value in zip(step.outs, step.register.values, strict=True):
            self.sources[result] = self.sources[value]
        end = self._joint_end(step.cycles, active, ends, name)
        if skipped is None:
            return end
        if end is active:
            return token
        return circuit.name(circuit.any_of(skipped, end), f"{name}_end")

    def _joint_end(
        self, cycles: int, active: SSAValue, ends: Sequence[tuple[CycleSpan, SSAValue]], name: str
    ) -> SSAValue:
        """High in the cycle in which the last of the members of a step has ended, and its least duration is over."""
        circuit = self.circuit
        members: list[tuple[CycleSpan, Callable[[], SSAValue]]] = [(span, lambda end=end: end) for span, end in ends]
        members.append((CycleSpan(cycles, cycles), lambda: circuit.delay(active, cycles - 1, f"{name}_wait")))
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

    def _seq_while(self, loop: SeqWhileOp, start: SSAValue, place: TimePoint, name: str) -> SSAValue:
        """Lower a loop that starts with a token; the token of the cycle in which its condition is false."""
        circuit = self.circuit
        repeat = circuit.register(f"{name}_repeat", 1, reset=True)
        header = circuit.name(circuit.any_of(start, repeat.value), f"{name}_header")
        body = Timeline(loop.body.block, place)
        carried = self._iteration_arguments(loop, start, place, name)
        taken = self._condition(loop, header, body.place(0), name)
        first = circuit.name(circuit.all_of(header, taken), f"{name}_iterate")
        self.datapath.constants(loop.body.block)
        ended = self.sequence(body, first)
        repeat.connect(ended)
        self._close(loop, carried, ended, TimePoint(body, len(body.items) - 1, last=True))
        return circuit.name(circuit.all_of(header, circuit.invert(taken)), f"{name}_done")

    def _iteration_arguments(
        self, loop: SeqWhileOp, start: SSAValue, place: TimePoint, name: str
    ) -> list[CarriedRegister]:
        """The iteration arguments, then those results that are not iteration arguments as well."""
        carried: list[CarriedRegister] = []
        initials = [self.datapath.read(value, place) for value in loop.iter_args]
        arguments = zip(loop.condition.block.args, loop.body.block.args, initials, strict=True)
        for position, (in_condition, in_body, initial) in enumerate(arguments):
            hint = in_body.name_hint or in_condition.name_hint or f"{name}_argument{position}"
            argument = CarriedRegister(self.circuit, hint, place, start, initial)
            self.sources[in_condition] = self.sources[in_body] = argument
            carried.append(argument)
        terminator = loop.terminator
        for position, (result, value) in enumerate(zip(loop.outs, terminator.loop_results, strict=True)):
            if value is terminator.iter_args[position]:
                self.sources[result] = carried[position]
                continue
            hint = result.name_hint or f"{name}_result{position}"
            kept = CarriedRegister(self.circuit, hint, place, start, initials[position])
            self.sources[result] = kept
            carried.append(kept)
        return carried

    def _close(self, loop: SeqWhileOp, carried: list[CarriedRegister], ended: SSAValue, last: TimePoint) -> None:
        """Connect the registers of a loop to what the last cycle of an iteration leaves."""
        terminator = loop.terminator
        following = list(terminator.iter_args)
        for position, value in enumerate(terminator.loop_results):
            if value is not terminator.iter_args[position]:
                following.append(value)
        for argument, value in zip(carried, following, strict=True):
            argument.close(ended, self.datapath.read(value, last))

    def _condition(self, loop: SeqWhileOp, header: SSAValue, place: TimePoint, name: str) -> SSAValue:
        """The condition of a loop in the first cycle of an iteration."""
        for operation in loop.condition.block.ops:
            if not isinstance(operation, RegisterOp):
                self.datapath.operation(operation, header, place)
        value = self.datapath.read(loop.condition_register.values[0], place)
        return self.circuit.name(value, f"{name}_condition")
