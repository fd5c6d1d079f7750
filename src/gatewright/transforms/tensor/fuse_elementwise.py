"""Join elementwise operations into the operation that alone uses their result."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import AffineMapAttr, IndexType, IntegerAttr, IntegerType, ModuleOp, TensorType
from xdsl.dialects.linalg.ops import GenericOp, IndexOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint

from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.dead_tensors import erase_unused


@dataclass(frozen=True)
class FuseElementwisePass(ModulePass):
    """Join elementwise operations into the operation that alone uses their result.

    ::

        %1 = generic(%a) { x + 1 }            ->    %2 = generic(%a, %b) { (x + 1) * y }
        %2 = generic(%1, %b) { x * y }

    A producer that only moves data (a transposition, a broadcast) is joined into every consumer, reductions included,
    as a change of the map. One that computes is joined into an elementwise consumer only, which must be its only user
    and visit every element once, so that nothing is computed twice. Reductions stay what they are: their sums are
    finished by the operations after them when loops are built.
    """

    name = "fuse-elementwise"

    keep_quantized: bool = False
    """Whether tensors that are rounded to integers stay: quantised models are read by them."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for block in [block for function in op.ops for region in function.regions for block in region.blocks]:
            _drop_casts(block)
            changed = True
            while changed:
                consumers = [consumer for consumer in block.ops if isinstance(consumer, GenericOp)]
                changed = any(fuse_into(consumer, self.keep_quantized) for consumer in consumers)
            erase_unused(block)


def fuse_into(consumer: GenericOp, keep_quantized: bool) -> GenericOp | None:
    """Join one producer into `consumer`, if any may be; the operation that replaces it."""
    for position, operand in enumerate(consumer.inputs):
        producer = operand.owner
        if not isinstance(producer, GenericOp) or (keep_quantized and _rounds(producer)):
            continue
        if _may_fuse(producer, consumer, position):
            return _fuse(producer, consumer, position)
    return None


def _rounds(op: GenericOp) -> bool:
    """True if the result is a real number rounded to a short integer."""
    kinds = (arith.FPToSIOp, arith.FPToUIOp)
    element = generic.yielded(op)[0].type
    is_short = isinstance(element, IntegerType) and element.width.data <= 16
    return is_short and any(isinstance(inner, kinds) for inner in generic.body_of(op).ops)


def _may_fuse(producer: GenericOp, consumer: GenericOp, position: int) -> bool:
    if len(producer.outputs) != 1 or not generic.is_parallel(producer) or _uses_initial_value(producer):
        return False
    written = generic.output_map(producer)
    if not generic.is_identity_like(written, generic.extents_of(producer)) or generic.inverse(written) is None:
        return False
    if _only_moves(producer):
        return isinstance(producer.inputs[0].type, TensorType) and _keeps_extents(producer, consumer, position)
    if not generic.is_parallel(consumer):
        return False
    result = producer.results[0]
    if any(use.operation is not consumer or use.index >= len(consumer.inputs) for use in result.uses):
        return False
    maps = generic.maps_of(consumer)
    read = maps[position]
    if any(maps[use.index] != read for use in result.uses):
        return False
    return generic.is_identity_like(read, generic.extents_of(consumer))


def _uses_initial_value(op: GenericOp) -> bool:
    arguments = generic.body_of(op).args[len(op.inputs) :]
    return any(argument.first_use is not None for argument in arguments)


def _only_moves(op: GenericOp) -> bool:
    """True if the body yields its only input unchanged."""
    block = generic.body_of(op)
    return len(list(block.ops)) == 1 and len(op.inputs) == 1 and generic.yielded(op)[0] is block.args[0]


def _keeps_extents(producer: GenericOp, consumer: GenericOp, position: int) -> bool:
    """True if the operands still tell the extent of every loop when `producer` is joined into `consumer`."""
    others = [map_ for k, map_ in enumerate(generic.maps_of(consumer)) if k != position]
    moved = generic.maps_of(producer)[0].compose(_loops(producer, consumer, position))
    plain = {e.position for map_ in [*others, moved] for e in map_.results if isinstance(e, AffineDimExpr)}
    return len(plain) == moved.num_dims


