"""Along which axes a nest of loops goes through an array first."""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.ir import SSAValue

from gatewright.analysis.first_accesses import counters_of
from gatewright.ir.accesses import MemoryAccess

LAST = 1 << 20
"""The place of a loop that moves along no axis, and of an axis along which no loop moves."""


def axes_in_order(op: MemoryAccess, nest: scf.ForOp) -> list[int]:
    """The axes of an access in a nest, that along which the outermost loop moves first."""
    around: list[SSAValue] = []
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.ForOp):
            around.insert(0, parent.body.block.args[0])
        if parent is nest:
            break
        parent = parent.parent_op()
    through = [counters_of(index) for index in op.indices]
    depths = [min([around.index(each) for each in some if each in around], default=LAST) for some in through]
    return sorted(range(len(depths)), key=lambda axis: (depths[axis], axis))
