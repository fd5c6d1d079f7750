"""Give all multiplications one width, so that they can share one kind of multiplier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.multiplication import needs_multiplier
from gatewright.analysis.ranges import width_of
from gatewright.ir.rewriting import insert_before, located


@dataclass(frozen=True)
class UnifyMultipliersPass(ModulePass):
    """Widen the multiplications that need a multiplier to the widest of them.

    ```
                                      %x = arith.extsi %a : i32 to i64
    %p = arith.muli %a, %b : i32  ->  %y = arith.extsi %b : i32 to i64
                                      %q = arith.muli %x, %y : i64
                                      %p = arith.trunci %q : i64 to i32
    ```

    For a budget of multipliers that is smaller than the number of widths: a unit of one width cannot execute products
    of another.
    """

    name = "unify-multipliers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        products = [inner for inner in op.walk() if isinstance(inner, arith.MuliOp) and needs_multiplier(inner)]
        widest = max((width_of(product.result.type) or 0 for product in products), default=0)
        for product in products:
            if width_of(product.result.type) != widest:
                _widen(product, IntegerType(widest))


def _widen(product: arith.MuliOp, type_: IntegerType) -> None:
    left = insert_before(arith.ExtSIOp(product.lhs, type_), product)
    right = left if product.rhs is product.lhs else insert_before(arith.ExtSIOp(product.rhs, type_), product)
    wide = insert_before(arith.MuliOp(left, right), product)
    Rewriter.replace_op(product, located(arith.TruncIOp(wide, cast(IntegerType, product.result.type)), product))
