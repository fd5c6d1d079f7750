"""Larger and smaller numbers that torch-mlir writes as a choice after a comparison, which takes a NaN for a number."""

from __future__ import annotations

from xdsl.builder import Builder
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

_GREATER, _LESS = (2, 3, 9, 10), (4, 5, 11, 12)
"""Predicates of `arith.cmpf`: ordered and unordered `>` and `>=`, `<` and `<=`."""
_EQUAL = 1
_INCLUSIVE = (3, 5, 10, 12)
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
    _mend_positions(module)
    _mend_positions_of_windows(module)


def _mend_positions(module: ModuleOp) -> None:
    """Let a NaN be the extreme number whose position is found: the first one, as in PyTorch and NumPy.

    ::

        cmpf ogt, %x, %best  ->  andi (cmpf ugt, %x, %best), (cmpf ord, %best, %best)
    """
    for extreme in [op for op in module.walk() if isinstance(op, arith.MaximumfOp | arith.MinimumfOp)]:
        if not isinstance(extreme.parent_op(), GenericOp):
            continue
        for use in list(extreme.lhs.uses):
            compared = use.operation
            if not isinstance(compared, arith.CmpfOp) or compared.parent is not extreme.parent:
                continue
            predicate = compared.predicate.value.data
            ordered = predicate in (*_GREATER, *_LESS) and predicate < _FIRST_UNORDERED
            used = compared.result.first_use is not None
            if used and ordered and {compared.lhs, compared.rhs} == {extreme.lhs, extreme.rhs}:
                _let_nans_win(compared, predicate)


def _let_nans_win(compared: arith.CmpfOp, predicate: int) -> None:
    """Make a comparison with the best number so far true for the first NaN; for the last one, if it is so of ties."""
    new, best = compared.lhs, compared.rhs
    if not _is_accumulator(best):
        return
    wins = arith.CmpfOp(new, best, predicate + _FIRST_UNORDERED - 1)
    keeps: Operation = arith.CmpfOp(best, best, "ord")
    added: list[Operation] = [wins, keeps]
    if predicate in _INCLUSIVE:
        again = arith.CmpfOp(new, new, "uno")
        keeps = arith.OrIOp(keeps.results[0], again.results[0])
        added += [again, keeps]
    both = arith.AndIOp(wins.results[0], keeps.results[0])
    for op in (*added, both):
        op.location = compared.location
        Builder(InsertPoint.before(compared)).insert(op)
    compared.result.replace_all_uses_with(both.result)
    compared.detach()
    compared.erase()


def _mend_positions_of_windows(module: ModuleOp) -> None:
    """Let the last NaN of a window be the largest number whose position is found, as in PyTorch.

    torch-mlir looks for the first element that equals the largest one, which a NaN does not::

        select %is_unset, (select (cmpf oeq, %x, %largest), %position, %found), %found  ->  select (cmpf uno, %x, %x),
            %position, (that)
    """
    for choice in [op for op in module.walk() if isinstance(op, arith.SelectOp)]:
        inner = choice.lhs.owner
        if not (_is_accumulator(choice.rhs) and isinstance(inner, arith.SelectOp) and inner.rhs is choice.rhs):
            continue
        compared = inner.cond.owner
        if not isinstance(compared, arith.CmpfOp) or compared.predicate.value.data != _EQUAL:
            continue
        nan = arith.CmpfOp(compared.lhs, compared.lhs, "uno")
        either = arith.SelectOp(nan.result, inner.lhs, choice.result)
        choice.result.replace_uses_with_if(either.result, lambda use, new=either: use.operation is not new)
        for op in (either, nan):
            op.location = choice.location
            Builder(InsertPoint.after(choice)).insert(op)


def _is_accumulator(value: SSAValue) -> bool:
    """Whether a value of a body is what a reduction has come to so far."""
    if not isinstance(value, BlockArgument):
        return False
    parent = value.block.parent_op()
    return isinstance(parent, GenericOp) and value.index >= len(parent.inputs)


def _is_constant(value: SSAValue) -> bool:
    """Whether a number is a constant, or an element of one."""
    if isinstance(value, BlockArgument):
        parent = value.block.parent_op()
        if isinstance(parent, GenericOp) and value.index < len(parent.operands):
            return _is_constant(parent.operands[value.index])
        return False
    return isinstance(value.owner, arith.ConstantOp)
