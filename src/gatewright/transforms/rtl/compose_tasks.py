"""Tasks as hardware that works on different samples at once: instances, the memories between them, and a clockwork."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, ModuleOp, SymbolRefAttr
from xdsl.ir import BlockArgument, Operation, SSAValue, TypeAttribute

from gatewright.dialects import hw, seq
from gatewright.dialects.dataflow import ChannelOp, TaskOp, channels_in, tasks_in
from gatewright.dialects.notes import ARRAY, INTERVAL
from gatewright.hardware.top import ArrayPort, ScalarPort, TopModule, legal_name
from gatewright.ir.interface import signature_of
from gatewright.ir.program import Program
from gatewright.transforms.rtl.circuit import Circuit
from gatewright.transforms.rtl.design import MemoryFact, RtlDesign
from gatewright.transforms.rtl.interface import ports_of_values
from gatewright.transforms.rtl.memories import word_bits
from gatewright.transforms.rtl.ports import ports_of_module


def compose_tasks(program: Program, parts: Sequence[RtlDesign]) -> RtlDesign:
    """The hardware of a program of tasks that have times, `parts` being the hardware of each.

    Every task has control of its own and begins at a fixed time of its sample: there is no handshake inside. A channel
    is a memory with a port to write and a port to read for each task that reads, addressed by the low bits of an
    element's number; or several whole ones, used in turn.
    """
    return _Composed(program.function, list(parts)).design()


@dataclass
class _Composed:
    """The top module under construction."""

    function: func.FuncOp
    parts: list[RtlDesign]
    memories: list[MemoryFact] = field(default_factory=list)

    def __post_init__(self):
        self.names, self.returned = ports_of_values(self.function)
        self.tasks = tasks_in(self.function)
        self.top = self._top()
        self.circuit = Circuit(hw.module(self.top.name, ports_of_module(self.top)))
        self.outputs: dict[str, SSAValue] = {}
        self.channels: dict[SSAValue, _ChannelMemories] = {}

    def design(self) -> RtlDesign:
        """Everything, as a design."""
        self._control()
        circuit = self.circuit
        for number, channel in enumerate(channels_in(self.function)):
            name = legal_name(ARRAY.value(channel) or f"channel_{number}", set(self.circuit.inputs))
            self.channels[channel.array] = _ChannelMemories(circuit, channel, f"{name}_channel")
            self.memories += self.channels[channel.array].facts
        for task, part, token in zip(self.tasks, self.parts, self._tokens(), strict=True):
            self._instance(task, part.top, token)
        circuit.finish([self.outputs[port.name] for port in self.top.ports() if port.output])
        own = [op for op in circuit.block.ops if isinstance(op, seq.CompRegOp | seq.CompRegClockEnabledOp)]
        bits = sum(op.data.type.width.data for op in own if isinstance(op.data.type, IntegerType))
        return RtlDesign(
            self._module(),
            self.top,
            self.parts[0].device,
            {name: image for part in self.parts for name, image in part.images.items()},
            [each for part in self.parts for each in part.operators],
            [*self.memories, *(each for part in self.parts for each in part.memories)],
            len(own) + sum(part.registers for part in self.parts),
            bits + sum(part.register_bits for part in self.parts),
            self.parts,
        )

    def _top(self) -> TopModule:
        """The ports: those that tasks have for the arrays outside."""
        has: dict[str, set[str]] = {"read": set(), "written": set(), "dual": set()}
        for task, part in zip(self.tasks, self.parts, strict=True):
            for value, port in zip(task.arguments, part.top.parameters, strict=True):
                if isinstance(value, BlockArgument) and isinstance(port, ArrayPort):
                    for what, names in has.items():
                        if getattr(port, what):
                            names.add(self.names[value.index])
        taken = {op.sym_name.data for part in self.parts for op in part.module.ops if isinstance(op, hw.HWModuleOp)}
        name = legal_name(self.function.sym_name.data, taken)
        signature = signature_of(self.function)
        return TopModule(name, signature, *(frozenset(has[what]) for what in ("read", "written", "dual")))

    def _control(self) -> None:
        """A sample is accepted if enough cycles have passed since the last one."""
        circuit, interval = self.circuit, INTERVAL.value(self.function)
        assert interval is not None
        busy = circuit.register("busy", 1, reset=True)
        ready = circuit.invert(busy.value)
        self.accepted = circuit.name(circuit.all_of(circuit.inputs["start"], ready), "accepted")
        over = self._later(self.accepted, interval - 1, "over")
        busy.connect(circuit.all_of(circuit.any_of(self.accepted, busy.value), circuit.invert(over)))
        self.outputs["ready"] = ready

    def _tokens(self) -> list[SSAValue]:
        """The token of the start of each task; each counts from the last one before."""
        times = [task.times for task in self.tasks]
        assert all(each is not None for each in times)
        found = [self.accepted] * len(times)
        last, token = 0, self.accepted
        for number in sorted(range(len(times)), key=lambda each: (times[each] or (0, 0))[0]):
            start = (times[number] or (0, 0))[0]
            last, token = start, self._later(token, start - last, f"{self.tasks[number].function_name}_starts")
            found[number] = token
        end = max(start + cycles for start, cycles in filter(None, times))
        self.outputs["done"] = self._later(token, end - last, "ended")
        return found

    def _later(self, token: SSAValue, cycles: int, name: str) -> SSAValue:
        """A token some cycles later, of which several may be on their way: no counter counts for two."""
        interval = INTERVAL.value(self.function)
        assert interval is not None
        while cycles > interval:
            token = self.circuit.delay(token, interval, f"{name}_later")
            cycles -= interval
        return self.circuit.delay(token, cycles, name)

    def _instance(self, task: TaskOp, top: TopModule, token: SSAValue) -> None:
        """A task, connected to the ports of the design and to channels."""
        circuit = self.circuit
        given: dict[str, SSAValue] = {"clk": circuit.clk, "rst": circuit.rst, "start": token}
        behind: list[tuple[ArrayPort, SSAValue]] = []
        for value, port in zip(task.arguments, top.parameters, strict=True):
            if isinstance(port, ScalarPort):
                assert isinstance(value, BlockArgument)
                given[port.name] = circuit.inputs[self.names[value.index]]
                continue
            behind.append((port, value))
            for each in port.port_names():
                if (data := port.signals_of(each).get("read_data")) is None:
                    continue
                if isinstance(value, BlockArgument):
                    outside = ArrayPort(self.names[value.index], port.type, port.read, port.written, port.dual)
                    given[data] = circuit.inputs[outside.signals_of(each)["read_data"]]
                else:
                    given[data] = self.channels[value].reader(token)
        inputs = [(port.name, given[port.name]) for port in top.ports() if not port.output]
        results: list[tuple[str, TypeAttribute]] = [
            (port.name, IntegerType(port.width)) for port in top.ports() if port.output
        ]
        instance = hw.InstanceOp(f"{task.function_name}_task", SymbolRefAttr(top.name), inputs, results)
        circuit.block.add_op(instance)
        made = {name: value for (name, _), value in zip(results, instance.outputs, strict=True)}
        for name, value in made.items():
            value.name_hint = f"{task.function_name}_{name}"
        self._connect(task, top, made, behind, token)

    def _connect(
        self,
        task: TaskOp,
        top: TopModule,
        made: Mapping[str, SSAValue],
        behind: Sequence[tuple[ArrayPort, SSAValue]],
        token: SSAValue,
    ) -> None:
        """Hand on what a task says: to ports, to channels, and results."""
        for port, value in behind:
            for each in port.port_names():
                signals = port.signals_of(each)
                if isinstance(value, BlockArgument):
                    outside = ArrayPort(self.names[value.index], port.type, port.read, port.written, port.dual)
                    names = outside.signals_of(each)
                    self.outputs |= {names[kind]: made[s] for kind, s in signals.items() if kind != "read_data"}
                elif "read_data" in signals:
                    self.channels[value].read(made[signals["address"]], made[signals["enable"]])
                else:
                    data = made[signals["write_data"]]
                    self.channels[value].write(token, made[signals["address"]], made[signals["enable"]], data)
        end = self.function.body.block.last_op
        assert end is not None
        for result, port in zip(task.results_of_sample, top.outputs, strict=True):
            for name, value in zip(self.returned, end.operands, strict=True):
                if value is result:
                    self.outputs[name] = made[port.name]

    def _module(self) -> ModuleOp:
        """The top module, those of the tasks, and each module of an operator once."""
        found: dict[str, Operation] = {self.top.name: self.circuit.module}
        for part in self.parts:
            for op in part.module.clone().ops:
                assert isinstance(op, hw.HWModuleOp)
                found.setdefault(op.sym_name.data, op)
        for op in found.values():
            if op.parent is not None:
                op.detach()
        return ModuleOp(list(found.values()))


class _ChannelMemories:
    """The memories of a channel."""

    def __init__(self, circuit: Circuit, channel: ChannelOp, name: str):
        assert channel.depth is not None
        self._circuit, self._name = circuit, name
        self._words, self._copies = channel.depth
        bits = word_bits(channel.array.type, channel)
        names = [name] if self._copies == 1 else [f"{name}_{number}" for number in range(self._copies)]
        self.facts = [MemoryFact(each, self._words, bits, False) for each in names]
        self._type = seq.FirMemType(self._words, bits)
        self._memories = [seq.FirMemOp(self._type, name=each) for each in names]
        circuit.block.add_ops(self._memories)
        self._open: list[seq.FirMemReadOp] = []
        self._turns: dict[SSAValue, SSAValue] = {}

    def reader(self, token: SSAValue) -> SSAValue:
        """What a task reads that begins with a token; `read` then says where."""
        circuit = self._circuit
        address = circuit.constant(0, self._type.address_width)
        reads = [seq.FirMemReadOp(each.memory, address, circuit.clk, circuit.false) for each in self._memories]
        circuit.block.add_ops(reads)
        for number, each in enumerate(reads):
            each.data.name_hint = f"{self._name}_read_data" + (f"_{number}" if self._copies > 1 else "")
        self._open = reads
        return circuit.select([(self._has_turn(token, number), each.data) for number, each in enumerate(reads)])

    def read(self, address: SSAValue, enable: SSAValue) -> None:
        """Where the last reader reads."""
        place = self._word(address)
        for each in self._open:
            each.operands[1], each.operands[3] = place, enable

    def write(self, token: SSAValue, address: SSAValue, enable: SSAValue, data: SSAValue) -> None:
        """Let a task write that begins with a token."""
        circuit = self._circuit
        place = self._word(address)
        for number, each in enumerate(self._memories):
            written = circuit.all_of(enable, self._has_turn(token, number))
            circuit.block.add_op(seq.FirMemWriteOp(each.memory, place, data, circuit.clk, written))

    def _word(self, address: SSAValue) -> SSAValue:
        """The word that an element is in."""
        if self._words == 1:
            return self._circuit.constant(0, self._type.address_width)
        return self._circuit.extract(address, 0, self._type.address_width)

    def _has_turn(self, token: SSAValue, number: int) -> SSAValue:
        """Whether a memory is that of the sample on which a task works that begins with a token."""
        circuit = self._circuit
        if self._copies == 1:
            return circuit.true
        if token not in self._turns:
            bits = (self._copies - 1).bit_length()
            turn = circuit.register(f"{self._name}_turn", bits, reset=True, enabled=True)
            last = circuit.icmp("eq", turn.value, circuit.constant(self._copies - 1, bits))
            following = circuit.binary("add", turn.value, circuit.constant(1, bits))
            turn.connect(circuit.mux(last, circuit.constant(0, bits), following), token)
            self._turns[token] = turn.value
        return circuit.icmp("eq", self._turns[token], circuit.constant(number, (self._copies - 1).bit_length()))
