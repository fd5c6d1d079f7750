"""The operators of a design: each unit is one piece of hardware, used in turn by the operations bound to it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.ir import Operation, OpResult, SSAValue

from gatewright.analysis.multiplication import signed_width
from gatewright.dialects import hw, seq
from gatewright.dialects.loopschedule.ops import PipelineStageOp, StepOp, latency_of
from gatewright.dialects.notes import OPERATOR, UNIT
from gatewright.errors import IrError, UnsupportedError
from gatewright.ir.float_operations import float_operation
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import operator_of
from gatewright.operators.library import FLOATING, Operator, OperatorLibrary
from gatewright.transforms.rtl.arithmetic import bits_of, compute, known_operations
from gatewright.transforms.rtl.circuit import Circuit, ForwardWire, width
from gatewright.transforms.rtl.operator_modules import build


@dataclass
class UnitUse:
    """One operation's use of a unit, in the cycle of its token."""

    operation: Operation
    token: SSAValue
    operands: list[SSAValue]
    result: ForwardWire
    """The unit's output, once the unit is connected."""


@dataclass
class Unit:
    """One piece of hardware of a kind."""

    operator: Operator
    number: int
    uses: list[UnitUse] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the instance."""
        return f"{self.operator.name}_unit{self.number}"


@dataclass
class OperatorUnits:
    """All operators of a design."""

    circuit: Circuit
    library: OperatorLibrary
    units: dict[tuple[str, int], Unit] = field(default_factory=dict)
    modules: dict[str, hw.HWModuleOp] = field(default_factory=dict)
    """The modules of the operators used, by name."""

    def execute(self, operation: Operation, token: SSAValue, operands: list[SSAValue]) -> SSAValue:
        """The wire on which the result of an operation that starts with `token` appears, by its latency."""
        operator = self._operator(operation)
        if operator is None:
            result = compute(self.circuit, operation, operands)
            if result is None:
                raise UnsupportedError(
                    f"{operation.name} has no hardware",
                    where=source_location(operation),
                    why=f"there is logic for {', '.join(known_operations())}",
                )
            return result
        number = self._unit_number(operation, operator)
        unit = self.units.setdefault((operator.name, number), Unit(operator, number))
        bits = bits_of(operation.results[0].type)
        assert bits is not None
        if operator.latency > 0:
            operands = self._at_ports(operator, operation, operands)
        result = self.circuit.wire(bits)
        unit.uses.append(UnitUse(operation, token, operands, result))
        return result.value

    def iterative(self, operation: Operation) -> Hashable | None:
        """What names the unit of an operation if its output stays until the unit's next start; None if it does not."""
        if latency_of(operation) < 2 or not operation.results:
            return None
        operator = self._operator(operation)
        if operator is None or not operator.needs_start:
            return None
        bound = UNIT.value(operation)
        return operation if bound is None else (operator.name, bound)

    def connect(self) -> None:
        """Build every unit and give the operations its output."""
        for unit in self.units.values():
            if unit.operator.latency == 0:
                self._connect_logic(unit)
            else:
                self._connect_instance(unit)

    def _operator(self, operation: Operation) -> Operator | None:
        """The operator that executes an operation; None for logic of its own."""
        named = OPERATOR.value(operation)
        latency = latency_of(operation)
        if named is not None:
            operator = operator_of(operation, self.library)
        elif latency == 0:
            return None
        else:
            operator = self._full_width(operation)
        if operator is None:
            raise IrError(
                f"no operator executes {operation.name} in {latency} cycles"
                + ("" if named is None else f" as {named.label}"),
                where=source_location(operation),
            )
        if operator.latency != latency:
            raise IrError(
                f"{operation.name} is scheduled to take {latency} cycles, its operator {operator.name} takes"
                f" {operator.latency}",
                where=source_location(operation),
                remedy=f"{'gw.latency' if named is None else 'latency'} = {operator.latency}",
            )
        return operator

    def _full_width(self, operation: Operation) -> Operator | None:
        """The library's operator for an operation on full-width operands, if there is one with a module."""
        bits, floating = bits_of(operation.results[0].type), float_operation(operation)
        if bits is None:
            return None
        try:
            if floating is not None:
                return self.library.float_operator(floating.kind, *floating.types)
            operator = self.library.operator(operation.name.rpartition(".")[2], bits)
        except KeyError:
            return None
        return operator if operator.latency > 0 and operator.kind != "load" else None

    def _at_ports(self, operator: Operator, operation: Operation, operands: list[SSAValue]) -> list[SSAValue]:
        """The operands as the ports take them: in the order in which they fit, without sign extension."""
        circuit, ports = self.circuit, operator.operand_widths
        if isinstance(operation, arith.SubfOp):
            left, right = operands
            return [left, circuit.xor(right, circuit.constant(1 << (width(right) - 1), width(right)))]
        if operator.kind in FLOATING:
            return operands
        widths = [
            min(circuit.signed_bits(value), _signed_width(before))
            for value, before in zip(operands, operation.operands, strict=True)
        ]
        given = list(zip(operands, widths, strict=True))
        for order in (given, given[::-1]) if operator.kind == "muli" else (given,):
            fitting = zip(order, ports, strict=True)
            if all(bits >= operator.width or needed <= bits for (_, needed), bits in fitting):
                return [circuit.extract(value, 0, bits) for (value, _), bits in zip(order, ports, strict=True)]
        needed = " and ".join(map(str, widths))
        raise IrError(
            f"the operands of {operation.name} do not fit its operator {operator.name}",
            where=source_location(operation),
            why=f"they are signed numbers of {needed} bits, its ports have {' and '.join(map(str, ports))}",
        )

    def _unit_number(self, operation: Operation, operator: Operator) -> int:
        """The unit that an operation is bound to; one of its own if it is bound to none."""
        if (given := UNIT.value(operation)) is not None:
            return given
        return max((number for name, number in self.units if name == operator.name), default=-1) + 1

    def _connect_instance(self, unit: Unit) -> None:
        circuit, operator = self.circuit, unit.operator
        if operator.name not in self.modules:
            self.modules[operator.name] = build(operator, self.library)
        ports = self.modules[operator.name].module_type.ports
        names = [port.port_name.data for port in ports if port.dir.data.is_input_like()]
        given: dict[str, SSAValue] = {"clk": circuit.clk, "rst": circuit.rst}
        if operator.needs_start:
            given["start"] = circuit.any_of(*(use.token for use in unit.uses))
        data = [name for name in names if name not in ("clk", "rst", "start")]
        for position, name in enumerate(data):
            chosen = circuit.select([(use.token, use.operands[position]) for use in unit.uses])
            given[name] = circuit.name(chosen, f"{unit.name}_{name}")
        inputs = [(name, given[name]) for name in names]
        instance = circuit.instance(unit.name, operator.name, inputs, ("result", operator.width))
        instance.outputs[0].name_hint = f"{unit.name}_result"
        for use in unit.uses:
            use.result.connect(instance.outputs[0])

    def _connect_logic(self, unit: Unit) -> None:
        """Combinational units are shared by choosing their operands, unless that would close a loop of logic.

        Such a loop is never active, since its parts are for different cycles, but tools refuse it; the operations then
        get logic of their own.
        """
        circuit = self.circuit
        if len(unit.uses) > 1 and all(type(use.operation) is type(unit.uses[0].operation) for use in unit.uses):
            reached = _logic_behind([value for use in unit.uses for value in (use.token, *use.operands)])
            if not any(use.result.value in reached for use in unit.uses):
                count = len(unit.uses[0].operands)
                shared = [circuit.select([(use.token, use.operands[at]) for use in unit.uses]) for at in range(count)]
                result = compute(circuit, unit.uses[0].operation, shared)
                assert result is not None
                for use in unit.uses:
                    use.result.connect(result)
                return
        for use in unit.uses:
            result = compute(circuit, use.operation, use.operands)
            assert result is not None
            use.result.connect(result)


def _logic_behind(values: Sequence[SSAValue]) -> set[SSAValue]:
    """The values that some values depend on within a cycle."""
    found: set[SSAValue] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if value in found:
            continue
        found.add(value)
        owner = value.owner
        registered = isinstance(owner, seq.CompRegOp | seq.CompRegClockEnabledOp | seq.FirMemReadOp | hw.InstanceOp)
        if isinstance(owner, Operation) and not registered:
            pending.extend(owner.operands)
    return found


def _signed_width(value: SSAValue) -> int:
    """Bits of the signed number that a scheduled value is, looking through extensions and registers."""
    if isinstance(value.owner, StepOp | PipelineStageOp) and isinstance(value, OpResult):
        return _signed_width(value.owner.register.operands[value.index])
    if isinstance(value.owner, arith.ExtSIOp):
        return _signed_width(value.owner.input)
    return signed_width(value)
