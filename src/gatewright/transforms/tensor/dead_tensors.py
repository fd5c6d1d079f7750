"""Operations on tensors that nobody uses."""

from __future__ import annotations

from xdsl.dialects import tensor
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block


def erase_unused(block: Block) -> None:
    """Remove tensor operations without a use, last first."""
    for op in reversed(list(block.ops)):
        pure = isinstance(op, (GenericOp, tensor.EmptyOp)) or op.name.startswith(("tensor.", "arith."))
        if pure and all(result.first_use is None for result in op.results):
            op.detach()
            op.erase()
