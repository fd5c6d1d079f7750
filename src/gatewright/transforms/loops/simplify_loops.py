"""Fold constants and simplify operations, loops and conditionals."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp
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


@dataclass(frozen=True)
class SimplifyLoopsPass(ModulePass):
    """Apply xDSL's folders and canonicalization patterns until nothing changes, and remove what is dead.

    ```
    %a = arith.constant 3 : i32
    %b = arith.addi %a, %a : i32     ->  %b = arith.constant 6 : i32
    scf.if %true { ... }             ->  ...
    scf.for %i = %c0 to %c0 { ... }  ->
    ```
    """

    name = "simplify-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        pattern = GreedyRewritePatternApplier([_SelectOfSelect(), _Canonicalize()], ctx=ctx, folding_enabled=True)
        PatternRewriteWalker(pattern, post_walk_func=region_dce).rewrite_module(op)
