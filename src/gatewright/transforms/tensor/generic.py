"""Reading `linalg.generic`: its iteration space, its maps and its body, in the terms the tensor passes need."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DYNAMIC_INDEX, ContainerType, IntegerType, ShapedType
from xdsl.dialects.linalg.attrs import IteratorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location

DYNAMIC = DYNAMIC_INDEX
"""The extent of an axis that is not known at compile time."""


def shape_of(type_: Attribute) -> tuple[int, ...]:
    """The static shape of a tensor type; () for a scalar."""
    return tuple(type_.get_shape()) if isinstance(type_, ShapedType) else ()


def element_of(type_: Attribute) -> Attribute:
    """The element type of a tensor type, or the scalar type itself."""
    return type_.get_element_type() if isinstance(type_, ContainerType) else type_


def bits_of_element(type_: Attribute) -> int:
    """The bits of the integers in a tensor, or of the scalar."""
    element = element_of(type_)
    assert isinstance(element, IntegerType)
    return element.width.data


def body_of(op: GenericOp) -> Block:
    """The block that computes one point of the iteration space."""
    return op.body.block


def maps_of(op: GenericOp) -> list[AffineMap]:
    """The map of each operand, inputs first."""
    return [attribute.data for attribute in op.indexing_maps]


def output_map(op: GenericOp, position: int = 0) -> AffineMap:
    """The map of an output."""
    return maps_of(op)[len(op.inputs) + position]


def is_reduction(op: GenericOp) -> list[bool]:
    """For each loop, whether it is a reduction. Raises UnsupportedError for a window iterator."""
    kinds = [iterator.data for iterator in op.iterator_types]
    for kind in kinds:
        if kind not in (IteratorType.PARALLEL, IteratorType.REDUCTION):
            raise UnsupportedError(f"linalg iterator type {kind} is not supported", where=source_location(op))
    return [kind == IteratorType.REDUCTION for kind in kinds]


def is_parallel(op: GenericOp) -> bool:
    """True if every point writes its own element."""
    return not any(is_reduction(op))


def extents_of(op: GenericOp) -> list[int]:
    """The number of iterations of each loop, from the shapes of the operands."""
    maps = maps_of(op)
    extents: list[int | None] = [None] * (maps[0].num_dims if maps else 0)
    for operand, map_ in zip(op.operands, maps, strict=True):
        for extent, expression in zip(shape_of(operand.type), map_.results, strict=True):
            if isinstance(expression, AffineDimExpr):
                if extent == DYNAMIC:
                    raise dynamic_shape(op)
                extents[expression.position] = extent
    if any(extent is None for extent in extents):
        raise UnsupportedError("a loop of this operation has no extent", where=source_location(op))
    return [extent for extent in extents if extent is not None]


def dynamic_shape(op: Operation) -> UnsupportedError:
    """The error for a tensor whose shape is not known at compile time."""
    return UnsupportedError(
        "this tensor has a shape that is not known at compile time",
        where=source_location(op),
        why="every array of a circuit has a fixed size",
        remedy="give example arguments of a fixed shape, with a fixed batch size",
    )


def is_identity_like(map_: AffineMap, extents: Sequence[int]) -> bool:
    """True if the map visits every element once: its results are all loops of more than one iteration, or 0, no loop
    twice."""
    used = [expression.position for expression in map_.results if isinstance(expression, AffineDimExpr)]
    plain = all(
        isinstance(expression, AffineDimExpr) or (isinstance(expression, AffineConstantExpr) and expression.value == 0)
        for expression in map_.results
    )
    needed = {position for position, extent in enumerate(extents) if extent > 1}
    return plain and len(used) == len(set(used)) and needed <= set(used)


def inverse(map_: AffineMap) -> list[AffineExpr] | None:
    """For an output map that is a permutation of loops, perhaps with zeros: the loop indices in terms of its results.

    Loops that the map does not use run once only and are 0. None if a result is neither a loop nor 0.
    """
    found: list[AffineExpr] = [AffineExpr.constant(0)] * map_.num_dims
    for position, expression in enumerate(map_.results):
        if isinstance(expression, AffineDimExpr):
            found[expression.position] = AffineExpr.dimension(position)
        elif not (isinstance(expression, AffineConstantExpr) and expression.value == 0):
            return None
    return found


def yielded(op: GenericOp) -> Sequence[SSAValue]:
    """The values that the body yields, one an output."""
    last = body_of(op).last_op
    assert last is not None and last.name == "linalg.yield"
    return last.operands


def identity(rank: int) -> AffineMap:
    """The map of an operand whose axes are the loops."""
    return AffineMap.identity(rank)


def axes_map(rank: int, axes: Sequence[int]) -> AffineMap:
    """The map of an operand whose axes are some of the loops."""
    return AffineMap(rank, 0, tuple(AffineExpr.dimension(axis) for axis in axes))
