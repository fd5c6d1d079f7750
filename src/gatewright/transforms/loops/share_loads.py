"""Write subscripts that are sums in one way, so that what several lanes load is loaded once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import IndexType, ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.linear_forms import LinearForms
from gatewright.analysis.ranges import value_ranges
from gatewright.ir.accesses import accesses
from gatewright.ir.rewriting import functions_of
from gatewright.transforms.loops.bank_crossbar import computed

_SUMS = (arith.AddiOp, arith.SubiOp, arith.MuliOp)


@dataclass(frozen=True)
class ShareLoadsPass(ModulePass):
    """Load an element once that is loaded several times in a block, with nothing stored to its array between.

    ```
    %p = arith.addi %i, %c1               %p = arith.addi %i, %c3
    %q = arith.addi %p, %c2               %a = memref.load %x[%p]
    %a = memref.load %x[%q]         ->    ... %a ...
    %r = arith.addi %i, %c3
    %b = memref.load %x[%r]
    ```

    Sums of indices are written in one way: by the values in the order of the text, the constant last.
    """

    name = "share-loads"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            share_loads(function)


def share_loads(function: func.FuncOp) -> None:
    """Load each element of a block once, and write sums of indices in one way."""
    forms = LinearForms(value_ranges(function))
    _share(function, forms)
    _write_alike(function, forms)


def _share(function: func.FuncOp, forms: LinearForms) -> None:
    loads: dict[Block, dict[object, memref.LoadOp]] = defaultdict(dict)
    for access in accesses(function):
        block = access.parent_block()
        assert block is not None
        if isinstance(access, memref.StoreOp):
            for known in loads.values():
                for key in [key for key, load in known.items() if load.memref is access.memref]:
                    del known[key]
            continue
        key = (access.memref, tuple((form.moving, form.constant) for form in forms.of_all(access.indices)))
        if key in loads[block]:
            Rewriter.replace_op(access, [], [loads[block][key].res])
        else:
            loads[block][key] = access


def _write_alike(function: func.FuncOp, forms: LinearForms) -> None:
    """Compute each sum of indices that is used as anything but a part of another one in the same way."""
    order: dict[SSAValue, int] = {}
    for op in function.walk():
        for value in (
            *op.results,
            *(argument for region in op.regions for block in region.blocks for argument in block.args),
        ):
            order[value] = len(order)
    for op in [each for each in function.walk() if isinstance(each, _SUMS)]:
        if isinstance(op.result.type, IndexType) and any(
            not isinstance(use.operation, _SUMS) for use in op.result.uses
        ):
            form = forms.of(op.result)
            if len(form.factors) + (form.constant != 0) > 1:
                Rewriter.replace_op(op, [], [computed(form.in_order(order), op)])
