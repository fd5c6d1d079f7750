"""Local copies of arrays outside the design: copied in before they are read, and out after they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.axis_order import axes_in_order
from gatewright.analysis.first_accesses import NEVER, FirstAccesses, UnknownControlError
from gatewright.dialects.notes import ARRAY, LOOP
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess, is_accessed_by_element
from gatewright.ir.array_names import names_of_arrays
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import fresh_label, unique
from gatewright.ir.rewriting import functions_of, insert_before


@dataclass(frozen=True)
class CopyArgumentsPass(ModulePass):
    """Keep an array that is an argument in a memory of the design while it is worked on.

    ```
                                         for p in ... { store (load %a[p]), %a_copy[p] }
    load %a[...]; store ..., %a[...]     load %a_copy[...]; store ..., %a_copy[...]
                                         for p in ... { store (load %a_copy[p]), %a[p] }
    ```

    Elements cross the port of the array once then, and the copy may be banked. It is copied in if any element is read
    that the function has not written, and out if any is written; what is not written is copied in, too.
    """

    name = "copy-arguments"

    array: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            for array, name in names_of_arrays(function).items():
                if name == self.array:
                    copy_argument(function, array, name)


def copy_argument(function: func.FuncOp, array: SSAValue, name: str) -> SSAValue:
    """Let a function work on a copy of an argument; return the copy. Raises UnsupportedError where that cannot be."""
    users = _users(function, array)
    if not users:
        raise UnsupportedError(
            f"array {name} cannot be copied into the design",
            where=source_location(function),
            why="its elements are not accessed one by one in what follows one another",
        )
    assert isinstance(array.type, MemRefType)
    accesses = [use.operation for use in array.uses if isinstance(use.operation, MemoryAccess)]
    copied_in, copied_out = directions(function, array)
    orders = [order_of_copy(function, array, kind) for kind in (memref.LoadOp, memref.StoreOp)]
    made = insert_before(memref.AllocOp((), (), MemRefType(array.type.element_type, array.type.shape)), users[0])
    copy = made.memref
    copy.name_hint = f"{name}_copy"
    ARRAY.set(made, unique(f"{name}_copy", set(names_of_arrays(function).values())))
    for access in accesses:
        access.operands[access.operands.index(array)] = copy
    if copied_in:
        _copy(function, array, copy, users[0], f"{name}_in", orders[0])
    if copied_out:
        after = users[-1].next_op
        assert after is not None
        _copy(function, copy, array, after, f"{name}_out", orders[1])
    return copy


def directions(function: func.FuncOp, array: SSAValue) -> tuple[bool, bool]:
    """Whether a copy of an array has to be copied in, and out."""
    assert isinstance(array.type, MemRefType)
    stores = any(isinstance(use.operation, memref.StoreOp) for use in array.uses)
    try:
        first = FirstAccesses.of(array, array.type.get_shape(), function.body.block.ops)
    except UnknownControlError:
        return True, stores
    all_stored = bool((first.stored != NEVER).all())
    read = bool(((first.loaded != NEVER) & (first.loaded <= first.may_be_stored)).any())
    return read or not all_stored, stores


def _users(function: func.FuncOp, array: SSAValue) -> Sequence[Operation]:
    """The operations of the body of a function in which an array is accessed; none if it is used otherwise."""
    if not is_accessed_by_element(array):
        return ()
    found = {id(use.operation) for use in array.uses}
    return [op for op in function.body.block.ops if any(id(inner) in found for inner in op.walk())]


def order_of_copy(
    function: func.FuncOp, array: SSAValue, kind: type[memref.LoadOp] | type[memref.StoreOp] = memref.LoadOp
) -> Sequence[int]:
    """The axes in the order in which the first nest with accesses of a kind goes through them, the outermost first."""
    assert isinstance(array.type, MemRefType)
    accesses = [use.operation for use in array.uses if isinstance(use.operation, kind)]
    for user in _users(function, array):
        for op in accesses:
            if isinstance(user, scf.ForOp) and user.is_ancestor(op):
                return axes_in_order(op, user)
    return range(len(array.type.get_shape()))


def _copy(
    function: func.FuncOp, source: SSAValue, target: SSAValue, anchor: Operation, label: str, order: Sequence[int]
) -> None:
    """Copy all elements of an array, along its axes in that order."""
    assert isinstance(source.type, MemRefType)
    shape = [source.type.get_shape()[axis] for axis in order]
    zero, one, *ends = (
        insert_before(arith.ConstantOp(IntegerAttr(number, IndexType())), anchor).result for number in (0, 1, *shape)
    )
    blocks = [Block(arg_types=[IndexType()]) for _ in shape]
    indices = [blocks[order.index(axis)].args[0] for axis in range(len(shape))]
    load = memref.LoadOp.get(source, indices)
    blocks[-1].add_ops([load, memref.StoreOp.get(load.res, target, indices)])
    for op in blocks[-1].ops:
        op.location = anchor.location
    for number in reversed(range(len(shape))):
        blocks[number].add_op(scf.YieldOp())
        blocks[number].args[0].name_hint = label
        loop = scf.ForOp(zero, ends[number], one, [], Region(blocks[number]))
        loop.location = anchor.location
        LOOP.set(loop, [fresh_label(function, label if number == 0 else f"{label}_{number}")])
        if number:
            blocks[number - 1].add_op(loop)
        else:
            insert_before(loop, anchor)
