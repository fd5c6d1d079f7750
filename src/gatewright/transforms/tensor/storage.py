"""Where tensors are in memory: each is an array, or a part of one seen in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects import tensor
from xdsl.dialects.builtin import ArrayAttr, IntegerAttr

from gatewright.transforms.tensor.linear_index import LinearIndex, delinearize, linearize

VIEWS = (tensor.EmptyOp, tensor.ExpandShapeOp, tensor.CollapseShapeOp, tensor.CastOp, tensor.ExtractSliceOp)
"""Operations that move nothing: their results lie in their operands, or have no contents."""


@dataclass(frozen=True, eq=False)
class TensorMemory:
    """An array: what it is made by is known to the lowering."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Regrouped:
    """Axes of a view joined or split: groups of axes of the view, and the axes of memory each stands for."""

    groups: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

    def indices(self, given: Sequence[LinearIndex]) -> list[LinearIndex]:
        """The element of the memory that an element of the view is."""
        waiting, found = list(given), []
        for view, memory in self.groups:
            taken, waiting = waiting[: len(view)], waiting[len(view) :]
            found += taken if view == memory else delinearize(linearize(taken, view), memory)
        return found

    def inverse(self) -> Regrouped:
        """The view of a view's memory through the view."""
        return Regrouped(tuple((memory, view) for view, memory in self.groups))


@dataclass(frozen=True)
class Sliced:
    """A part of an array at an offset, with a stride, an axis."""

    offsets: tuple[int, ...]
    strides: tuple[int, ...]

    def indices(self, given: Sequence[LinearIndex]) -> list[LinearIndex]:
        """The element of the memory that an element of the view is."""
        moves = zip(given, self.offsets, self.strides, strict=True)
        return [(index * stride).plus(offset) for index, offset, stride in moves]


Step = Regrouped | Sliced


@dataclass(frozen=True)
class TensorView:
    """A tensor of `shape` that lies in `memory`; the steps lead from its indices to those of the memory."""

    memory: TensorMemory
    shape: tuple[int, ...]
    steps: tuple[Step, ...] = ()

    @staticmethod
    def whole(memory: TensorMemory) -> TensorView:
        """All of a memory, as it is."""
        return TensorView(memory, memory.shape)

    def through(self, step: Step, shape: Sequence[int]) -> TensorView:
        """A view of this view."""
        return TensorView(self.memory, tuple(shape), (step, *self.steps))

    def indices(self, given: Sequence[LinearIndex]) -> list[LinearIndex]:
        """The indices in memory of an element."""
        found = list(given)
        for step in self.steps:
            found = step.indices(found)
        return found

    def factors(self, axis: int) -> tuple[int, ...]:
        """The extents of the axes of memory that an axis stands for, if it is several joined into one."""
        if self.steps and isinstance(step := self.steps[0], Regrouped):
            position = 0
            for view, memory in step.groups:
                if position == axis and len(view) == 1:
                    return tuple(extent for extent in memory if extent > 1)
                position += len(view)
        return ()


def view_of(memory: TensorMemory, shape: tuple[int, ...]) -> TensorView:
    """All of a memory as a tensor of `shape`; a tensor without axes lies in an array of one element."""
    whole = TensorView.whole(memory)
    return whole if memory.shape == shape else whole.through(Regrouped((((), memory.shape),)), shape)


def reshaping(op: tensor.ExpandShapeOp | tensor.CollapseShapeOp, source: Sequence[int]) -> Regrouped:
    """How the result of a reshaping lies in its source."""
    result = list(op.result.type.get_shape())
    groups = []
    first_wide = first_narrow = 0
    narrow = list(source) if isinstance(op, tensor.ExpandShapeOp) else result
    wide = result if isinstance(op, tensor.ExpandShapeOp) else list(source)
    for entry in op.reassociation:
        assert isinstance(entry, ArrayAttr)
        axes = [axis for axis in entry if isinstance(axis, IntegerAttr)]
        few, many = (narrow[first_narrow],), tuple(wide[first_wide : first_wide + len(axes)])
        assert prod(few) == prod(many)
        groups.append((many, few) if isinstance(op, tensor.ExpandShapeOp) else (few, many))
        first_narrow, first_wide = first_narrow + 1, first_wide + len(axes)
    if not op.reassociation:
        ones = tuple(wide)
        groups.append((ones, ()) if isinstance(op, tensor.ExpandShapeOp) else ((), ones))
    return Regrouped(tuple(groups))
