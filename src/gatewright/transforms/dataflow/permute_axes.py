"""Keep arrays in memory in the order in which they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.axis_order import axes_in_order
from gatewright.ir.accesses import MemoryAccess, is_accessed_by_element
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class PermuteAxesPass(ModulePass):
    """Give arrays inside the design the axes in the order in which loops store along them.

    ```
    for y { for x { for o {                          for y { for x { for o {
      store %v, %d[%o, %y, %x] : memref<16x8x8>  ->    store %v, %d[%y, %x, %o] : memref<8x8x16>
    ```

    Elements that are needed at the same time are then neighbours, and the low bits of their numbers tell them apart.
    """

    name = "permute-axes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            for array in [each for each in function.body.block.ops if isinstance(each, memref.AllocOp)]:
                if is_accessed_by_element(array.memref) and (axes := _axes(function, array.memref)) is not None:
                    _permute(array, axes)


def _axes(function: func.FuncOp, array: SSAValue) -> Sequence[int] | None:
    """The order in which the first store goes along the axes of an array; None if they have it already."""
    for nest in function.body.block.ops:
        store = next((op for op in nest.walk() if isinstance(op, memref.StoreOp) and op.memref is array), None)
        if store is not None and isinstance(nest, scf.ForOp):
            axes = axes_in_order(store, nest)
            return axes if axes != sorted(axes) else None
    return None


def _permute(array: memref.AllocOp, axes: Sequence[int]) -> None:
    """Give an array its axes in another order, wherever it is accessed."""
    before = array.memref.type
    assert isinstance(before, MemRefType)
    shape = before.get_shape()
    type_ = MemRefType(before.element_type, [shape[axis] for axis in axes])
    accesses: list[Operation] = [use.operation for use in array.memref.uses]
    for op in dict.fromkeys(accesses):
        assert isinstance(op, MemoryAccess)
        first = 2 if isinstance(op, memref.StoreOp) else 1
        indices = list(op.indices)
        for place, axis in enumerate(axes):
            op.operands[first + place] = indices[axis]
    Rewriter.replace_value_with_new_type(array.memref, type_)