def _loops(producer: GenericOp, consumer: GenericOp, position: int) -> AffineMap:
    """The loops of `producer` as functions of those of `consumer`, which reads its result at `position`."""
    back, read = generic.inverse(generic.output_map(producer)), generic.maps_of(consumer)[position]
    assert back is not None
    return AffineMap(read.num_dims, 0, tuple(expression.compose(read) for expression in back))


def _fuse(producer: GenericOp, consumer: GenericOp, position: int) -> GenericOp:
    """Replace `consumer` by an operation that also does the work of `producer`, its operand at `position`; that one."""
    maps, loops = generic.maps_of(consumer), _loops(producer, consumer, position)
    read = maps[position]
    same = [
        k
        for k, (operand, map_) in enumerate(zip(consumer.inputs, maps, strict=False))
        if operand is consumer.inputs[position] and map_ == read
    ]
    kept = [k for k in range(len(consumer.inputs)) if k not in same]
    inputs: list[SSAValue] = [*(consumer.inputs[k] for k in kept), *producer.inputs]
    of_inputs = [maps[k] for k in kept]
    of_inputs += [map_.compose(loops) for map_ in generic.maps_of(producer)[: len(producer.inputs)]]

    body = Block(arg_types=[generic.element_of(value.type) for value in [*inputs, *consumer.outputs]])
    arguments, old = body.args, generic.body_of(consumer).args
    mapping: dict[SSAValue, SSAValue] = dict(zip((old[k] for k in kept), arguments, strict=False))
    mapping |= dict(zip(generic.body_of(producer).args, arguments[len(kept) : len(inputs)], strict=False))
    mapping |= dict(zip(old[len(consumer.inputs) :], arguments[len(inputs) :], strict=True))
    _copy_computation(producer, body, mapping, loops)
    value = generic.yielded(producer)[0]
    mapping |= {old[k]: mapping.get(value, value) for k in same}
    for op in generic.body_of(consumer).ops:
        body.add_op(op.clone(mapping))

    fused = GenericOp(
        inputs,
        list(consumer.outputs),
        Region(body),
        [AffineMapAttr(map_) for map_ in [*of_inputs, *maps[len(consumer.inputs) :]]],
        consumer.iterator_types,
        list(consumer.result_types),
    )
    fused.location = consumer.location
    Builder(InsertPoint.before(consumer)).insert(fused)
    for before, after in zip(consumer.results, fused.results, strict=True):
        before.replace_all_uses_with(after)
    for unused in (consumer, producer):
        if all(result.first_use is None for result in unused.results):
            unused.detach()
            unused.erase()
    return fused


def _copy_computation(producer: GenericOp, body: Block, mapping: dict[SSAValue, SSAValue], loops: AffineMap) -> None:
    """Copy the producer's computation to `body`; its loop indices become those of the consumer."""
    for op in list(generic.body_of(producer).ops)[:-1]:
        if isinstance(op, IndexOp):
            copy = _index(loops.results[op.dim.value.data])
            mapping[op.results[0]] = copy.results[0]
        else:
            copy = op.clone(mapping)
        body.add_op(copy)


def _index(expression: AffineExpr) -> Operation:
    """The operation that gives a loop index, or 0 for a loop that runs once."""
    if isinstance(expression, AffineDimExpr):
        return IndexOp(expression.position)
    assert isinstance(expression, AffineConstantExpr)
    return arith.ConstantOp(IntegerAttr(expression.value, IndexType()))


def _drop_casts(block: Block) -> None:
    """Let operations read tensors whose shape is known themselves, where a cast made them forget it."""
    for op in block.ops:
        if isinstance(op, tensor.CastOp) and generic.DYNAMIC not in generic.shape_of(op.source.type):
            readers = [use for use in op.dest.uses if use.operation.name.startswith("tensor.")]
            for use in readers:
                use.operation.operands[use.index] = op.source
