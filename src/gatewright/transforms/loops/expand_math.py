"""Expansion of elementary functions that have no operator of their own into ones that have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import frexp, isfinite

from xdsl.context import Context
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.ir.float_operations import has_functions, is_root_or_product
from gatewright.ir.floats import float_constant, format_of
from gatewright.numbers.float_format import FloatFormat


@dataclass(frozen=True)
class ExpandMathPass(ModulePass):
    """Compute functions without hardware by those with it.

    ::

        %y = math.fpowi %x, %three   ->   %s = arith.mulf %x, %x
                                          %y = arith.mulf %s, %x
        %y = math.log1p %x           ->   %u = 1 + %x, %d = %u - 1
                                          %y = log %u * (%x / %d), or %x where %d is 0

    Powers with a small constant exponent become products, roots and inverses, those of two `exp2`; `log1p` and `expm1`
    keep their digits near 0 (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 1.14);
    hyperbolic functions come from exponentials, the decimal logarithm from the natural one; a quotient by a power of
    two is a product. What cannot be expanded stays.
    """

    name = "expand-math"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in list(op.walk()):
            rule = _RULES.get(type(inner))
            form = format_of(inner.results[0].type) if rule is not None else None
            if rule is None or form is None:
                continue
            emit = _FormatBuilder(form, inner)
            value = rule(emit, inner)
            if value is not None:
                Rewriter.replace_op(inner, emit.operations, [value])


@dataclass
class _FormatBuilder:
    """Collects operations of one format that take the place of another one."""

    form: FloatFormat
    replaced: Operation
    operations: list[Operation] = field(default_factory=list)

    def __call__(self, op: Operation) -> SSAValue:
        """Add an operation; its result."""
        op.location = self.replaced.location
        self.operations.append(op)
        return op.results[0]

    def constant(self, value: float) -> SSAValue:
        """A constant."""
        return self(arith.ConstantOp(float_constant(value, self.form)))

    def is_equal(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """Whether two numbers are equal."""
        return self(arith.CmpfOp(a, b, "oeq"))

    def choose(self, condition: SSAValue, then: SSAValue, otherwise: SSAValue) -> SSAValue:
        """One of two numbers."""
        return self(arith.SelectOp(condition, then, otherwise))


def _constant(value: SSAValue) -> float | None:
    owner = value.owner
    number = owner.value if isinstance(owner, arith.ConstantOp) else None
    return number.value.data if isinstance(number, FloatAttr | IntegerAttr) else None


def _power_of_integer(emit: _FormatBuilder, op: Operation) -> SSAValue | None:
    exponent = _constant(op.operands[1])
    if exponent is None:
        return None
    if is_root_or_product(emit.form, exponent):
        return _product(emit, op.operands[0], int(exponent))
    return emit(math.PowFOp(op.operands[0], emit.constant(exponent))) if has_functions(emit.form) else None


def _power(emit: _FormatBuilder, op: Operation) -> SSAValue | None:
    base, exponent = op.operands[0], _constant(op.operands[1])
    if exponent is None:
        return emit(math.Exp2Op(op.operands[1])) if _constant(base) == 2 else None
    if not is_root_or_product(emit.form, exponent):
        return None
    if exponent in (0.5, -0.5):
        # As NumPy's ** and PyTorch have it, also of minus zero and minus infinity.
        return emit(math.SqrtOp(base) if exponent > 0 else math.RsqrtOp(base))
    return _product(emit, base, int(exponent))


def _product(emit: _FormatBuilder, base: SSAValue, exponent: int) -> SSAValue:
    """A power by repeated squaring; of a negative exponent one divided by it."""
    left, square, result = abs(exponent), base, None
    while left:
        if left & 1:
            result = square if result is None else emit(arith.MulfOp(result, square))
        left >>= 1
        if left:
            square = emit(arith.MulfOp(square, square))
    one = emit.constant(1.0)
    if result is None:
        return one
    return result if exponent > 0 else emit(arith.DivfOp(one, result))


def _quotient(emit: _FormatBuilder, op: Operation) -> SSAValue | None:
    """A quotient by a power of two is a product, to the bit."""
    divisor = _constant(op.operands[1])
    if divisor is None or divisor == 0 or not isfinite(divisor) or abs(frexp(divisor)[0]) != 0.5:
        return None
    if not 1 - emit.form.bias <= 1 - frexp(divisor)[1] <= emit.form.bias:
        return None
    return emit(arith.MulfOp(op.operands[0], emit.constant(1 / divisor)))


def _log1p(emit: _FormatBuilder, op: Operation) -> SSAValue:
    x = op.operands[0]
    one = emit.constant(1.0)
    above = emit(arith.AddfOp(one, x))
    distance = emit(arith.SubfOp(above, one))
    logarithm = emit(math.LogOp(above))
    scaled = emit(arith.MulfOp(logarithm, emit(arith.DivfOp(x, distance))))
    near = emit.choose(emit.is_equal(above, one), x, scaled)
    return emit.choose(emit.is_equal(above, distance), logarithm, near)


def _expm1(emit: _FormatBuilder, op: Operation) -> SSAValue:
    return _less_one(emit, op.operands[0])


def _less_one(emit: _FormatBuilder, x: SSAValue) -> SSAValue:
    """The exponential less 1."""
    one = emit.constant(1.0)
    power = emit(math.ExpOp(x))
    less = emit(arith.SubfOp(power, one))
    scaled = emit(arith.MulfOp(less, emit(arith.DivfOp(x, emit(math.LogOp(power))))))
    near = emit.choose(emit.is_equal(power, one), x, scaled)
    # Where the power is 0 or does not feel that 1 is taken off, the difference is right.
    far = emit(arith.OrIOp(emit.is_equal(less, emit.constant(-1.0)), emit.is_equal(less, power)))
    return emit.choose(far, less, near)


def _log10(emit: _FormatBuilder, op: Operation) -> SSAValue:
    return emit(arith.MulfOp(emit(math.LogOp(op.operands[0])), emit.constant(0.4342944819032518)))


def _hyperbolic(sign: float) -> Callable[[_FormatBuilder, Operation], SSAValue]:
    def expand(emit: _FormatBuilder, op: Operation) -> SSAValue:
        x, half, one = op.operands[0], emit.constant(0.5), emit.constant(1.0)
        size = emit(math.AbsFOp(x))
        # The square of the exponential of a half: the exponential itself may be too large where half of it is not.
        root = emit(math.ExpOp(emit(arith.MulfOp(size, half))))
        up = emit(arith.MulfOp(emit(arith.MulfOp(root, half)), root))
        down = emit(arith.DivfOp(half, emit(arith.MulfOp(root, root))))
        if sign > 0:
            return emit(arith.AddfOp(up, down))
        more = _less_one(emit, size)
        small = emit(arith.AddfOp(more, emit(arith.DivfOp(more, emit(arith.AddfOp(more, one))))))
        far = emit(arith.CmpfOp(size, one, "ogt"))
        found = emit.choose(far, emit(arith.SubfOp(up, down)), emit(arith.MulfOp(small, half)))
        return emit(math.CopySignOp(found, x))

    return expand


_RULES: dict[type[Operation], Callable[[_FormatBuilder, Operation], SSAValue | None]] = {
    arith.DivfOp: _quotient,
    math.FPowIOp: _power_of_integer,
    math.PowFOp: _power,
    math.Log1pOp: _log1p,
    math.ExpM1Op: _expm1,
    math.Log10Op: _log10,
    math.CoshOp: _hyperbolic(1),
    math.SinhOp: _hyperbolic(-1),
}
"""What takes the place of each."""
