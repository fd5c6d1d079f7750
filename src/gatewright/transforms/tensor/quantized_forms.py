"""What the body of an elementwise operation computes, where it is exact: a clamped sum of products of its inputs, which
may be rounded and clamped once more, as quantisation does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import Float32Type, FloatAttr, IntegerAttr, IntegerType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from gatewright.transforms.tensor import generic

FORWARD = {"ogt", "oge", "ugt", "uge"}
BACKWARD = {"olt", "ole", "ult", "ule"}
_PREDICATES = (
    "false",
    "oeq",
    "ogt",
    "oge",
    "olt",
    "ole",
    "one",
    "ord",
    "ueq",
    "ugt",
    "uge",
    "ult",
    "ule",
    "une",
    "uno",
)

_fractions = np.frompyfunc(lambda value: Fraction(value) if np.isfinite(value) else float(value), 1, 1)


def fractions(values: np.ndarray) -> np.ndarray:
    """Numbers as an array of `Fraction`, exactly; infinities stay floats."""
    return np.asarray(_fractions(np.asarray(values)), object)


ZERO = fractions(np.zeros(()))
ONE = fractions(np.ones(()))
INFINITE = np.asarray(float("inf"), object)


@dataclass(frozen=True)
class Form:
    """`min(max(sum of coefficient * product of inputs + offset, low), high)`; of all arrays the axes are the loops.

    The inputs are block arguments: reals, or integers less a centre.
    """

    terms: Mapping[tuple[SSAValue, ...], np.ndarray]
    offset: np.ndarray
    low: np.ndarray = field(default_factory=lambda: -INFINITE)
    high: np.ndarray = field(default_factory=lambda: INFINITE)

    def __post_init__(self):
        # Arithmetic on arrays of objects without axes gives bare objects.
        object.__setattr__(self, "terms", {key: np.asarray(value, object) for key, value in self.terms.items()})
        object.__setattr__(self, "offset", np.asarray(self.offset, object))
        for name in ("low", "high"):
            bound = np.asarray(getattr(self, name), object)
            one = bound.flat[0]
            object.__setattr__(self, name, np.asarray(one, object) if np.all(bound == one) else bound)

    @property
    def is_constant(self) -> bool:
        """True if it has no inputs."""
        return not self.terms

    @property
    def is_clamped(self) -> bool:
        """True if there are bounds."""
        return bool(np.any(self.low != -INFINITE) or np.any(self.high != INFINITE))


@dataclass(frozen=True)
class Rounded:
    """`min(max(round(form) + zero, low), high)`, an integer: half to even."""

    form: Form
    zero: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __post_init__(self):
        for name in ("zero", "low", "high"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), object))


@dataclass(frozen=True)
class Raw:
    """An input of integers as it is."""

    argument: SSAValue


@dataclass(frozen=True)
class Threshold:
    """`left > right` (`forward`) or `left < right`, perhaps or equal, of two values of the body."""

    forward: bool
    left: SSAValue
    right: SSAValue


Meaning = Form | Rounded | Raw | Threshold | None
"""What a value of a body is; None if it is something else."""


class Forms:
    """Reads the body of one operation."""

    def __init__(self, inputs: Mapping[SSAValue, Form], constants: Mapping[SSAValue, np.ndarray] | None = None):
        """`inputs` tells what block arguments of real numbers are, and constant ones of integers that are not extended;
        `constants` what others that are constant hold, read with a sign."""
        self.known: dict[SSAValue, Meaning] = dict(inputs)
        self.constants = constants or {}
        self.centres: dict[SSAValue, np.ndarray] = {}
        """What is subtracted from each input of integers."""
        self.unsigned: dict[SSAValue, bool] = {}
        """Whether each input of integers is an unsigned one."""

    def run(self, operations: Sequence[Operation]) -> None:
        """Read operations in order."""
        for op in operations:
            for result in op.results:
                self.known[result] = self._read(op)

    def __getitem__(self, value: SSAValue) -> Meaning:
        if value not in self.known and isinstance(value.owner, arith.ConstantOp):
            self.known[value] = _constant(value.owner)
        return self.known.get(value)

    def _read(self, op: Operation) -> Meaning:
        match op:
            case arith.ConstantOp():
                return _constant(op)
            case arith.ExtSIOp() | arith.SIToFPOp() | arith.ExtUIOp() | arith.UIToFPOp():
                return self._integer(op)
            case arith.SubiOp():
                return self._centred(op)
            case arith.FPToSIOp() | arith.FPToUIOp() | arith.TruncIOp():
                found = self[op.operands[0]]
                return found if isinstance(found, Rounded) else None
            case math.RoundEvenOp():
                found = self[op.operands[0]]
                return Rounded(found, ZERO, -INFINITE, INFINITE) if isinstance(found, Form) else None
            case arith.CmpfOp():
                predicate = _PREDICATES[min(op.predicate.value.data, len(_PREDICATES) - 1)]
                known = predicate in FORWARD or predicate in BACKWARD
                return Threshold(predicate in FORWARD, op.lhs, op.rhs) if known else None
            case arith.SelectOp():
                return self._choice(op)
            case arith.TruncFOp():
                return _narrowed(self[op.operands[0]])
        return _arithmetic(op, [self._factor(operand, op) for operand in op.operands])

    def _factor(self, value: SSAValue, op: Operation) -> Meaning:
        """An operand of an operation; what a number is multiplied by to be rounded is the inverse of a scale."""
        is_rounded = isinstance(op, arith.MulfOp) and all(
            isinstance(use.operation, math.RoundEvenOp) for use in op.result.uses
        )
        if is_rounded and isinstance(value.owner, arith.TruncFOp):
            return _inverse(self[value.owner.input]) or self[value]
        return self[value]

    def _integer(self, op: Operation) -> Meaning:
        """An input of integers, wider or as a real number; what is an integer already stays what it is."""
        of = op.operands[0]
        found = self[of]
        unsigned = isinstance(op, arith.ExtUIOp | arith.UIToFPOp)
        if found is None and isinstance(of, BlockArgument) and isinstance(of.type, IntegerType):
            found = Raw(of) if self.unsigned.setdefault(of, unsigned) == unsigned else None
        if isinstance(found, Raw) and isinstance(op, arith.SIToFPOp | arith.UIToFPOp):
            return self._less(found.argument, ZERO)
        return found

    def _centred(self, op: arith.SubiOp) -> Meaning:
        left, right = self[op.lhs], self[op.rhs]
        if isinstance(right, Raw) and right.argument in self.constants and not self.unsigned[right.argument]:
            right = Form({}, self.constants[right.argument])
        if isinstance(left, Raw) and isinstance(right, Form) and right.is_constant:
            return self._less(left.argument, right.offset)
        return None

    def _less(self, argument: SSAValue, centre: np.ndarray) -> Meaning:
        """An integer input less its zero point, which are one input from here on."""
        if not np.array_equal(self.centres.setdefault(argument, centre), centre):
            return None
        return Form({(argument,): ONE}, ZERO)

    def _choice(self, op: arith.SelectOp) -> Meaning:
        """The larger or smaller of two values."""
        condition = self[op.cond]
        if not isinstance(condition, Threshold):
            return None
        kept = self._same(op.lhs, condition.left) and self._same(op.rhs, condition.right)
        swapped = self._same(op.lhs, condition.right) and self._same(op.rhs, condition.left)
        if not kept and not swapped:
            return None
        return _extreme(condition.forward == kept, self[op.lhs], self[op.rhs])

    def _same(self, one: SSAValue, other: SSAValue) -> bool:
        a, b = self[one], self[other]
        if isinstance(a, Form) and isinstance(b, Form) and a.is_constant and b.is_constant:
            return bool(np.array_equal(a.offset, b.offset))
        return one is other


def _constant(op: arith.ConstantOp) -> Meaning:
    if isinstance(op.value, FloatAttr | IntegerAttr):
        return Form({}, fractions(np.asarray(op.value.value.data)))
    return None


def _narrowed(of: Meaning) -> Meaning:
    """A constant rounded to f32."""
    if not isinstance(of, Form) or not of.is_constant or of.offset.size != 1:
        return None
    return Form({}, fractions(np.asarray(float(np.float32(float(of.offset.item()))))))


def _inverse(of: Meaning) -> Form | None:
    """For the inverse of a number of f32, in double precision, that inverse itself.

    PyTorch computes the inverse of a scale in double precision and multiplies by it in single precision, where it means
    to divide.
    """
    value = float(of.offset.item()) if isinstance(of, Form) and of.is_constant and of.offset.size == 1 else 0.0
    scale = float(np.float32(1 / value)) if value and np.isfinite(1 / value) else 0.0
    return Form({}, np.asarray(1 / Fraction(scale), object)) if scale and 1 / scale == value else None


def _arithmetic(op: Operation, operands: Sequence[Meaning]) -> Meaning:
    match op, operands:
        case ((arith.AddfOp() | arith.AddiOp()), (left, right)):
            return _add(left, right)
        case arith.SubfOp(), (left, right):
            return _add(left, _times(right, -ONE))
        case arith.MulfOp(), (left, right):
            return _multiply(left, right)
        case arith.DivfOp(), (left, Form() as right) if right.is_constant and np.all(right.offset != 0):
            return _times(left, np.asarray(1 / right.offset, object))
        case arith.NegfOp(), (of,):
            return _times(of, -ONE)
        case ((arith.MaximumfOp() | arith.MaxnumfOp() | arith.MaxSIOp()), (left, right)):
            return _extreme(True, left, right)
        case ((arith.MinimumfOp() | arith.MinnumfOp() | arith.MinSIOp()), (left, right)):
            return _extreme(False, left, right)
    return None


def _add(left: Meaning, right: Meaning) -> Meaning:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Form) and one.is_constant:
            by = one.offset
            if isinstance(other, Form):
                return replace(other, offset=other.offset + by, low=other.low + by, high=other.high + by)
            if isinstance(other, Rounded) and all(float(value).is_integer() for value in by.flat):
                return replace(other, zero=other.zero + by, low=other.low + by, high=other.high + by)
    if not isinstance(left, Form) or not isinstance(right, Form) or left.is_clamped or right.is_clamped:
        return None
    terms = dict(left.terms)
    for key, coefficient in right.terms.items():
        terms[key] = terms[key] + coefficient if key in terms else coefficient
    return Form(terms, left.offset + right.offset)


def _times(of: Meaning, by: np.ndarray) -> Meaning:
    """A form times constants."""
    if not isinstance(of, Form):
        return None
    terms = {key: coefficient * by for key, coefficient in of.terms.items()}
    if not of.is_clamped:
        return Form(terms, of.offset * by)
    if np.all(by > 0):
        return Form(terms, of.offset * by, of.low * by, of.high * by)
    return Form(terms, of.offset * by, of.high * by, of.low * by) if np.all(by < 0) else None


def _multiply(left: Meaning, right: Meaning) -> Meaning:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Form) and one.is_constant:
            return _times(other, one.offset)
    if not isinstance(left, Form) or not isinstance(right, Form) or left.is_clamped or right.is_clamped:
        return None
    if len(left.terms) != 1 or len(right.terms) != 1 or np.any(left.offset != 0) or np.any(right.offset != 0):
        return None
    ((a, of_a),), ((b, of_b),) = left.terms.items(), right.terms.items()
    return Form({(*a, *b): of_a * of_b}, ZERO)


def _extreme(largest: bool, left: Meaning, right: Meaning) -> Meaning:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Form) and one.is_constant and isinstance(other, Form | Rounded):
            pick = np.maximum if largest else np.minimum
            return replace(other, low=pick(other.low, one.offset), high=pick(other.high, one.offset))
    return None


@dataclass(frozen=True)
class Quantizing:
    """`min(max(round(slope * x) + zero, low), high)`."""

    slope: Fraction
    zero: int
    low: int
    high: int


def quantizing(op: Operation) -> Quantizing | None:
    """How an operation quantises its only input, a tensor of single precision, if that is all it does."""
    if not isinstance(op, GenericOp) or not generic.is_parallel(op) or len(op.inputs) != 1 or len(op.results) != 1:
        return None
    block = generic.body_of(op)
    argument = block.args[0]
    if not isinstance(argument.type, Float32Type):
        return None
    forms = Forms({argument: Form({(argument,): ONE}, ZERO)})
    forms.run(list(block.ops)[:-1])
    found = forms[generic.yielded(op)[0]]
    if not isinstance(found, Rounded) or found.form.is_clamped or np.any(found.form.offset != 0):
        return None
    numbers = [found.form.terms.get((argument,)), found.zero, found.low, found.high]
    if any(array is None or array.size > 1 or not np.isfinite(float(array.item())) for array in numbers):
        return None
    slope, zero, low, high = (array.item() for array in numbers if array is not None)
    return Quantizing(Fraction(slope), int(zero), int(low), int(high))
