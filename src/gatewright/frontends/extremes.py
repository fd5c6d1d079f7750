"""Larger and smaller numbers that torch-mlir writes as a choice after a comparison, which takes a NaN for a number."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import BlockArgument, SSAValue
from xdsl.rewriter import Rewriter

_GREATER, _LESS = (2, 3, 9, 10), (4, 5, 11, 12)
"""Predicates of `arith.cmpf`: ordered and unordered `>` and `>=`, `<` and `<=`."""
_FIRST_UNORDERED = 8


def restore_extremes(module: ModuleOp) -> None:
    """Make `maximumf` and `minimumf` of choices between the numbers that were compared, unless a NaN goes through.

    They are what `torch.maximum`, `clamp` and the like become: each in an operation of its own, so that a `where` of
    the user's own, which is another one, is left alone.
    """
    for choice in [op for op in module.walk() if isinstance(op, arith.SelectOp)]:
        compared = choice.cond.owner
        if not isinstance(compared, arith.CmpfOp) or compared.parent is not choice.parent:
            continue
        if not isinstance(choice.parent_op(), GenericOp):
            continue
        predicate, pair = compared.predicate.value.data, (compared.lhs, compared.rhs)
        if predicate not in (*_GREATER, *_LESS) or (choice.lhs, choice.rhs) not in (pair, pair[::-1]):
            continue
        chosen = choice.lhs if predicate >= _FIRST_UNORDERED else choice.rhs
        other = choice.rhs if chosen is choice.lhs else choice.lhs
        if _is_constant(other) and not _is_constant(chosen):
            continue
        largest = (predicate in _GREATER) == (choice.lhs is compared.lhs)
        kind = arith.MaximumfOp if largest else arith.MinimumfOp
        new = kind(*pair)
        new.location = choice.location
        Rewriter.replace_op(choice, new)


def _is_constant(value: SSAValue) -> bool:
    """Whether a number is a constant, or an element of one."""
    if isinstance(value, BlockArgument):
        parent = value.block.parent_op()
        if isinstance(parent, GenericOp) and value.index < len(parent.operands):
            return _is_constant(parent.operands[value.index])
        return False
    return isinstance(value.owner, arith.ConstantOp)
