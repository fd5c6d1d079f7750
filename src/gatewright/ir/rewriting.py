"""Rewriting: what passes share to insert, copy and rebuild operations, so that each still says where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

Op = TypeVar("Op", bound=Operation)


def functions_of(module: ModuleOp) -> list[func.FuncOp]:
    """The functions of a module that have a body."""
    return [op for op in module.ops if isinstance(op, func.FuncOp) and not op.is_declaration]


def located(op: Op, origin: Operation) -> Op:
    """A new operation, which comes from where `origin` does."""
    op.location = origin.location
    return op


def insert_before(op: Op, anchor: Operation, origin: Operation | None = None) -> Op:
    """Insert a new operation in front of another one; it comes from where `origin` does, by default from there."""
    assert anchor.parent is not None
    anchor.parent.insert_op_before(located(op, origin or anchor), anchor)
    return op


def copied(op: Op, values: dict[SSAValue, SSAValue]) -> Op:
    """A copy of an operation with all in it, of other `values`, to which it adds its results."""
    copy = op.clone(values)
    for before, after in zip(op.walk(), copy.walk(), strict=True):
        after.location = before.location
    values.update(zip(op.results, copy.results, strict=True))
    return copy


def carrying(loop: scf.ForOp, initial: Sequence[SSAValue], following: Sequence[SSAValue]) -> scf.ForOp:
    """Replace a counted loop by one that carries more values, for which its body has arguments already.

    They are `initial` in the first iteration, and `following` after each.
    """
    end = loop.body.block.last_op
    assert isinstance(end, scf.YieldOp)
    Rewriter.replace_op(end, located(scf.YieldOp(*end.operands, *following), end), [])
    values = [*loop.iter_args, *initial]
    made = located(scf.ForOp(loop.lb, loop.ub, loop.step, values, Region(loop.body.detach_block(0))), loop)
    made.attributes.update(loop.attributes)
    keep_names(loop, made)
    Rewriter.replace_op(loop, made, list(made.results[: len(loop.results)]))
    return made


def keep_names(old: Operation, new: Operation) -> None:
    """Name the first results of an operation as those of the one that it takes the place of."""
    for before, after in zip(old.results, new.results, strict=False):
        after.name_hint = before.name_hint
