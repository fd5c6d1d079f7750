"""A `linalg.generic` of exact integer arithmetic while it is being built."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, linalg, tensor
from xdsl.dialects.builtin import AffineMapAttr, IndexType, IntegerType, LocationAttr, TensorType
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, IndexOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap

from gatewright.transforms.tensor.exact import Exact, ExactArithmetic, bits, nearest
from gatewright.transforms.tensor.expression import (
    Choice,
    Comparison,
    Constant,
    Expression,
    Extreme,
    Gather,
    Input,
    Product,
    Quotient,
    ScaledValue,
    Sum,
)
from gatewright.transforms.tensor.generic import axes_map, element_of


class GenericBuilder:
    """One operation under construction: its loops, its inputs, and the block that computes a point."""

    def __init__(
        self,
        extents: Sequence[int],
        reduction: Sequence[bool],
        location: LocationAttr,
        constants: Callable[[np.ndarray, int], SSAValue],
        width: int,
    ):
        """`constants` places a constant tensor of integers of a width; `width` is that of quantised constants."""
        self.extents, self.reduction, self.location = list(extents), list(reduction), location
        self.constants, self.width = constants, width
        self.inputs: list[tuple[SSAValue, AffineMap]] = []
        self.block = Block()
        self.arithmetic = ExactArithmetic(self.block, location, self.integers)
        self._done: dict[Expression, Exact] = {}

    def read(self, value: SSAValue, map_: AffineMap) -> SSAValue:
        """The element of a tensor at the current point."""
        for argument, (known, at) in zip(self.block.args, self.inputs, strict=False):
            if known is value and at == map_:
                return argument
        self.inputs.append((value, map_))
        element = value.type.get_element_type() if isinstance(value.type, TensorType) else value.type
        return self.block.insert_arg(element, len(self.inputs) - 1)

    def integers(self, array: np.ndarray) -> Exact:
        """The element of a constant array of integers, given over the iteration space."""
        low, high = int(np.min(array)), int(np.max(array))
        if low == high:
            return Exact(None, 0, low, high)
        return self._table(array, 0, bits(low, high))

    def reals(self, array: np.ndarray) -> Exact:
        """The element of a constant array of reals, rounded to the width of constants."""
        array = np.broadcast_to(array, np.broadcast_shapes(array.shape, (1,) * len(self.extents)))
        raw, fraction = nearest(np.asarray(array), self.width)
        if raw.size and np.all(raw == raw.flat[0]):
            return Exact(None, fraction, int(raw.flat[0]), int(raw.flat[0]))
        return self._table(raw, fraction, bits(int(raw.min()), int(raw.max())))

    def _table(self, raw: np.ndarray, fraction: int, width: int) -> Exact:
        raw = compact(raw)
        axes = [axis for axis, extent in enumerate(raw.shape) if extent > 1]
        contents = raw.reshape([raw.shape[axis] for axis in axes])
        value = self.constants(contents, width)
        return Exact(self.read(value, axes_map(len(self.extents), axes)), fraction, int(raw.min()), int(raw.max()))

    def compute(self, of: Expression, leaves: Callable[[Expression], Exact]) -> Exact:
        """Emit an expression; `leaves` gives its inputs."""
        if of not in self._done:
            self._done[of] = self._compute(of, leaves)
        return self._done[of]

    def _compute(self, of: Expression, leaves: Callable[[Expression], Exact]) -> Exact:
        arithmetic = self.arithmetic
        match of:
            case Constant():
                return self.reals(of.array)
            case Input() | Gather():
                return leaves(of)
            case ScaledValue():
                scaled = self.compute(of.of, leaves)
                if np.any(of.scale != 1):
                    scaled = arithmetic.multiply(scaled, self.reals(of.scale))
                return arithmetic.add(scaled, self.reals(of.offset)) if np.any(of.offset) else scaled
            case Quotient():
                return arithmetic.divide(self.compute(of.of, leaves), of.divisor)
            case Sum():
                return arithmetic.add(self.compute(of.left, leaves), self.compute(of.right, leaves))
            case Product():
                return arithmetic.multiply(self.compute(of.left, leaves), self.compute(of.right, leaves))
            case Extreme():
                left, right = self.compute(of.left, leaves), self.compute(of.right, leaves)
                return arithmetic.extreme(of.largest, left, right)
            case Choice():
                left = self.compute(of.condition.left, leaves)
                right = self.compute(of.condition.right, leaves)
                truth = arithmetic.compare(of.condition.predicate, left, right)
                return arithmetic.choose(truth, self.compute(of.true, leaves), self.compute(of.false, leaves))
        assert not isinstance(of, Comparison), "a truth value is not a number"
        raise AssertionError(of)

    def gathered(self, source: SSAValue, positions: Sequence[np.ndarray]) -> SSAValue:
        """The element of a tensor at constant positions."""
        indices = [self._position(np.asarray(position)) for position in positions]
        return self.arithmetic.emit(tensor.ExtractOp(source, indices, element_of(source.type)))

    def _position(self, array: np.ndarray) -> SSAValue:
        """A constant position as an index: arithmetic on one loop index if it can be, else looked up in a table."""
        emit = self.arithmetic.emit
        array = compact(np.broadcast_to(array, np.broadcast_shapes(array.shape, (1,) * len(self.extents))))
        axes = [axis for axis, extent in enumerate(array.shape) if extent > 1]
        steps = np.unique(np.diff(array.reshape(-1))) if len(axes) == 1 else np.zeros(0)
        index = IndexType()
        if array.size == 1:
            return emit(arith.ConstantOp.from_int_and_width(int(array.flat[0]), index))
        if len(steps) == 1:
            position = emit(IndexOp(axes[0]))
            for kind, amount in ((arith.MuliOp, int(steps[0])), (arith.AddiOp, int(array.flat[0]))):
                if amount != (1 if kind is arith.MuliOp else 0):
                    position = emit(kind(position, emit(arith.ConstantOp.from_int_and_width(amount, index))))
            return position
        looked_up = self.integers(array)
        assert looked_up.value is not None
        return emit(arith.IndexCastOp(looked_up.value, index))

    def finish(
        self, builder: Builder, result: SSAValue, map_: AffineMap, shape: Sequence[int], initial: SSAValue | None = None
    ) -> SSAValue:
        """Insert the operation that writes `result` through `map_` into a tensor of `shape`; its result."""
        type_ = TensorType(result.type, shape)
        self._state_extents(builder, map_)
        if initial is None:
            self.block.insert_arg(result.type, len(self.inputs))
            initial = self._insert(builder, tensor.EmptyOp((), type_))
        last = linalg.ops.YieldOp(result)
        last.location = self.location
        self.block.add_op(last)
        kinds = [IteratorType.REDUCTION if r else IteratorType.PARALLEL for r in self.reduction]
        op = GenericOp(
            [value for value, _ in self.inputs],
            [initial],
            Region(self.block),
            [AffineMapAttr(at) for _, at in self.inputs] + [AffineMapAttr(map_)],
            [IteratorTypeAttr(kind) for kind in kinds],
            [type_],
        )
        return self._insert(builder, op)

    def _state_extents(self, builder: Builder, written: AffineMap) -> None:
        """Add an operand that is never read for loops whose extent no other operand tells, as a window's."""
        maps = [at for _, at in self.inputs] + [written]
        told = {
            expression.position for at in maps for expression in at.results if isinstance(expression, AffineDimExpr)
        }
        untold = [axis for axis in range(len(self.extents)) if axis not in told]
        if untold:
            shape = TensorType(IntegerType(1), [self.extents[axis] for axis in untold])
            window = self._insert(builder, tensor.EmptyOp((), shape))
            self.read(window, axes_map(len(self.extents), untold))

    def _insert(self, builder: Builder, op: Operation) -> SSAValue:
        op.location = self.location
        builder.insert(op)
        return op.results[0]


def compact(array: np.ndarray) -> np.ndarray:
    """The array with every axis along which it does not change reduced to one element."""
    for axis, extent in enumerate(array.shape):
        if extent > 1:
            first = array[(slice(None),) * axis + (slice(0, 1),)]
            if np.array_equal(np.broadcast_to(first, array.shape), array):
                array = first
    return array
