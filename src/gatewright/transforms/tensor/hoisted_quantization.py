"""Quantisation of a tensor that is only moved or chosen from, done before that: each element is quantised alike."""

from __future__ import annotations

from collections.abc import Sequence, Set

from xdsl.builder import Builder
from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import AffineMapAttr, FloatAttr, IntegerAttr, IntegerType, TensorType
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.exact import limits
from gatewright.transforms.tensor.fuse_elementwise import fuse_into
from gatewright.transforms.tensor.generic_builder import GenericBuilder
from gatewright.transforms.tensor.quantized_forms import quantizing
from gatewright.transforms.tensor.states import static_shape

_VIEWS = (tensor.CollapseShapeOp, tensor.ExpandShapeOp, tensor.CastOp, tensor.ExtractSliceOp)


def moved_operands(op: GenericOp, bypassed: Set[object]) -> list[SSAValue] | None:
    """The tensors that are moved to, or chosen from for, the only input of an operation that quantises it; None if
    something else makes that, or it has users not `bypassed`, or not all elements are quantised alike and in order."""
    found = quantizing(op)
    if found is None or found.slope <= 0:
        return None
    if any(use.operation is not op and use.operation not in bypassed for use in op.inputs[0].uses):
        return None
    identity = generic.identity(len(generic.shape_of(op.inputs[0].type)))
    source = op.inputs[0].owner
    if any(map_ != identity for map_ in generic.maps_of(op)) or not isinstance(source, Operation):
        return None
    if isinstance(source, tensor.ConcatOp):
        return list(source.operands)
    if isinstance(source, _VIEWS) and not source.operands[1:]:
        return [source.operands[0]]
    return [source.inputs[0]] if isinstance(source, GenericOp) and _extreme(source) is not None else None


def quantized_before(op: GenericOp, value: SSAValue) -> GenericOp:
    """The same quantisation of another tensor, before its mover."""
    shape, source = generic.shape_of(value.type), op.inputs[0].owner
    assert isinstance(source, Operation)
    empty = tensor.EmptyOp((), TensorType(generic.element_of(op.results[0].type), shape))
    made = GenericOp(
        [value],
        [empty.tensor],
        op.body.clone(),
        [AffineMapAttr(generic.identity(len(shape)))] * 2,
        [IteratorTypeAttr(IteratorType.PARALLEL)] * len(shape),
        [empty.tensor.type],
    )
    for each in (empty, made):
        each.location = op.location
        Builder(InsertPoint.before(source)).insert(each)
    return made


def joined(op: GenericOp) -> GenericOp:
    """A quantising operation together with the elementwise ones that make its input, of which it gets a copy."""
    producer = op.inputs[0].owner
    if not isinstance(producer, GenericOp) or len(producer.results) != 1 or not generic.is_parallel(producer):
        return op
    copy = producer.clone()
    copy.location = producer.location
    Builder(InsertPoint.before(op)).insert(copy)
    op.operands[0] = copy.results[0]
    fused = fuse_into(op, keep_quantized=True)
    if fused is None:
        op.operands[0] = producer.results[0]
        copy.detach()
        copy.erase()
        return op
    while (further := fuse_into(fused, keep_quantized=True)) is not None:
        fused = further
    return fused


def move(op: GenericOp, values: Sequence[SSAValue], stage: GenericBuilder) -> SSAValue:
    """What is done to the input of a quantising operation, done to integers; `stage` is for the start of a choice."""
    source, builder = op.inputs[0].owner, Builder(InsertPoint.before(op))
    element = generic.element_of(values[0].type)
    assert isinstance(source, Operation) and isinstance(element, IntegerType)
    shape = static_shape(source, source.results[0])
    if isinstance(source, GenericOp):
        kind = _extreme(source)
        assert kind is not None
        bound = limits(element.width.data)[0 if kind is arith.MaxSIOp else 1]
        fill = stage.arithmetic.constant(bound, element.width.data)
        start = stage.finish(builder, fill, generic.identity(len(shape)), shape)
        return _choose(builder, source, kind, values[0], start)
    moved = type(source).create(
        operands=list(values),
        result_types=[TensorType(element, shape)],
        properties=source.properties.copy(),
        attributes=source.attributes.copy(),
    )
    moved.location = source.location
    return builder.insert(moved).results[0]


def _extreme(op: GenericOp) -> type[arith.MaxSIOp] | type[arith.MinSIOp] | None:
    """The comparison of integers for a reduction to the largest or smallest element of its first input.

    What the reduction starts with must be beyond all numbers, as for windows it is: then it wins over none of them.
    """
    if generic.is_parallel(op) or len(op.results) != 1:
        return None
    block = generic.body_of(op)
    last, start = generic.yielded(op)[0].owner, _start(op.outputs[0])
    if len(list(block.ops)) != 2 or not isinstance(last, Operation) or start is None:
        return None
    if set(last.operands) != {block.args[0], block.args[-1]}:
        return None
    if isinstance(last, arith.MaximumfOp | arith.MaxnumfOp) and start <= -3.4e38:
        return arith.MaxSIOp
    return arith.MinSIOp if isinstance(last, arith.MinimumfOp | arith.MinnumfOp) and start >= 3.4e38 else None


def _start(value: SSAValue) -> float | None:
    """The number that a tensor is filled with."""
    op = value.owner
    if not isinstance(op, GenericOp) or len(op.inputs) != 1 or len(list(generic.body_of(op).ops)) != 1:
        return None
    filled = op.inputs[0].owner
    number = filled.value if isinstance(filled, arith.ConstantOp) else None
    return number.value.data if isinstance(number, FloatAttr | IntegerAttr) else None


def _choose(
    builder: Builder,
    op: GenericOp,
    kind: type[arith.MaxSIOp] | type[arith.MinSIOp],
    value: SSAValue,
    start: SSAValue,
) -> SSAValue:
    """The reduction `op` of integers."""
    inputs = [value, *op.inputs[1:]]
    block = Block(arg_types=[generic.element_of(each.type) for each in [*inputs, start]])
    choice = kind(block.args[-1], block.args[0])
    block.add_ops([choice, YieldOp(choice.result)])
    made = GenericOp(inputs, [start], Region(block), op.indexing_maps, op.iterator_types, [start.type])
    for each in made.walk():
        each.location = op.location
    return builder.insert(made).results[0]
