"""The datapath: operations as logic, units and memories, started by the tokens that control gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import arith, memref
from xdsl.ir import Block, Operation, SSAValue

from gatewright.dialects.loopschedule.ops import latency_of
from gatewright.dialects.notes import REGISTERS
from gatewright.errors import IrError, UnsupportedError
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import showing_unit
from gatewright.machine.lifetimes import WIRING, is_recomputed
from gatewright.machine.occupancy import port_of, port_used_by
from gatewright.machine.output_lifetimes import OutputLifetimes
from gatewright.machine.time_points import TimePoint
from gatewright.transforms.rtl.arithmetic import bits_of, compute, constant_number
from gatewright.transforms.rtl.circuit import Circuit
from gatewright.transforms.rtl.invocations import Invocations
from gatewright.transforms.rtl.memories import Memory
from gatewright.transforms.rtl.names import value_name
from gatewright.transforms.rtl.values import Always, Derived, Stages, Timed, ValueSource


@dataclass
class Datapath:
    """Turns the operations of a schedule into logic, and knows where their values can be read."""

    circuit: Circuit
    invocations: Invocations
    memories: dict[SSAValue, Memory]
    holding: OutputLifetimes
    sources: dict[SSAValue, ValueSource] = field(default_factory=dict)
    """Where the values of the schedule are to be read."""

    def constants(self, block: Block) -> None:
        """Note the constants of a block that is not a step."""
        for operation in block.ops:
            if isinstance(operation, arith.ConstantOp):
                self._constant(operation)

    def read(self, value: SSAValue, use: TimePoint) -> SSAValue:
        """The wire that has a value of the schedule in the cycle of its use."""
        return self.sources[value].read(use)

    def _constant(self, operation: arith.ConstantOp) -> None:
        number, bits = constant_number(operation), bits_of(operation.result.type)
        if number is None or bits is None:
            raise UnsupportedError(
                f"a constant of {operation.result.type} has no hardware", where=source_location(operation)
            )
        self.sources[operation.result] = Always(self.circuit.constant(number, bits))

    def operation(self, operation: Operation, token: SSAValue, place: TimePoint) -> None:
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

    def _load(self, operation: memref.LoadOp, token: SSAValue, place: TimePoint) -> None:
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
        registers = _registers_of(operation)
        if isinstance(place.timeline, Stages):
            self.sources[operation.res] = place.timeline.values.loaded(name, place, operation, live, registers)
            return
        loaded = Timed(self.circuit, name, place, 1, token, live, bool(registers))
        loaded.stays = lambda use: self.holding.stays(port_used_by(operation), operation, place, use)
        self.sources[operation.res] = loaded

    def _arithmetic(self, operation: Operation, token: SSAValue, place: TimePoint) -> None:
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
        live = self.invocations.execute(operation, token, operands)
        if latency == 0:
            self.circuit.name(live, name)
        if self.circuit.constant_of(live) is not None:
            self.sources[operation.results[0]] = Always(live)
            return
        registers = _registers_of(operation)
        if isinstance(place.timeline, Stages):
            self.sources[operation.results[0]] = place.timeline.values.computed(name, place, latency, live, registers)
            return
        computed = Timed(self.circuit, name, place, latency, token, live, bool(registers))
        unit = showing_unit(operation, self.invocations.library)
        if unit is not None:
            computed.stays = lambda use: self.holding.stays(unit, operation, place, use)
        elif is_recomputed(operation):
            computed.again = lambda use: self._again(operation, name, use)
        self.sources[operation.results[0]] = computed

    def _again(self, operation: Operation, name: str, use: TimePoint) -> SSAValue:
        value = self._logic(operation, [self.read(operand, use) for operand in operation.operands])
        return self.circuit.name(value, name)

    def _logic(self, operation: Operation, operands: list[SSAValue]) -> SSAValue:
        value = compute(self.circuit, operation, operands)
        assert value is not None
        return value


def _registers_of(operation: Operation) -> int:
    """The registers that keep a result, as it is bound; IrError if it is not."""
    registers = REGISTERS.value(operation)
    if registers is None:
        raise IrError(
            f"{operation.name} has no {REGISTERS.name}", where=source_location(operation), remedy="bind, before control"
        )
    return registers
