"""Dead store elimination: remove loops that fill an array of which nothing is read before it is stored to again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.first_accesses import NEVER, FirstAccesses, UnknownControlError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class EliminateDeadStoresPass(ModulePass):
    """Remove nests of loops that do nothing but store elements which are stored again before they may be loaded.

    ```
    scf.for %i = %c0 to %c64 {
      memref.store %zero, %y[%i]
    }
    scf.for %i = %c0 to %c64 {      ->      scf.for %i = %c0 to %c64 {
      memref.store %v, %y[%i]                 memref.store %v, %y[%i]
    }                                       }
    ```

    As in `y = np.zeros(64)` before a loop over all of `y`. Where the control of the loops behind depends on data, or
    there are too many iterations to look at, nothing is removed; nor is the last store to an element of an argument.
    """

    name = "eliminate-dead-stores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            gone: set[Operation] = set()
            for nest in [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]:
                array = None if nest in gone else _filled(nest)
                if array is not None and _is_dead(function, nest, array):
                    gone.update(nest.walk())
                    nest.detach()
                    nest.erase()


def _filled(nest: scf.ForOp) -> SSAValue | None:
    """The one array that a nest of loops stores to, if it does nothing else and does not load from it."""
    arrays: set[SSAValue] = set()
    for op in nest.walk():
        if isinstance(op, memref.StoreOp):
            arrays.add(op.memref)
        elif not isinstance(op, scf.ForOp | scf.YieldOp | memref.LoadOp) and not is_pure(op):
            return None
    if nest.results or len(arrays) != 1:
        return None
    (array,) = arrays
    loads = any(isinstance(op, memref.LoadOp) and op.memref is array for op in nest.walk())
    return None if loads or isinstance(array.owner, memref.GetGlobalOp) else array


def _is_dead(function: func.FuncOp, nest: scf.ForOp, array: SSAValue) -> bool:
    """Whether all that a nest stores is stored again before it may be loaded."""
    block = nest.parent
    assert block is not None and isinstance(array.type, MemRefType)
    behind = _behind(block, nest)
    if not behind or not _are_all_accesses(function, array, [nest, *behind]):
        return False
    shape = array.type.get_shape()
    try:
        stored = FirstAccesses.of(array, shape, [nest]).may_be_stored != NEVER
        later = FirstAccesses.of(array, shape, behind)
    except UnknownControlError:
        return False
    dead = later.stored < later.may_be_loaded
    if not isinstance(array, BlockArgument):  # what an argument holds in the end is the program's result
        dead |= later.may_be_loaded == NEVER
    return bool(np.all(dead, where=stored))


def _behind(block: Block, nest: Operation) -> list[Operation]:
    ops = list(block.ops)
    return ops[ops.index(nest) + 1 :]


def _are_all_accesses(function: func.FuncOp, array: SSAValue, ops: Sequence[Operation]) -> bool:
    """Whether nothing else in a function than some operations uses an array."""
    inside = {inner for op in ops for inner in op.walk()}
    return all(use.operation in inside and isinstance(use.operation, MemoryAccess) for use in array.uses)
