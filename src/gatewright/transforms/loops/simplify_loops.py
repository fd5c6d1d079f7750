"""Fold constants and simplify operations, loops and conditionals."""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, isfinite

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.traits import HasCanonicalizationPatternsTrait
from xdsl.transforms.canonicalization_patterns.arith import FoldConstConstOp, FoldConstsByReassociation
from xdsl.transforms.canonicalization_patterns.scf import RehoistConstInLoops
from xdsl.transforms.dead_code_elimination import region_dce

from gatewright.interpreters.float_arithmetic import evaluate
from gatewright.ir.floats import constant_bits, constant_of_bits, float_constant, format_of

_LEFT_OUT = (RehoistConstInLoops, FoldConstConstOp, FoldConstsByReassociation)
"""The first erases constants that the walker of xDSL 0.74 still has on its list, and the walker then fails. The others
compute with floats in double precision, whatever their type, and may reorder them."""


class _Canonicalize(RewritePattern):
    """Apply the canonicalization patterns of an operation, but for those of `_LEFT_OUT`."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        for trait in op.get_traits_of_type(HasCanonicalizationPatternsTrait):
            for pattern in trait.get_patterns(type(op)):
                if not isinstance(pattern, _LEFT_OUT):
                    pattern.match_and_rewrite(op, rewriter)
                if rewriter.has_done_action:
                    return


class _SelectOfSelect(RewritePattern):
    """Take a value at once that two selections under the same condition take one after the other."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SelectOp, rewriter: PatternRewriter, /) -> None:
        inner = op.lhs.owner
        if isinstance(inner, arith.SelectOp) and inner.cond is op.cond:
            rewriter.replace(op, arith.SelectOp(op.cond, inner.lhs, op.rhs))
            return
        inner = op.rhs.owner
        if isinstance(inner, arith.SelectOp) and inner.cond is op.cond:
            rewriter.replace(op, arith.SelectOp(op.cond, op.lhs, inner.rhs))


class _FoldFloats(RewritePattern):
    """Compute floating-point operations on constants, as the hardware does."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        owners = [operand.owner for operand in op.operands]
        if len(op.results) != 1 or not owners or not all(isinstance(owner, arith.ConstantOp) for owner in owners):
            return
        bits = [constant_bits(owner.value) for owner in owners if isinstance(owner, arith.ConstantOp)]
        if any(number is None for number in bits):
            return
        found = evaluate(op, [number for number in bits if number is not None])
        if found is not None:
            rewriter.replace(op, arith.ConstantOp(constant_of_bits(found, op.results[0].type)))


class _DivideByPowerOfTwo(RewritePattern):
    """Multiply by the inverse of a power of two, which is exact."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.DivfOp, rewriter: PatternRewriter, /) -> None:
        form, divisor = format_of(op.result.type), op.rhs.owner
        if form is None or not isinstance(divisor, arith.ConstantOp) or not isinstance(divisor.value, FloatAttr):
            return
        value = divisor.value.value.data
        if value and isfinite(value) and abs(frexp(value)[0]) == 0.5 and abs(frexp(value)[1]) < form.bias:
            inverse = arith.ConstantOp(float_constant(1 / value, form))
            rewriter.replace(op, [inverse, arith.MulfOp(op.lhs, inverse.result)])


@dataclass(frozen=True)
class SimplifyLoopsPass(ModulePass):
    """Apply folders and canonicalization patterns, xDSL's and some of ours, until nothing changes; remove what is dead.

    ```
    %a = arith.constant 3 : i32
    %b = arith.addi %a, %a : i32     ->  %b = arith.constant 6 : i32
    scf.if %true { ... }             ->  ...
    scf.for %i = %c0 to %c0 { ... }  ->
    ```
    """

    name = "simplify-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        pattern = GreedyRewritePatternApplier(
            [_SelectOfSelect(), _FoldFloats(), _DivideByPowerOfTwo(), _Canonicalize()], ctx=ctx, folding_enabled=True
        )
        PatternRewriteWalker(pattern, post_walk_func=region_dce).rewrite_module(op)
