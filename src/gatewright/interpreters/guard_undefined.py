"""Undefined results (x / 0, too long shifts) get the value that hardware gives, for compilers that leave them open.

LLVM leaves a division by zero and a shift by more than the width undefined; `docs/levels.md` defines them. It rounds
f64 to bf16 by a function of the C runtime that not every machine has.
"""

from __future__ import annotations

from xdsl.builder import Builder
from xdsl.dialects import arith
from xdsl.dialects.builtin import BFloat16Type, Float32Type, Float64Type, IndexType, IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from gatewright.ir.floats import float_constant, format_of

_INDEX_WIDTH = 64
_QUOTIENTS = (arith.DivSIOp, arith.FloorDivSIOp)
_SIGNED = (*_QUOTIENTS, arith.RemSIOp)
_DIVISIONS = (*_SIGNED, arith.DivUIOp, arith.RemUIOp)
_SHIFTS = (arith.ShLIOp, arith.ShRUIOp, arith.ShRSIOp)


def guard_undefined(module: ModuleOp) -> None:
    """Guard every division and shift whose right operand is not known to be harmless, and round in known steps."""
    for op in list(module.walk()):
        if isinstance(op, _DIVISIONS) and not _is_harmless_divisor(op.rhs):
            _Guard(op).division()
        elif isinstance(op, arith.FPToSIOp | arith.FPToUIOp):
            _saturate(op)
        elif isinstance(op, arith.TruncFOp) and (op.input.type, op.result.type) == (Float64Type(), BFloat16Type()):
            _round_once(op)
        elif isinstance(op, _SHIFTS) and not _is_below(op.rhs, _width(op.rhs.type)):
            _Guard(op).shift()


def _saturate(op: arith.FPToSIOp | arith.FPToUIOp) -> None:
    """What is beyond the integers of a type becomes the nearest of them, and a NaN becomes 0."""
    source, type_ = op.input, op.result.type
    form = format_of(source.type)
    assert form is not None and isinstance(type_, IntegerType) and op.parent is not None
    width, signed = type_.width.data, isinstance(op, arith.FPToSIOp)
    top, low = 2.0 ** (width - signed), -(2.0 ** (width - 1)) if signed else 0.0

    def insert(new: Operation) -> SSAValue:
        new.location = op.location
        assert op.parent is not None
        op.parent.insert_op_before(new, op)
        return new.results[0]

    bounds = [insert(arith.ConstantOp(float_constant(bound, form))) for bound in (top, low)]
    numbers = ((1 << (width - signed)) - 1, -(1 << (width - 1)) if signed else 0, 0)
    highest, lowest, zero = (insert(arith.ConstantOp(IntegerAttr(_wrapped(n, width), type_))) for n in numbers)
    above = insert(arith.CmpfOp(source, bounds[0], "oge"))
    below = insert(arith.CmpfOp(source, bounds[1], "olt"))
    none = insert(arith.CmpfOp(source, source, "uno"))
    outside = insert(arith.OrIOp(insert(arith.OrIOp(above, below)), none))
    plain = insert(arith.ConstantOp(float_constant(0.0, form)))
    whole = insert(type(op)(insert(arith.SelectOp(outside, plain, source)), type_))
    found = insert(arith.SelectOp(above, highest, whole))
    found = insert(arith.SelectOp(below, lowest, found))
    op.result.replace_all_uses_with(insert(arith.SelectOp(none, zero, found)))
    op.detach()
    op.erase()


