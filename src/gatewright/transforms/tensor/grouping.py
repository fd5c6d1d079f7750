"""Which linalg operations share a loop nest: a reduction, what begins it, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import arith, tensor
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation

from gatewright.transforms.tensor import generic


def begins(op: GenericOp) -> GenericOp | None:
    """The reduction whose initial value is all that an elementwise operation is for."""
    uses = [use for result in op.results for use in result.uses]
    if len(uses) != 1 or len(op.results) != 1 or not isinstance(user := uses[0].operation, GenericOp):
        return None
    if uses[0].index < len(user.inputs) or not generic.is_parallel(op) or generic.is_parallel(user):
        return None
    written = generic.output_map(op)
    if not generic.is_identity_like(written, generic.extents_of(op)) or generic.inverse(written) is None:
        return None
    return user if ends(op) is None else None


def ends(op: GenericOp) -> GenericOp | None:
    """The reduction that an elementwise operation goes on from, if it is the reduction's only user and visits every
    element once."""
    if not generic.is_parallel(op):
        return None
    for position, operand in enumerate(op.inputs):
        first = operand.owner
        if not isinstance(first, GenericOp) or generic.is_parallel(first) or len(first.results) != 1:
            continue
        read = generic.maps_of(op)[position]
        alone = len(list(operand.uses)) == 1 and generic.is_identity_like(read, generic.extents_of(op))
        if alone and generic.inverse(read) is not None and _nothing_between(first, op):
            return first
    return None


def _nothing_between(first: GenericOp, last: GenericOp) -> bool:
    """True if everything that `last` reads is there when `first` runs."""
    block = first.parent_block()
    assert block is not None
    order = {op: position for position, op in enumerate(block.ops)}
    read = [operand for op in last.walk() for operand in op.operands if operand is not first.results[0]]
    return all(_ready(value.owner, first, order) for value in read)


def _ready(owner: object, first: Operation, order: Mapping[Operation, int]) -> bool:
    if not isinstance(owner, Operation) or isinstance(owner, (tensor.EmptyOp, arith.ConstantOp)):
        return True
    if isinstance(owner, (tensor.ExpandShapeOp, tensor.CollapseShapeOp, tensor.CastOp, tensor.ExtractSliceOp)):
        return _ready(owner.operands[0].owner, first, order)
    return owner not in order or order[owner] < order[first]
