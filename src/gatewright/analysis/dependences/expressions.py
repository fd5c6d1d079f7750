"""Integer arithmetic of the loops level as affine expressions and conditions.

Arithmetic wraps, affine expressions do not. An operation is therefore understood only where its result is known to fit
in its type: from value ranges, or from the bounds and conditions of the place it stands at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue

from gatewright.analysis.dependences.description import Affine, Condition, affine, condition, integer
from gatewright.analysis.ranges import Range, whole

MOST_PIECES = 12
"""An expression or a condition of more pieces is not followed further."""


def is_truth(type_: Attribute) -> bool:
    """True of the type of a condition."""
    return isinstance(type_, IntegerType) and type_.width.data == 1


class Expressions:
    """The values of a function that are understood so far."""

    def __init__(self, ranges: Mapping[SSAValue, Range]):
        self.ranges = ranges
        self.numbers: dict[SSAValue, Affine] = {}
        """Signed values."""
        self.truths: dict[SSAValue, Condition] = {}
        """When a value of one bit is true."""

    def understand(self, op: Operation, context: Condition) -> bool:
        """Note what the result of an operation is; False if that cannot be said.

        `context` is what holds where the operation stands.
        """
        if len(op.results) != 1 or whole(op.results[0].type) is None:
            return False
        result = op.results[0]
        if is_truth(result.type):
            truth = self._truth(op)
            if truth is None or truth.coalesce().n_basic_set() > MOST_PIECES:
                return False
            self.truths[result] = truth.coalesce()
            return True
        rule = RULES.get(type(op))
        number = rule(self, op) if rule is not None else None
        if number is None or number.n_piece() > MOST_PIECES or not self._fits(result, number, context):
            return False
        self.numbers[result] = number.coalesce()
        return True

    def _fits(self, result: SSAValue, number: Affine, context: Condition) -> bool:
        """Whether a value is what the expression says, in spite of the width of its type."""
        type_range = whole(result.type)
        assert type_range is not None
        if self.ranges.get(result, type_range) != type_range:
            return True
        low, high = (affine(bound) for bound in type_range)
        return (context & (number.lt_set(low) | number.gt_set(high))).is_empty()

    def number(self, value: SSAValue) -> Affine | None:
        """A value as an expression; one bit counts as signed."""
        if value in self.truths:
            return -self.truths[value].indicator_function()
        return self.numbers.get(value)

    def is_natural(self, value: SSAValue) -> bool:
        """True if a value is never negative."""
        return self.ranges.get(value, (-1, 0))[0] >= 0

    def constant(self, value: SSAValue) -> int | None:
        """A value as a number, if it is constant."""
        number = self.number(value)
        if number is None or not number.is_cst():
            return None
        least = number.min_val()
        return least.to_python() if least.is_int() else None

    def _truth(self, op: Operation) -> Condition | None:
        match op:
            case arith.ConstantOp():
                return condition("true" if constant_of(op.result) else "false")
            case arith.CmpiOp():
                return self._comparison(op)
            case arith.AndIOp() | arith.OrIOp() | arith.XOrIOp():
                one, other = self.truths.get(op.lhs), self.truths.get(op.rhs)
                return None if one is None or other is None else _joined(op, one, other)
            case arith.SelectOp():
                truths = [self.truths.get(value) for value in op.operands]
                chooser, one, other = truths
                if chooser is None or one is None or other is None:
                    return None
                return (chooser & one) | (chooser.complement() & other)
        return None

    def _comparison(self, op: arith.CmpiOp) -> Condition | None:
        left, right = self.number(op.lhs), self.number(op.rhs)
        if left is None or right is None:
            return None
        predicate = arith.CMPI_COMPARISON_OPERATIONS[op.predicate.value.data]
        if predicate in SIGNED:
            return SIGNED[predicate](left, right)
        small, large, limit = (left, right, op.rhs) if predicate in ("ult", "ule") else (right, left, op.lhs)
        if not self.is_natural(limit):
            return None
        # A negative number is a large one without its sign, and so not below one that has none.
        natural = small.ge_set(affine(0))
        return natural & (small.lt_set(large) if predicate in ("ult", "ugt") else small.le_set(large))


SIGNED: dict[str, Callable[[Affine, Affine], Condition]] = {
    "eq": lambda a, b: a.eq_set(b),
    "ne": lambda a, b: a.ne_set(b),
    "slt": lambda a, b: a.lt_set(b),
    "sle": lambda a, b: a.le_set(b),
    "sgt": lambda a, b: a.gt_set(b),
    "sge": lambda a, b: a.ge_set(b),
}
"""The conditions of signed comparisons."""


def _joined(op: Operation, one: Condition, other: Condition) -> Condition:
    if isinstance(op, arith.AndIOp):
        return one & other
    if isinstance(op, arith.OrIOp):
        return one | other
    return (one & other.complement()) | (one.complement() & other)


TranslationRule = Callable[[Expressions, Operation], Affine | None]


def _of_two(combine: Callable[[Affine, Affine], Affine]) -> TranslationRule:
    def rule(known: Expressions, op: Operation) -> Affine | None:
        left, right = (known.number(operand) for operand in op.operands)
        return None if left is None or right is None else combine(left, right)

    return rule


def _by_constant(combine: Callable[[Affine, int], Affine | None], natural: bool = False) -> TranslationRule:
    """A rule for an operation by a positive constant; `natural` asks for a left operand that is never negative."""

    def rule(known: Expressions, op: Operation) -> Affine | None:
        left, right = known.number(op.operands[0]), known.constant(op.operands[1])
        if left is None or right is None or right <= 0 or (natural and not known.is_natural(op.operands[0])):
            return None
        return combine(left, right)

    return rule


def constant_of(value: SSAValue) -> int | None:
    """The signed number that `arith.constant` gives, else None."""
    owner, type_range = value.owner, whole(value.type)
    if not isinstance(owner, arith.ConstantOp) or not isinstance(owner.value, IntegerAttr) or type_range is None:
        return None
    low, high = type_range
    return (owner.value.value.data - low) % (high - low + 1) + low


def _constant(known: Expressions, op: Operation) -> Affine | None:
    number = constant_of(op.results[0])
    return None if number is None else affine(number)


def _product(known: Expressions, op: Operation) -> Affine | None:
    for value, factor in (op.operands, reversed(op.operands)):
        number, constant = known.number(value), known.constant(factor)
        if number is not None and constant is not None:
            return number.scale_val(integer(constant))
    return None


def _shift(known: Expressions, op: Operation) -> Affine | None:
    number, amount = known.number(op.operands[0]), known.constant(op.operands[1])
    if number is None or amount is None or not 0 <= amount < 64:
        return None
    factor = integer(1 << amount)
    if isinstance(op, arith.ShLIOp):
        return number.scale_val(factor)
    if isinstance(op, arith.ShRUIOp) and not known.is_natural(op.operands[0]):
        return None
    return number.scale_down_val(factor).floor()


def _mask(known: Expressions, op: Operation) -> Affine | None:
    """The low bits of a number are its remainder by a power of two, whatever its sign."""
    for value, mask in (op.operands, reversed(op.operands)):
        number, constant = known.number(value), known.constant(mask)
        if number is not None and constant is not None and constant >= 0 and constant & (constant + 1) == 0:
            return number.mod_val(integer(constant + 1))
    return None


def _extend(known: Expressions, op: Operation) -> Affine | None:
    """Sign extension, or a cut that `Expressions._fits` has to allow."""
    return known.number(op.operands[0])


def _extend_zero(known: Expressions, op: Operation) -> Affine | None:
    value = op.operands[0]
    if value in known.truths:
        return known.truths[value].indicator_function()
    return known.number(value) if known.is_natural(value) else None


def _select(known: Expressions, op: Operation) -> Affine | None:
    assert isinstance(op, arith.SelectOp)
    chooser, one, other = known.truths.get(op.cond), known.number(op.lhs), known.number(op.rhs)
    if chooser is None or one is None or other is None:
        return None
    return chooser.indicator_function().cond(one, other)


def _extreme(combine: Callable[[Affine, Affine], Affine], signed: bool) -> TranslationRule:
    def rule(known: Expressions, op: Operation) -> Affine | None:
        left, right = (known.number(operand) for operand in op.operands)
        if left is None or right is None or not (signed or all(map(known.is_natural, op.operands))):
            return None
        return combine(left, right)

    return rule


def _floor(number: Affine, divisor: int) -> Affine:
    return number.scale_down_val(integer(divisor)).floor()


def _remainder(number: Affine, divisor: int) -> Affine:
    return number.mod_val(integer(divisor))


RULES: dict[type[Operation], TranslationRule] = {
    arith.ConstantOp: _constant,
    arith.AddiOp: _of_two(lambda a, b: a + b),
    arith.SubiOp: _of_two(lambda a, b: a - b),
    arith.MuliOp: _product,
    arith.ShLIOp: _shift,
    arith.ShRSIOp: _shift,
    arith.ShRUIOp: _shift,
    arith.AndIOp: _mask,
    arith.FloorDivSIOp: _by_constant(_floor),
    arith.DivUIOp: _by_constant(_floor, natural=True),
    arith.DivSIOp: _by_constant(lambda a, c: a.tdiv_q(affine(c))),
    arith.RemUIOp: _by_constant(_remainder, natural=True),
    arith.RemSIOp: _by_constant(lambda a, c: a.tdiv_r(affine(c))),
    arith.MaxSIOp: _extreme(lambda a, b: a.max(b), signed=True),
    arith.MinSIOp: _extreme(lambda a, b: a.min(b), signed=True),
    arith.MaxUIOp: _extreme(lambda a, b: a.max(b), signed=False),
    arith.MinUIOp: _extreme(lambda a, b: a.min(b), signed=False),
    arith.ExtSIOp: _extend,
    arith.ExtUIOp: _extend_zero,
    arith.TruncIOp: _extend,
    arith.IndexCastOp: _extend,
    arith.SelectOp: _select,
}
"""What the result of an operation is, from what its operands are."""
