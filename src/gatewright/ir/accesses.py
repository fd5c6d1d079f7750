"""Loads from arrays and stores to them."""

from __future__ import annotations

from typing import TypeAlias

from xdsl.dialects import memref
from xdsl.ir import Operation, SSAValue

MemoryAccess: TypeAlias = memref.LoadOp | memref.StoreOp
"""An operation that loads an element of an array, or stores one."""


def accesses(*ops: Operation) -> list[MemoryAccess]:
    """The accesses among some operations and in them, in the order of the text."""
    return [inner for op in ops for inner in op.walk() if isinstance(inner, MemoryAccess)]


def is_accessed_by_element(array: SSAValue) -> bool:
    """Whether all that happens to an array is that single elements are loaded and stored."""
    return all(isinstance(use.operation, MemoryAccess) for use in array.uses)


def accesses_of_stored(op: Operation) -> list[MemoryAccess]:
    """Those of them in an operation that are of arrays to which it stores."""
    found = accesses(op)
    stored = {each.memref for each in found if isinstance(each, memref.StoreOp)}
    return [each for each in found if each.memref in stored]
