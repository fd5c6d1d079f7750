"""The operator that an operation of a schedule is bound to, as the library knows it and as the IR says it."""

from __future__ import annotations

from collections.abc import Hashable

from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntegerType, StringAttr
from xdsl.ir import Attribute, Operation

from gatewright.dialects.notes import OPERATOR, UNIT, OperatorAttr
from gatewright.ir.floats import ir_float
from gatewright.numbers.float_format import FORMATS
from gatewright.operators.library import Operator, OperatorLibrary


def operator_attribute(operator: Operator) -> OperatorAttr:
    """An operator of the library as an attribute."""
    types = ArrayAttr([_type(name) for name in operator.types])
    return OperatorAttr(StringAttr(operator.function), types, IntAttr(operator.latency), IntAttr(operator.interval))


def operator_of(op: Operation, library: OperatorLibrary) -> Operator | None:
    """The operator that an operation is bound to; None if it is bound to none, or to one that the library lacks."""
    noted = OPERATOR.value(op)
    return None if noted is None else library.find(noted.kind.data, [str(type_) for type_ in noted.types])


def showing_unit(op: Operation, library: OperatorLibrary) -> Hashable | None:
    """What names the unit of an operation if its output stays until the unit's next start; None if it does not."""
    number, operator = UNIT.value(op), operator_of(op, library)
    if number is None or operator is None or operator.latency < 2 or not operator.needs_start:
        return None
    return operator.name, number


def _type(name: str) -> Attribute:
    return ir_float(FORMATS[name]) if name in FORMATS else IntegerType(int(name[1:]))
