"""Which operations only compute."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.traits import is_side_effect_free


def is_pure(op: Operation) -> bool:
    """True if an operation computes its results from its operands and does nothing else; none of ours can fault.

    xDSL 0.74 gives some of `arith` no such trait (`extsi` among them).
    """
    return not op.regions and (op.name.startswith(("arith.", "math.")) or is_side_effect_free(op))
