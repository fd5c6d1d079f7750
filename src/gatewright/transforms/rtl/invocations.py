"""What the operations of a schedule compute: logic, or what units of operators do for them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, OpResult, SSAValue

from gatewright.analysis.multiplication import signed_width
from gatewright.dialects.gw import InvokeOp
from gatewright.dialects.loopschedule.ops import PipelineStageOp, StepOp, latency_of
from gatewright.dialects.notes import OPERATOR, UNIT
from gatewright.errors import IrError, UnsupportedError
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import operator_of
from gatewright.operators.library import FLOATING, Operator, OperatorLibrary
from gatewright.transforms.rtl.arithmetic import bits_of, compute, known_operations, logic_of
from gatewright.transforms.rtl.circuit import Circuit, width


@dataclass
class Invocations:
    """Computes operations: `gw.invoke` for each that is bound to a unit, logic for all others."""

    circuit: Circuit
    library: OperatorLibrary

    def execute(self, operation: Operation, token: SSAValue, operands: list[SSAValue]) -> SSAValue:
        """The wire on which the result of an operation that starts with `token` appears, by its latency."""
        operator, number = self._operator(operation), UNIT.value(operation)
        alone = number is None or (operator is not None and not operator.latency and logic_of(operation.name) is None)
        if operator is None or alone:
            result = compute(self.circuit, operation, operands)
            if result is None or latency_of(operation):
                raise UnsupportedError(
                    f"{operation.name} has no hardware",
                    where=source_location(operation),
                    why=f"there is logic for {', '.join(known_operations())}",
                )
            return result
        bits, noted = bits_of(operation.results[0].type), OPERATOR.value(operation)
        assert bits is not None and number is not None and noted is not None
        if operator.latency > 0:
            operands = self._at_ports(operator, operation, operands)
        invoke = InvokeOp(operation.name, noted, number, token, operands, IntegerType(bits))
        self.circuit.block.add_op(invoke)
        return invoke.result

    def _operator(self, operation: Operation) -> Operator | None:
        """The operator that executes an operation; None for logic of its own."""
        if OPERATOR.value(operation) is None:
            if latency_of(operation) and operation.results:
                raise IrError(
                    f"{operation.name} takes {latency_of(operation)} cycles and has no gw.operator",
                    where=source_location(operation),
                    remedy="bind, before control",
                )
            return None
        return operator_of(operation, self.library)

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


def _signed_width(value: SSAValue) -> int:
    """Bits of the signed number that a scheduled value is, looking through extensions and registers."""
    if isinstance(value.owner, StepOp | PipelineStageOp) and isinstance(value, OpResult):
        return _signed_width(value.owner.register.operands[value.index])
    if isinstance(value.owner, arith.ExtSIOp):
        return _signed_width(value.owner.input)
    return signed_width(value)
