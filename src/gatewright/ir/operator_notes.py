"""The operator that an operation of a schedule is bound to, as the library knows it and as the IR says it."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntegerType, StringAttr
from xdsl.ir import Attribute, Operation

from gatewright.dialects.notes import OPERATOR, OperatorAttr
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


def _type(name: str) -> Attribute:
    return ir_float(FORMATS[name]) if name in FORMATS else IntegerType(int(name[1:]))
