"""The combinational logic of floating-point operations that need no rounding."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith, math
from xdsl.ir import Operation, SSAValue

from gatewright.ir.floats import format_of
from gatewright.numbers.float_format import FloatFormat
from gatewright.operators import float as described
from gatewright.transforms.rtl.circuit import Circuit, width
from gatewright.transforms.rtl.circuit_logic import CircuitLogic, CircuitWord

_PREDICATES = (
    *("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"),
    *("ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"),
)
"""`arith.cmpf` predicates by their number."""

LogicOf = Callable[[Circuit, Operation, list[SSAValue]], SSAValue]


def _format(operation: Operation) -> FloatFormat:
    form = format_of(operation.operands[0].type)
    assert form is not None
    return form


def compare(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    """`arith.cmpf`."""
    assert isinstance(operation, arith.CmpfOp)
    predicate = _PREDICATES[operation.predicate.value.data]
    if predicate in ("true", "false"):
        return circuit.constant(int(predicate == "true"), 1)
    a, b = map(CircuitWord, operands)
    return described.compare(CircuitLogic(circuit), _format(operation), predicate, a, b).value


def _choose(largest: bool, number: bool) -> LogicOf:
    def build(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
        a, b = map(CircuitWord, operands)
        return described.extreme(CircuitLogic(circuit), _format(operation), largest, number, a, b).value

    return build


def _negate(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    (a,) = operands
    return circuit.xor(a, circuit.constant(_format(operation).sign_bit, width(a)))


def _absolute(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    (a,) = operands
    return circuit.extend(circuit.extract(a, 0, width(a) - 1), width(a), sign=False)


def _copy_sign(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    a, b = operands
    return circuit.concat(circuit.bit(b, width(b) - 1), circuit.extract(a, 0, width(a) - 1))


def _same(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    return operands[0]


LOGIC: dict[type[Operation], LogicOf] = {
    arith.CmpfOp: compare,
    arith.MaximumfOp: _choose(largest=True, number=False),
    arith.MinimumfOp: _choose(largest=False, number=False),
    arith.MaxnumfOp: _choose(largest=True, number=True),
    arith.MinnumfOp: _choose(largest=False, number=True),
    arith.NegfOp: _negate,
    math.AbsFOp: _absolute,
    math.CopySignOp: _copy_sign,
    arith.BitcastOp: _same,
}
"""How logic computes each operation."""