def _round_once(op: arith.TruncFOp) -> None:
    """From f64 to bf16 by way of f32, without rounding twice: what f32 would round away is one bit that says so.

    Rounding to odd (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, 2008), at 12 bits of fraction, which
    f32 holds down to half of the smallest bf16.
    """
    assert op.parent is not None
    builder, wide = Builder(InsertPoint.before(op)), IntegerType(64)

    def insert(new: Operation) -> SSAValue:
        new.location = op.location
        return builder.insert(new).results[0]

    def constant(number: int) -> SSAValue:
        return insert(arith.ConstantOp(IntegerAttr(number, wide)))

    kept = 52 - 12
    word = insert(arith.BitcastOp(op.input, wide))
    rest = insert(arith.AndIOp(word, constant((1 << kept) - 1)))
    inexact = insert(arith.CmpiOp(rest, constant(0), "ne"))
    sticky = insert(arith.ShLIOp(insert(arith.ExtUIOp(inexact, wide)), constant(kept)))
    odd = insert(arith.OrIOp(insert(arith.AndIOp(word, constant(-(1 << kept)))), sticky))
    single = insert(arith.TruncFOp(insert(arith.BitcastOp(odd, Float64Type())), Float32Type()))
    op.result.replace_all_uses_with(insert(arith.TruncFOp(single, BFloat16Type())))
    op.detach()
    op.erase()


def _wrapped(number: int, width: int) -> int:
    return number - (1 << width) if number >> (width - 1) and number > 0 and width > 1 else number


class _Guard:
    """Puts operations before one, and others in its place."""

    def __init__(self, op: Operation):
        self.op, self.builder = op, Builder(InsertPoint.before(op))
        self.left, self.right = op.operands
        self.type = op.results[0].type

    def insert(self, op: Operation) -> SSAValue:
        """Add an operation with the location of the guarded one."""
        op.location = self.op.location
        self.builder.insert(op)
        return op.results[0]

    def constant(self, value: int) -> SSAValue:
        """A constant of the operation's type."""
        assert isinstance(self.type, IntegerType | IndexType)
        return self.insert(arith.ConstantOp(IntegerAttr(value, self.type)))

    def equals(self, value: int) -> SSAValue:
        """Whether the right operand is a constant."""
        return self.insert(arith.CmpiOp(self.right, self.constant(value), "eq"))

    def choose(self, condition: SSAValue, true: SSAValue, false: SSAValue) -> SSAValue:
        """One of two values."""
        return self.insert(arith.SelectOp(condition, true, false))

    def replace(self, value: SSAValue) -> None:
        """Let `value` take the place of the operation."""
        self.op.results[0].replace_all_uses_with(value)
        self.op.detach()
        self.op.erase()

    def division(self) -> None:
        """Divide by 1 where the divisor is 0 or -1, and correct the result."""
        zero = self.equals(0)
        unsafe, negated = zero, None
        if isinstance(self.op, _SIGNED) and self.type != IntegerType(1):
            minus_one = self.equals(-1)
            unsafe = self.insert(arith.OrIOp(zero, minus_one))
            if isinstance(self.op, _QUOTIENTS):
                negated = minus_one, self.insert(arith.SubiOp(self.constant(0), self.left))
        divisor = self.choose(unsafe, self.constant(1), self.right)
        result = self.insert(type(self.op)(self.left, divisor))  # pyright: ignore[reportCallIssue]
        if negated is not None:
            result = self.choose(*negated, result)
        self.replace(self.choose(zero, self.constant(0), result))

    def shift(self) -> None:
        """Shift by less than the width; what is shifted out altogether is 0, or the sign."""
        last = self.constant(_width(self.type) - 1)
        amount = self.insert(arith.MinUIOp(self.right, last))
        result = self.insert(type(self.op)(self.left, amount))  # pyright: ignore[reportCallIssue]
        if not isinstance(self.op, arith.ShRSIOp):
            within = self.insert(arith.CmpiOp(self.right, last, "ule"))
            result = self.choose(within, result, self.constant(0))
        self.replace(result)


def _is_harmless_divisor(value: SSAValue) -> bool:
    return isinstance(value.owner, arith.ConstantOp) and _literal(value.owner) not in (0, -1, None)


def _is_below(value: SSAValue, limit: int) -> bool:
    literal = _literal(value.owner) if isinstance(value.owner, arith.ConstantOp) else None
    return literal is not None and 0 <= literal < limit


def _literal(op: arith.ConstantOp) -> int | None:
    return op.value.value.data if isinstance(op.value, IntegerAttr) else None


def _width(type_: Attribute) -> int:
    return type_.width.data if isinstance(type_, IntegerType) else _INDEX_WIDTH
