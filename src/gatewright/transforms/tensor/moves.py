"""Operations that move elements from tensor to tensor: padding, joining, inserting, and plain copies."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import tensor
from xdsl.ir import SSAValue

from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.generic_loops import GenericLoops
from gatewright.transforms.tensor.linear_index import LinearIndex, LoopIndex
from gatewright.transforms.tensor.placement import is_only_read, joined_at, part
from gatewright.transforms.tensor.storage import Sliced, TensorView


def move(op: tensor.PadOp | tensor.ConcatOp | tensor.InsertSliceOp, loops: GenericLoops) -> None:
    """Fill what the operands do not cover, and copy the operands that were not computed in their place."""
    match op:
        case tensor.PadOp():
            _pad(op, loops)
        case tensor.ConcatOp():
            _join(op, loops)
        case tensor.InsertSliceOp():
            _insert(op, loops)


def copy(source: SSAValue, target: TensorView, loops: GenericLoops) -> None:
    """Copy a tensor element by element."""
    counters = [LoopIndex(extent) for extent in target.shape]
    with loops.nest.nest(counters):
        indices = [LinearIndex.of(counter) for counter in counters]
        loops.store(loops.load(source, indices), target, indices)


def _join(op: tensor.ConcatOp, loops: GenericLoops) -> None:
    result = loops.placement.view(op.result)
    for position, operand in enumerate(op.inputs):
        if not loops.placement.is_claimed(op, position):
            shape = generic.shape_of(operand.type)
            copy(operand, result.through(Sliced(joined_at(op, position), (1,) * len(shape)), shape), loops)


def _insert(op: tensor.InsertSliceOp, loops: GenericLoops) -> None:
    result = loops.placement.view(op.result)
    if not loops.placement.is_claimed(op, 1) and not isinstance(op.dest.owner, tensor.EmptyOp):
        copy(op.dest, result, loops)
    if not loops.placement.is_claimed(op, 0):
        copy(op.source, part(result, op, generic.shape_of(op.source.type)), loops)


def _pad(op: tensor.PadOp, loops: GenericLoops) -> None:
    """Fill the margins, one axis after the other, around what was computed in place inside.

    What lies elsewhere is not copied if only loops read it: they ask whether they are inside, see `GenericLoops`.
    """
    if op.low or op.high:
        raise generic.dynamic_shape(op)
    inside = generic.shape_of(op.source.type)
    low, high = list(op.static_low.get_values()), list(op.static_high.get_values())
    if min([*low, *high], default=0) < 0:
        raise UnsupportedError("negative padding is not supported", where=source_location(op))
    if not loops.placement.is_claimed(op, 0) and is_only_read(op):
        *constants, last = op.region.block.ops
        loops.padded[op.result] = loops.body(constants, {}, {})(last.operands[0])
        return
    result = loops.placement.view(op.result)
    for axis in range(len(inside)):
        for offset, extent in ((0, low[axis]), (low[axis] + inside[axis], high[axis])):
            if extent:
                box = [(low[k], inside[k]) for k in range(axis)] + [(offset, extent)]
                box += [(0, result.shape[k]) for k in range(axis + 1, len(inside))]
                _fill(op, result, box, loops)
    if not loops.placement.is_claimed(op, 0):
        copy(op.source, result.through(Sliced(tuple(low), (1,) * len(low)), inside), loops)


def _fill(op: tensor.PadOp, target: TensorView, box: Sequence[tuple[int, int]], loops: GenericLoops) -> None:
    """Store the padding in a box, given as offset and extent an axis."""
    block = op.region.block
    counters = [LoopIndex(extent) for _, extent in box]
    with loops.nest.nest(counters):
        indices = [LinearIndex.of(loop).plus(offset) for loop, (offset, _) in zip(counters, box, strict=True)]
        given: dict[SSAValue, LinearIndex] = dict(zip(block.args, indices, strict=True))
        *inner, last = block.ops
        loops.store(loops.body(inner, given, {})(last.operands[0]), target, indices)
