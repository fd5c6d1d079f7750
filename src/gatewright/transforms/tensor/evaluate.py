"""Read the body of an elementwise operation as real-valued expressions, computing what is constant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from xdsl.dialects import arith, math, tensor
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, IntegerType
from xdsl.dialects.linalg.ops import IndexOp
from xdsl.ir import Operation, SSAValue

from gatewright.errors import UnsupportedError
from gatewright.ir.location import operation_name, source_location
from gatewright.transforms.tensor.expression import (
    Comparison,
    Constant,
    Expression,
    Gather,
    add,
    choose,
    divide,
    extreme,
    multiply,
    negate,
    scalar,
)

_FLOAT_PREDICATES = (None, "eq", "gt", "ge", "lt", "le", "ne", "ord", "eq", "gt", "ge", "lt", "le", "ne", "uno", None)
"""The meaning of `arith.cmpf`'s predicates where no value is NaN, which no fixed-point number is."""

_INTEGER_PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
"""The signed predicates of `arith.cmpi`, in order."""

COMPARE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
"""What each predicate means."""


def _divide_integers(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    quotient = np.abs(left) // np.maximum(np.abs(right), 1)
    return np.where(right == 0, 0, np.sign(left) * np.sign(right) * quotient)


_OF_INTEGERS: dict[type[Operation], Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    arith.AddiOp: np.add,
    arith.SubiOp: np.subtract,
    arith.MuliOp: np.multiply,
    arith.MaxSIOp: np.maximum,
    arith.MinSIOp: np.minimum,
    arith.FloorDivSIOp: lambda a, b: np.where(b == 0, 0, a // np.where(b == 0, 1, b)),
    arith.DivSIOp: _divide_integers,
    arith.RemSIOp: lambda a, b: np.where(b == 0, 0, a - b * _divide_integers(a, b)),
    arith.AndIOp: np.bitwise_and,
    arith.OrIOp: np.bitwise_or,
    arith.XOrIOp: np.bitwise_xor,
}
"""Integer arithmetic, which appears in a float model only as arithmetic on positions: no product comes near 2**63."""

_OF_CONSTANTS: dict[type[Operation], Callable[[np.ndarray], np.ndarray]] = {
    math.SqrtOp: np.sqrt,
    math.RsqrtOp: lambda a: 1.0 / np.sqrt(a),
    math.ExpOp: np.exp,
    math.Exp2Op: np.exp2,
    math.LogOp: np.log,
    math.TanhOp: np.tanh,
    math.SinOp: np.sin,
    math.CosOp: np.cos,
    math.FloorOp: np.floor,
    math.CeilOp: np.ceil,
    math.AbsIOp: np.abs,
    arith.FPToSIOp: lambda a: np.trunc(a).astype(np.int64),
}
"""Functions that can be computed of constants only."""

_UNCHANGED = (
    arith.ExtFOp,
    arith.TruncFOp,
    arith.IndexCastOp,
    arith.ExtSIOp,
    arith.SIToFPOp,
)
"""Conversions that keep the value, as far as exact numbers are concerned."""


@dataclass
class Evaluation:
    """The expressions of the values of one body, over an iteration space of `extents`."""

    extents: Sequence[int]
    known: dict[SSAValue, Expression] = field(default_factory=dict)
    """Block arguments, and values from outside the body."""

    def run(self, operations: Sequence[Operation]) -> None:
        """Evaluate operations in order. Raises UnsupportedError for one with no exact fixed-point meaning."""
        for op in [op for op in operations if op.name != "cf.assert"]:
            result = self._evaluate(op)
            if result is None:
                raise _unsupported(op)
            self.known[op.results[0]] = result
        for op in [op for op in operations if op.name == "cf.assert"]:
            self._check(op)

    def __getitem__(self, value: SSAValue) -> Expression:
        if value not in self.known and isinstance(value.owner, arith.ConstantOp):
            self.known[value] = constant(value.owner)
        return self.known[value]

    def of(self, value: SSAValue) -> Expression | None:
        """The expression of a value, if it has been evaluated."""
        return self[value] if value in self.known or _is_constant(value) else None

    def _evaluate(self, op: Operation) -> Expression | None:
        if isinstance(op, arith.ConstantOp):
            return constant(op)
        if isinstance(op, IndexOp):
            return Constant(self._index(op.dim.value.data))
        operands = [self[operand] for operand in op.operands if operand in self.known or _is_constant(operand)]
        if isinstance(op, tensor.ExtractOp):
            return self._extract(op)
        if isinstance(op, _UNCHANGED):
            return operands[0]
        if isinstance(op, (arith.UIToFPOp, arith.ExtUIOp)):
            return self._of_truth(op, operands[0])
        if (of_integers := _OF_INTEGERS.get(type(op))) is not None:
            left, right = operands
            if isinstance(left, Constant) and isinstance(right, Constant):
                return Constant(of_integers(left.array, right.array))
            return None
        if (of_constants := _OF_CONSTANTS.get(type(op))) is not None:
            return Constant(of_constants(operands[0].array)) if isinstance(operands[0], Constant) else None
        return _real(op, operands)

    def _index(self, dimension: int) -> np.ndarray:
        shape = [1] * len(self.extents)
        shape[dimension] = self.extents[dimension]
        return np.arange(self.extents[dimension], dtype=np.int64).reshape(shape)

    def _extract(self, op: tensor.ExtractOp) -> Expression | None:
        positions = [self[index] for index in op.indices]
        arrays = [position.array for position in positions if isinstance(position, Constant)]
        if len(arrays) != len(positions):
            return None
        source = self.known.get(op.tensor)
        if isinstance(source, Constant):
            return Constant(source.array[tuple(np.broadcast_arrays(*arrays))] if arrays else source.array)
        return Gather(op.tensor, tuple(arrays))

    def _of_truth(self, op: Operation, operand: Expression) -> Expression | None:
        if isinstance(operand, Constant):
            return Constant(operand.array.astype(np.int64))
        if not (isinstance(op.operands[0].type, IntegerType) and op.operands[0].type.width.data == 1):
            return None
        return choose(operand, scalar(1.0), scalar(0.0))

    def _check(self, op: Operation) -> None:
        condition = self[op.operands[0]]
        if not isinstance(condition, Constant) or not np.all(condition.array):
            raise UnsupportedError(
                "the model checks a condition on its data while it runs",
                where=source_location(op),
                why="a circuit has nobody to report to",
            )


def _real(op: Operation, operands: Sequence[Expression]) -> Expression | None:
    """The arithmetic of real numbers."""
    match op, operands:
        case arith.AddfOp(), (left, right):
            return add(left, right)
        case arith.SubfOp(), (left, right):
            return add(left, negate(right))
        case arith.MulfOp(), (left, right):
            return multiply(left, right)
        case arith.NegfOp(), (of,):
            return negate(of)
        case arith.DivfOp(), (left, Constant() as right) if np.all(right.array):
            return divide(left, right.array)
        case ((math.FPowIOp() | math.PowFOp()), (of, Constant() as exponent)) if _is_small_power(exponent.array):
            return reduce(multiply, [of] * int(exponent.array))
    return _choice(op, operands)


def _choice(op: Operation, operands: Sequence[Expression]) -> Expression | None:
    """Comparisons, and what is chosen by them."""
    match op, operands:
        case ((arith.MaximumfOp() | arith.MaxnumfOp()), (left, right)):
            return extreme(True, left, right)
        case ((arith.MinimumfOp() | arith.MinnumfOp()), (left, right)):
            return extreme(False, left, right)
        case math.AbsFOp(), (of,):
            return extreme(True, of, negate(of))
        case arith.CmpfOp(), (left, right):
            return _compare(_FLOAT_PREDICATES[op.predicate.value.data], left, right)
        case arith.CmpiOp(), (Constant() as left, Constant() as right) if op.predicate.value.data < len(
            _INTEGER_PREDICATES
        ):
            return _compare(_INTEGER_PREDICATES[op.predicate.value.data], left, right)
        case arith.SelectOp(), (condition, true, false):
            return choose(condition, true, false)
    return None


def _is_small_power(exponent: np.ndarray) -> bool:
    """True for a power that is a few products."""
    return exponent.size == 1 and exponent.item() in (1, 2, 3, 4)


def _compare(predicate: str | None, left: Expression, right: Expression) -> Expression | None:
    if predicate is None:
        return None
    if predicate in ("ord", "uno"):
        return Constant(np.asarray(predicate == "ord"))
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(COMPARE[predicate](left.array, right.array))
    return Comparison(predicate, left, right)


def _is_constant(value: SSAValue) -> bool:
    return isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, (IntegerAttr, FloatAttr))


def constant(op: arith.ConstantOp) -> Constant:
    """The value of a scalar constant."""
    attribute = op.value
    if isinstance(attribute, FloatAttr):
        return scalar(attribute.value.data)
    assert isinstance(attribute, IntegerAttr)
    value = attribute.value.data
    if isinstance(attribute.type, IntegerType) and attribute.type.width.data == 1:
        return Constant(np.asarray(bool(value)))
    return Constant(np.asarray(value, np.int64))


def _unsupported(op: Operation) -> UnsupportedError:
    """The error for an operation that fixed point cannot do exactly."""
    if isinstance(op, arith.DivfOp):
        what, why = "a division by data has no fixed-point hardware", "only constants divide exactly"
    else:
        what, why = (
            f"{operation_name(op)} of data has no fixed-point hardware",
            "it is not a sum, product or choice of its inputs",
        )
    return UnsupportedError(what, where=source_location(op), why=why)
