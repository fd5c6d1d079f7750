"""The `gw` dialect: the few numeric operations that programs use and upstream dialects lack, and notes (`notes.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import AnyFloatConstr, IndexType, IntegerAttr, IntegerType, StringAttr
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    VarConstraint,
    attr_def,
    base,
    irdl_op_definition,
    operand_def,
    opt_attr_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure

from gatewright.dialects.notes import DecisionAttr, OperatorAttr


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
    """What a user decides about the loops that count these counters, as `gw.interleave(i, 8)` in Python.

    `label-loops` makes it a decision of the plan.
    """

    name = "gw.directive"

    kind = attr_def(StringAttr)
    value = opt_attr_def(IntegerAttr | StringAttr)
    counters = var_operand_def(IndexType)

    assembly_format = "$kind (`=` $value^)? `for` $counters attr-dict"

    def __init__(self, kind: str, counters: Sequence[SSAValue], value: IntegerAttr | StringAttr | None):
        super().__init__(operands=[counters], attributes={"kind": StringAttr(kind), "value": value})


Gw = Dialect("gw", [IsqrtOp, LogisticOp, GeluOp, DirectiveOp], [OperatorAttr, DecisionAttr])
