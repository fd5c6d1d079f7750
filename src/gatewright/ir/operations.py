"""Facts of the operations that compute: one row for each that the levels of loops and of schedules allow.

Other tables have a row for the same operations, each with what only it may know: how the interpreters compute them
(`interpreters/arithmetic.py`), what is known of ranges (`analysis/ranges.py`), and the logic that they become
(`transforms/rtl`). `tests/unit/test_operations.py` holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from xdsl.dialects import arith, math
from xdsl.ir import Operation

from gatewright.dialects import gw


class Hardware(Enum):
    """What executes an operation."""

    WIRES = "wires"
    """Nothing: it takes no time."""
    LOGIC = "logic"
    """Logic within a cycle."""
    OPERATOR = "operator"
    """An operator of the library, over some cycles."""


@dataclass(frozen=True)
class OperationFacts:
    """What is known of an operation wherever it stands."""

    words: str
    """What messages call it."""
    hardware: Hardware
    operator: str = ""
    """The name of the library's operator for floating-point numbers, where it works on one format."""


_WIRES, _LOGIC, _OPERATOR = Hardware.WIRES, Hardware.LOGIC, Hardware.OPERATOR

OF_INTEGERS: dict[type[Operation], OperationFacts] = {
    arith.ConstantOp: OperationFacts("constant", _WIRES),
    arith.AddiOp: OperationFacts("addition", _LOGIC),
    arith.SubiOp: OperationFacts("subtraction", _LOGIC),
    arith.MuliOp: OperationFacts("multiplication", _OPERATOR),
    arith.DivUIOp: OperationFacts("division", _OPERATOR),
    arith.DivSIOp: OperationFacts("division", _OPERATOR),
    arith.FloorDivSIOp: OperationFacts("division", _OPERATOR),
    arith.RemUIOp: OperationFacts("remainder", _OPERATOR),
    arith.RemSIOp: OperationFacts("remainder", _OPERATOR),
    arith.CmpiOp: OperationFacts("comparison", _LOGIC),
    arith.SelectOp: OperationFacts("choice", _LOGIC),
    arith.AndIOp: OperationFacts("and", _LOGIC),
    arith.OrIOp: OperationFacts("or", _LOGIC),
    arith.XOrIOp: OperationFacts("exclusive or", _LOGIC),
    arith.ShLIOp: OperationFacts("shift", _LOGIC),
    arith.ShRUIOp: OperationFacts("shift", _LOGIC),
    arith.ShRSIOp: OperationFacts("shift", _LOGIC),
    arith.MinSIOp: OperationFacts("minimum", _LOGIC),
    arith.MinUIOp: OperationFacts("minimum", _LOGIC),
    arith.MaxSIOp: OperationFacts("maximum", _LOGIC),
    arith.MaxUIOp: OperationFacts("maximum", _LOGIC),
    arith.ExtSIOp: OperationFacts("conversion", _WIRES),
    arith.ExtUIOp: OperationFacts("conversion", _WIRES),
    arith.TruncIOp: OperationFacts("conversion", _WIRES),
    arith.IndexCastOp: OperationFacts("conversion", _WIRES),
    gw.IsqrtOp: OperationFacts("square root", _OPERATOR),
}
"""Those of integers."""

OF_FLOATS: dict[type[Operation], OperationFacts] = {
    arith.CmpfOp: OperationFacts("comparison", _LOGIC),
    arith.MaximumfOp: OperationFacts("maximum", _LOGIC),
    arith.MinimumfOp: OperationFacts("minimum", _LOGIC),
    arith.MaxnumfOp: OperationFacts("maximum", _LOGIC),
    arith.MinnumfOp: OperationFacts("minimum", _LOGIC),
    arith.NegfOp: OperationFacts("change of sign", _WIRES),
    math.AbsFOp: OperationFacts("absolute value", _WIRES),
    math.CopySignOp: OperationFacts("copy of a sign", _WIRES),
    arith.BitcastOp: OperationFacts("conversion", _WIRES),
    arith.ExtFOp: OperationFacts("conversion", _OPERATOR),
    arith.TruncFOp: OperationFacts("conversion", _OPERATOR),
    arith.SIToFPOp: OperationFacts("conversion", _OPERATOR),
    arith.UIToFPOp: OperationFacts("conversion", _OPERATOR),
    arith.FPToSIOp: OperationFacts("conversion", _OPERATOR),
    arith.FPToUIOp: OperationFacts("conversion", _OPERATOR),
    arith.AddfOp: OperationFacts("addition", _OPERATOR, "addf"),
    arith.SubfOp: OperationFacts("subtraction", _OPERATOR, "addf"),
    arith.MulfOp: OperationFacts("multiplication", _OPERATOR, "mulf"),
    arith.DivfOp: OperationFacts("division", _OPERATOR, "divf"),
    math.FmaOp: OperationFacts("multiply-add", _OPERATOR, "fma"),
    math.SqrtOp: OperationFacts("square root", _OPERATOR, "sqrt"),
    math.FloorOp: OperationFacts("rounding", _OPERATOR, "floor"),
    math.CeilOp: OperationFacts("rounding", _OPERATOR, "ceil"),
    math.TruncOp: OperationFacts("rounding", _OPERATOR, "trunc"),
    math.RoundOp: OperationFacts("rounding", _OPERATOR, "round"),
    math.RoundEvenOp: OperationFacts("rounding", _OPERATOR, "roundeven"),
    math.ExpOp: OperationFacts("exponential", _OPERATOR, "exp"),
    math.Exp2Op: OperationFacts("exponential", _OPERATOR, "exp2"),
    math.LogOp: OperationFacts("logarithm", _OPERATOR, "log"),
    math.Log2Op: OperationFacts("logarithm", _OPERATOR, "log2"),
    math.RsqrtOp: OperationFacts("reciprocal square root", _OPERATOR, "rsqrt"),
    math.TanhOp: OperationFacts("hyperbolic tangent", _OPERATOR, "tanh"),
    math.ErfOp: OperationFacts("error function", _OPERATOR, "erf"),
    math.SinOp: OperationFacts("sine", _OPERATOR, "sin"),
    math.CosOp: OperationFacts("cosine", _OPERATOR, "cos"),
    math.TanOp: OperationFacts("tangent", _OPERATOR, "tan"),
    math.AsinOp: OperationFacts("inverse sine", _OPERATOR, "asin"),
    math.AcosOp: OperationFacts("inverse cosine", _OPERATOR, "acos"),
    math.AtanOp: OperationFacts("inverse tangent", _OPERATOR, "atan"),
    math.Atan2Op: OperationFacts("angle of a point", _OPERATOR, "atan2"),
    math.PowFOp: OperationFacts("power", _OPERATOR, "powf"),
    gw.LogisticOp: OperationFacts("sigmoid", _OPERATOR, "logistic"),
    gw.GeluOp: OperationFacts("Gaussian error linear unit", _OPERATOR, "gelu"),
}
"""Those of floating-point numbers."""

OPERATIONS = OF_INTEGERS | OF_FLOATS
"""All operations that compute, and can be hardware."""


def words_of(op: Operation) -> str:
    """What messages call an operation."""
    facts = OPERATIONS.get(type(op))
    return facts.words if facts is not None else op.name.rpartition(".")[2]
