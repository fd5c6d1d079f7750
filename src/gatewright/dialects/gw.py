"""The `gw` dialect: the few numeric operations that programs use and upstream dialects lack, and notes (`notes.py`)."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import AnyFloatConstr, IntegerType
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import IRDLOperation, VarConstraint, base, irdl_op_definition, operand_def, result_def, traits_def
from xdsl.traits import Pure

from gatewright.dialects.notes import OperatorAttr


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


Gw = Dialect("gw", [IsqrtOp, LogisticOp, GeluOp], [OperatorAttr])
