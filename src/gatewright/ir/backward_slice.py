"""The backward slice of a value: the operations that it depends on."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Block, Operation, SSAValue


def backward_slice(block: Block, values: Iterable[SSAValue]) -> list[Operation]:
    """The operations directly in a block that some values are computed by, in order."""
    found: set[Operation] = set()
    pending = list(values)
    while pending:
        owner = pending.pop().owner
        if isinstance(owner, Operation) and owner.parent is block and owner not in found:
            found.add(owner)
            pending.extend(owner.operands)
    return [op for op in block.ops if op in found]
