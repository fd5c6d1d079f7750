"""Constant tensors at the head of a function, one for all that have the same contents."""

from __future__ import annotations

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, LocationAttr
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.rewriter import InsertPoint

from gatewright.transforms.tensor.elements import dense, dense_floats


class ConstantTensors:
    """The constants of a function, before its first operation."""

    def __init__(self, block: Block):
        first = block.first_op
        self._builder = Builder(InsertPoint.at_start(block) if first is None else InsertPoint.before(first))
        self._known: dict[tuple[bytes, Attribute], SSAValue] = {}

    def __call__(self, array: np.ndarray, width: int, location: LocationAttr) -> SSAValue:
        """A tensor of integers of `width` bits; `location` is that of its first user."""
        return self._placed(dense(array, width), location)

    def singles(self, array: np.ndarray, location: LocationAttr) -> SSAValue:
        """A tensor of single precision."""
        return self._placed(dense_floats(array), location)

    def _placed(self, attribute: DenseIntOrFPElementsAttr, location: LocationAttr) -> SSAValue:
        key = (attribute.data.data, attribute.type)
        if key not in self._known:
            op = arith.ConstantOp(attribute)
            op.location = location
            self._builder.insert(op)
            self._known[key] = op.result
        return self._known[key]
