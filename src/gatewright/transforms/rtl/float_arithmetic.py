"""The combinational logic of floating-point operations that need no rounding."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith, math
from xdsl.ir import Operation, SSAValue

from gatewright.ir.floats import format_of
from gatewright.numbers.float_format import FloatFormat
from gatewright.transforms.rtl.circuit import Circuit, width

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


def _magnitude(circuit: Circuit, a: SSAValue) -> SSAValue:
    return circuit.extract(a, 0, width(a) - 1)


def _is_nan(circuit: Circuit, form: FloatFormat, a: SSAValue) -> SSAValue:
    return circuit.icmp("ugt", _magnitude(circuit, a), circuit.constant(form.infinity, form.width - 1))


def _invert(circuit: Circuit, a: SSAValue) -> SSAValue:
    return circuit.xor(a, circuit.constant(-1, width(a)))


def _less(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
    """Whether a number is less than another, none of them a NaN; minus zero is less than zero here."""
    sign, other = circuit.bit(a, width(a) - 1), circuit.bit(b, width(b) - 1)
    smaller = circuit.icmp("ult", _magnitude(circuit, a), _magnitude(circuit, b))
    larger = circuit.icmp("ugt", _magnitude(circuit, a), _magnitude(circuit, b))
    same = circuit.mux(sign, larger, smaller)
    return circuit.mux(circuit.xor(sign, other), sign, same)


def compare(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    """`arith.cmpf`."""
    assert isinstance(operation, arith.CmpfOp)
    predicate, form = _PREDICATES[operation.predicate.value.data], _format(operation)
    if predicate in ("true", "false"):
        return circuit.constant(int(predicate == "true"), 1)
    a, b = operands
    unordered = circuit.any_of(_is_nan(circuit, form, a), _is_nan(circuit, form, b))
    if predicate in ("ord", "uno"):
        return unordered if predicate == "uno" else _invert(circuit, unordered)
    zero = circuit.constant(0, form.width - 1)
    either = _magnitude(circuit, circuit.any_of(a, b))
    equal = circuit.any_of(circuit.icmp("eq", a, b), circuit.icmp("eq", either, zero))
    relation = predicate[1:]
    if relation in ("gt", "ge"):
        a, b = b, a
    if relation in ("eq", "ne"):
        found = equal if relation == "eq" else _invert(circuit, equal)
    else:
        less = circuit.all_of(_less(circuit, a, b), _invert(circuit, equal))
        found = less if relation in ("lt", "gt") else circuit.any_of(less, equal)
    if predicate[0] == "u":
        return circuit.any_of(found, unordered)
    return circuit.all_of(found, _invert(circuit, unordered))


def _choose(largest: bool, number: bool) -> LogicOf:
    def build(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
        form = _format(operation)
        a, b = operands
        nan = circuit.constant(form.nan, form.width)
        less = _less(circuit, a, b)
        chosen = circuit.mux(less, b, a) if largest else circuit.mux(less, a, b)
        first, second = _is_nan(circuit, form, a), _is_nan(circuit, form, b)
        if not number:
            return circuit.mux(circuit.any_of(first, second), nan, chosen)
        # A number beside a NaN is the answer; of two NaNs the first is replaced by the one of all operations.
        other = circuit.mux(second, nan, b)
        return circuit.mux(first, other, circuit.mux(second, a, chosen))

    return build


def _negate(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    (a,) = operands
    return circuit.xor(a, circuit.constant(_format(operation).sign_bit, width(a)))


def _absolute(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    (a,) = operands
    return circuit.extend(_magnitude(circuit, a), width(a), sign=False)


def _copy_sign(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue:
    a, b = operands
    return circuit.concat(circuit.bit(b, width(b) - 1), _magnitude(circuit, a))


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
