"""The `gw` dialect: the few numeric operations that programs use and upstream dialects lack, and notes (`notes.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import AnyFloatConstr, IndexType, IntegerAttr, IntegerType, MemRefType, StringAttr, i1, i64
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    attr_def,
    base,
    irdl_op_definition,
    operand_def,
    opt_attr_def,
    opt_operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.notes import DecisionAttr, MemoryAttr, OperatorAttr


@irdl_op_definition
class IsqrtOp(IRDLOperation):
    """The floor of the square root of an unsigned integer."""

    name = "gw.isqrt"

    T: ClassVar = VarConstraint("T", base(IntegerType))
    operand = operand_def(T)
    result = result_def(T)
    traits = traits_def(Pure())

    assembly_format = "$operand attr-dict `:` type($result)"

    def __init__(self, operand: SSAValue):
        super().__init__(operands=[operand], result_types=[operand.type])


class FloatFunctionOp(IRDLOperation):
    """A function of one floating-point number."""

    T: ClassVar = VarConstraint("T", AnyFloatConstr)
    operand = operand_def(T)
    result = result_def(T)
    traits = traits_def(Pure())

    assembly_format = "$operand attr-dict `:` type($result)"

    def __init__(self, operand: SSAValue):
        super().__init__(operands=[operand], result_types=[operand.type])


@irdl_op_definition
class LogisticOp(FloatFunctionOp):
    """The logistic function, the sigmoid `1 / (1 + exp(-x))`, rounded once."""

    name = "gw.logistic"


@irdl_op_definition
class GeluOp(FloatFunctionOp):
    """The Gaussian error linear unit `x * (1 + erf(x / sqrt(2))) / 2`, rounded once."""

    name = "gw.gelu"


@irdl_op_definition
class DirectiveOp(IRDLOperation):
    """What a user decides about the loops that count these, or about an array, as `gw.interleave(i, 8)` in Python.

    `label-loops` makes it a decision of the plan.
    """

    name = "gw.directive"

    kind = attr_def(StringAttr)
    value = opt_attr_def(IntegerAttr | StringAttr)
    counters = var_operand_def(IndexType)
    array = opt_operand_def(MemRefType)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    assembly_format = "$kind (`=` $value^)? (`for` $counters^)? (`of` $array^ `:` type($array))? attr-dict"

    def __init__(self, kind: str, subjects: Sequence[SSAValue], value: IntegerAttr | StringAttr | None):
        counters = [each for each in subjects if not isinstance(each.type, MemRefType)]
        arrays = [each for each in subjects if isinstance(each.type, MemRefType)]
        super().__init__(operands=[counters, arrays], attributes={"kind": StringAttr(kind), "value": value})


@irdl_op_definition
class InvokeOp(IRDLOperation):
    """An operation that begins on a unit of an operator in the cycle of a token; its result is there by its latency.

    `control` leaves one for each operation of the schedule on a unit; `to-hw` makes those of a unit one piece of
    hardware, whose operands the tokens choose.
    """

    name = "gw.invoke"

    operation = attr_def(StringAttr)
    """The operation of `arith` or `gw` that the unit executes."""
    operator = attr_def(OperatorAttr)
    unit = attr_def(IntegerAttr)
    token = operand_def(i1)
    inputs = var_operand_def(IntegerType)
    result = result_def(IntegerType)

    assembly_format = """
        $operation `on` $unit `of` $operator `at` $token `(` $inputs `)` attr-dict `:` functional-type($inputs, $result)
    """

    def __init__(
        self,
        operation: str,
        operator: OperatorAttr,
        unit: int,
        token: SSAValue,
        inputs: Sequence[SSAValue],
        result: IntegerType,
    ):
        attributes = {"operation": StringAttr(operation), "operator": operator, "unit": IntegerAttr(unit, i64)}
        super().__init__(operands=[token, inputs], result_types=[result], attributes=attributes)


@irdl_op_definition
class RequestOp(IRDLOperation):
    """An access to a memory through one of its ports in the cycle of a token: a store of a word, or without one a load.

    `control` leaves one for each access of the schedule; `to-hw` makes of those to a port its signals.
    """

    name = "gw.request"

    memory = attr_def(StringAttr)
    port = attr_def(StringAttr)
    token = operand_def(i1)
    address = operand_def(IntegerType)
    word = opt_operand_def(IntegerType)

    assembly_format = """
        $port `of` $memory `at` $token `address` $address (`word` $word^)? attr-dict
        `:` type($address) (`,` type($word)^)?
    """

    def __init__(self, memory: str, port: str, token: SSAValue, address: SSAValue, word: SSAValue | None):
        attributes = {"memory": StringAttr(memory), "port": StringAttr(port)}
        super().__init__(operands=[token, address, word], attributes=attributes)


PORT_SIGNALS = ("address", "enable", "read_enable", "write_enable", "write_data")


@irdl_op_definition
class PortSignalOp(IRDLOperation):
    """A signal that drives a port of a memory, as the requests of that port make it.

    It is the `address` of the request at hand, the `write_data` of the store, or high in cycles of any request
    (`enable`), of a store (`write_enable`), or of loads alone (`read_enable`). `to-hw` replaces it.
    """

    name = "gw.port_signal"

    signal = attr_def(StringAttr)
    port = attr_def(StringAttr)
    memory = attr_def(StringAttr)
    result = result_def(IntegerType)

    assembly_format = "$signal `of` $port `of` $memory attr-dict `:` type($result)"

    def __init__(self, signal: str, port: str, memory: str, result: IntegerType):
        attributes = {"signal": StringAttr(signal), "port": StringAttr(port), "memory": StringAttr(memory)}
        super().__init__(attributes=attributes, result_types=[result])

    def verify_(self) -> None:
        if self.signal.data not in PORT_SIGNALS:
            raise VerifyException(f"a port has no signal {self.signal.data}: one of {', '.join(PORT_SIGNALS)}")


Gw = Dialect(
    "gw",
    [IsqrtOp, LogisticOp, GeluOp, DirectiveOp, InvokeOp, RequestOp, PortSignalOp],
    [OperatorAttr, DecisionAttr, MemoryAttr],
)
