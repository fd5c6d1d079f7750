"""Deciding where each tensor of a function lies, so that it is written once, in its last place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block, Operation, SSAValue, Use

from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.grouping import ends
from gatewright.transforms.tensor.storage import Regrouped, Sliced, TensorMemory, TensorView, reshaping, view_of


class Placement:
    """The view each tensor is read and written through.

    A tensor that is computed is put straight into where its first use wants it: a result array, the inside of a padded
    array, its part of a joined array; else it gets an array of its own. A padded tensor that only loops read has no
    array. Reshaping and slicing are views. `claimed`
    tells which uses need no copy for that reason.
    """

    def __init__(
        self, block: Block, results: Mapping[int, TensorMemory], new_memory: Callable[[TensorType], TensorMemory]
    ):
        self.results, self.new_memory = results, new_memory
        self.order = {op: position for position, op in enumerate(block.ops)}
        for op in block.ops:
            if isinstance(op, GenericOp) and (first := ends(op)) is not None:
                self.order[op] = self.order[first]
        self.views: dict[SSAValue, TensorView] = {}
        self.claimed: set[tuple[Operation, int]] = set()
        self._taken: set[int] = set()

    def view(self, value: SSAValue) -> TensorView:
        """Where a tensor lies."""
        if value not in self.views:
            self.views[value] = self._view(value)
        return self.views[value]

    def is_claimed(self, op: Operation, operand: int) -> bool:
        """True if the operand was computed in its place in the result of `op`."""
        return (op, operand) in self.claimed

    def _view(self, value: SSAValue) -> TensorView:
        op = value.owner
        if isinstance(op, (tensor.ExpandShapeOp, tensor.CollapseShapeOp)):
            source = self.view(op.src)
            return source.through(reshaping(op, source.shape), generic.shape_of(value.type))
        if isinstance(op, tensor.CastOp):
            return self.view(op.source)
        if isinstance(op, tensor.ExtractSliceOp):
            return part(self.view(op.source), op, generic.shape_of(value.type))
        wanted = self._wanted(value)
        if wanted is not None:
            return wanted
        assert isinstance(value.type, TensorType)
        return view_of(self.new_memory(value.type), generic.shape_of(value.type))

    def _wanted(self, value: SSAValue) -> TensorView | None:
        """Where the first use that wants a tensor in a place of its own wants it."""
        outside = [use for use in value.uses if use.operation in self.order]
        for use in sorted(outside, key=lambda use: (self.order[use.operation], use.index)):
            view = self._wanted_by(value, use)
            if view is not None:
                self.claimed.add((use.operation, use.index))
                return view
        return None

    def _wanted_by(self, value: SSAValue, use: Use) -> TensorView | None:
        op, shape = use.operation, generic.shape_of(value.type)
        if isinstance(op, func.ReturnOp) and use.index not in self._taken:
            self._taken.add(use.index)
            return view_of(self.results[use.index], shape)
        if isinstance(op, (tensor.ExpandShapeOp, tensor.CollapseShapeOp)):
            outside = self._wanted(op.result)
            if outside is None:
                return None
            return outside.through(reshaping(op, shape).inverse(), shape)
        if isinstance(op, tensor.PadOp) and use.index == 0 and not is_only_read(op):
            return self.view(op.result).through(Sliced(tuple(op.static_low.get_values()), (1,) * len(shape)), shape)
        if isinstance(op, tensor.ConcatOp):
            return self.view(op.result).through(Sliced(joined_at(op, use.index), (1,) * len(shape)), shape)
        if isinstance(op, tensor.InsertSliceOp):
            return self._inserted(op, use, shape)
        return None

    def _inserted(self, op: tensor.InsertSliceOp, use: Use, shape: tuple[int, ...]) -> TensorView | None:
        below, source = op.dest.owner, op.source.owner
        in_place = _is_computed(op.dest) and len(list(op.dest.uses)) == 1
        if use.index == 1:
            return self.view(op.result) if in_place else None
        if not isinstance(below, tensor.EmptyOp):
            assert isinstance(source, Operation)
            if not in_place or not isinstance(below, Operation) or self.order[below] > self.order[source]:
                return None
        return part(self.view(op.result), op, shape)


def part(of: TensorView, op: tensor.ExtractSliceOp | tensor.InsertSliceOp, shape: tuple[int, ...]) -> TensorView:
    """The part of a tensor that an operation extracts or inserts; `shape` may lack axes of one element."""
    if op.offsets or op.sizes or op.strides:
        raise generic.dynamic_shape(op)
    sizes = tuple(op.static_sizes.get_values())
    view = of.through(Sliced(tuple(op.static_offsets.get_values()), tuple(op.static_strides.get_values())), sizes)
    if sizes == shape:
        return view
    kept, groups = list(shape), []
    for size in sizes:
        if kept and kept[0] == size:
            groups.append(((kept.pop(0),), (size,)))
        else:
            groups.append(((), (size,)))
    return view.through(Regrouped(tuple(groups)), shape)


def is_only_read(op: tensor.PadOp) -> bool:
    """Whether only loops over elements use a padded tensor, and its padding is the same everywhere."""
    constant = all(isinstance(inner, arith.ConstantOp) for inner in list(op.region.block.ops)[:-1])
    uses = [use for use in op.result.uses if isinstance(use.operation, GenericOp)]
    read = all(use.index < len(use.operation.inputs) for use in uses if isinstance(use.operation, GenericOp))
    return constant and read and len(uses) == len(list(op.result.uses))


def joined_at(op: tensor.ConcatOp, operand: int) -> tuple[int, ...]:
    """The offset of an operand in the joined tensor."""
    axis = op.dim.value.data
    before = sum(generic.shape_of(value.type)[axis] for value in list(op.inputs)[:operand])
    return tuple(before if k == axis else 0 for k in range(len(generic.shape_of(op.result.type))))


def _is_computed(value: SSAValue) -> bool:
    return isinstance(value.owner, (GenericOp, tensor.PadOp, tensor.ConcatOp, tensor.InsertSliceOp))
