"""Arrays of one element made of a tensor without axes: what xDSL 0.74 takes for a wrong `tensor.expand_shape`."""

from __future__ import annotations

from xdsl.dialects import tensor
from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, ModuleOp, TensorType
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Block, Region
from xdsl.ir.affine import AffineMap
from xdsl.rewriter import Rewriter


def spread_single_numbers(module: ModuleOp) -> None:
    """Give a tensor without axes its axes of one element by an operation on all of these.

    ::

        tensor.expand_shape %x [] : tensor<f32> into tensor<1xf32>  ->  linalg.generic ins(%x) outs(tensor<1xf32>)
    """
    for op in list(module.walk()):
        if not isinstance(op, tensor.ExpandShapeOp):
            continue
        source, result = op.src.type, op.result.type
        if not isinstance(source, TensorType) or source.get_shape() or not isinstance(result, TensorType):
            continue
        rank = len(result.get_shape())
        if rank == 0:
            continue
        body = Block(arg_types=[source.element_type, result.element_type])
        body.add_op(YieldOp(body.args[0]))
        empty = tensor.EmptyOp([], result)
        spread = GenericOp(
            [op.src],
            [empty.tensor],
            Region(body),
            [AffineMapAttr(AffineMap(rank, 0, ())), AffineMapAttr(AffineMap.identity(rank))],
            ArrayAttr([IteratorTypeAttr(IteratorType.PARALLEL)] * rank),
            [result],
        )
        for new in (empty, spread, *body.ops):
            new.location = op.location
        Rewriter.replace_op(op, [empty, spread])
