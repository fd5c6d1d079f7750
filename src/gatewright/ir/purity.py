"""Which operations only compute."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.traits import is_side_effect_free

from gatewright.ir.operations import OPERATIONS


def is_pure(op: Operation) -> bool:
    """True if an operation computes its results from its operands and does nothing else; none of ours can fault."""
    return not op.regions and (type(op) in OPERATIONS or is_side_effect_free(op))
