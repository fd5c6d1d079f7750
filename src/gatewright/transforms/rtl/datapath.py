"""The datapath: operations as logic, units and memories, started by the tokens that control gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import arith, func, memref
from xdsl.ir import Block, Operation, SSAValue

from gatewright.dialects.loopschedule.ops import RegisterOp, StepOp, TerminatorOp, latency_of
from gatewright.dialects.notes import OPERATOR
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.location import source_location
from gatewright.machine.occupancy import port_of, port_used_by
from gatewright.machine.output_lifetimes import OutputLifetimes
from gatewright.machine.time_points import TimePoint
from gatewright.transforms.rtl.arithmetic import bits_of, compute, constant_number
from gatewright.transforms.rtl.circuit import Circuit
from gatewright.transforms.rtl.memories import Memory
from gatewright.transforms.rtl.names import value_name
from gatewright.transforms.rtl.units import OperatorUnits
from gatewright.transforms.rtl.values import Always, Derived, Stages, Timed, ValueSource, is_durable

WIRING = (arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp, arith.IndexCastOp)
"""Operations that cost no logic, so that keeping their operand keeps their result."""


@dataclass
class Datapath:
    """Turns the operations of a schedule into logic, and knows where their values can be read."""

    circuit: Circuit
    units: OperatorUnits
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
        if isinstance(place.timeline, Stages):
            self.sources[operation.res] = place.timeline.values.loaded(name, place, operation, live)
            return
        loaded = Timed(self.circuit, name, place, 1, token, live)
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
        live = self.units.execute(operation, token, operands)
        if latency == 0:
            self.circuit.name(live, name)
        if self.circuit.constant_of(live) is not None:
            self.sources[operation.results[0]] = Always(live)
            return
        if isinstance(place.timeline, Stages):
            self.sources[operation.results[0]] = place.timeline.values.computed(name, place, latency, live)
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
            OPERATOR.value(operation) is None
            and all(is_durable(self.sources[operand]) for operand in operation.operands)
            and _only_ends_iterations(operation.results[0])
        )

    def _again(self, operation: Operation, name: str, use: TimePoint) -> SSAValue:
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


def shared_outputs(function: func.FuncOp, units: OperatorUnits) -> OutputLifetimes:
    """What uses each port of a memory that loads, and each iterative operator of a function."""
    holding = OutputLifetimes()
    for operation in function.walk():
        if isinstance(operation, MemoryAccess):
            holding.add(port_used_by(operation), operation)
        elif (unit := units.iterative(operation)) is not None:
            holding.add(unit, operation)
    return holding
