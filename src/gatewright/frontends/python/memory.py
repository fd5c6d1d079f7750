"""Memories: the arrays of the interface, local arrays, constant tables; and single loads from and stores to them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType

from gatewright.frontends.python.conversion import term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.tree import ConstantTable, ElementLoad, ElementStore, LocalArray, TypedTerm
from gatewright.frontends.python.values import (
    LOCAL,
    OUTSIDE,
    TABLE,
    Buffer,
    ElementType,
    FixedPoint,
    Number,
    NumberType,
    WideInteger,
    ir_type_of,
)
from gatewright.ir.floats import constant_of_bits
from gatewright.numbers.types import MOST_ELEMENTS, Bool, Float, Integer


def memory_type(state: Elaboration, type_: NumberType) -> ElementType:
    """The type as one of array elements."""
    if isinstance(type_, (Integer, Bool, FixedPoint, Float)) and not isinstance(type_, WideInteger):
        return type_
    raise state.unsupported(f"an array cannot hold {type_}")


def memref_type(element: ElementType, shape: Sequence[int]) -> MemRefType:
    """The IR type of an array."""
    return MemRefType(ir_type_of(element), shape)


def allocate(state: Elaboration, element: ElementType, shape: tuple[int, ...], name: str) -> Buffer:
    """A local memory with unspecified contents."""
    if prod(shape) == 0 or not shape:
        raise state.unsupported(
            f"an array of shape {shape} has no memory", remedy="use arrays with at least one element"
        )
    check_size(state, shape)
    origin = LocalArray(TypedTerm(memref_type(element, shape)))
    state.builder.add_at_head(origin)
    buffer = Buffer(origin.result, element, shape, LOCAL, name, origin=origin)
    state.buffers.append(buffer)
    return buffer


def check_size(state: Elaboration, shape: Sequence[int], name: str = "an array") -> None:
    """Refuse an array that no memory holds, before it is made."""
    if prod(shape) > MOST_ELEMENTS:
        raise state.unsupported(
            f"{name} of {prod(shape):,} elements is too large",
            why=f"an array has at most {MOST_ELEMENTS:,}",
            remedy="compute with a smaller one, a part at a time",
        )


def table(state: Elaboration, element: ElementType, contents: np.ndarray, name: str) -> Buffer:
    """A local array that begins with known contents (raw): a ROM, or a RAM filled from it if it is stored to."""
    origin = ConstantTable(TypedTerm(memref_type(element, contents.shape)))
    state.builder.add(origin)
    buffer = Buffer(origin.result, element, contents.shape, TABLE, name, contents, origin)
    state.buffers.append(buffer)
    return buffer


def outside_table(state: Elaboration, element: ElementType, contents: np.ndarray, name: str) -> Buffer:
    """A constant array of the function's surroundings (raw contents); the same array always gives the same memory."""
    key = (element, contents.shape, contents.dtype.str, contents.tobytes())
    if key not in state.constants:
        origin = ConstantTable(TypedTerm(memref_type(element, contents.shape)))
        origin.result.hint(name)
        state.builder.add_at_head(origin)
        state.constants[key] = Buffer(origin.result, element, contents.shape, OUTSIDE, name, contents, origin)
        state.buffers.append(state.constants[key])
    return state.constants[key]


def load(state: Elaboration, buffer: Buffer, indices: Sequence[Number]) -> Number:
    """The element at `indices`."""
    if buffer.kind == OUTSIDE and all(index.is_known for index in indices):
        assert buffer.contents is not None
        raw = int(buffer.contents[tuple(index.known for index in indices)])
        if isinstance(buffer.element, Float):
            attribute = constant_of_bits(raw, ir_type_of(buffer.element))
            return Number(buffer.element, state.builder.pure(arith.ConstantOp, attribute))
        return Number(buffer.element, constant=raw)
    node = ElementLoad(TypedTerm(ir_type_of(buffer.element)), buffer.term, [term_of(state, index) for index in indices])
    state.builder.add(node)
    return Number(buffer.element, node.result)


def check_changeable(state: Elaboration, buffer: Buffer) -> None:
    """Refuse a change of a memory that is a constant, or that another name may mean too on some path."""
    if buffer.kind == OUTSIDE:
        raise state.unsupported(
            f"this changes the array {buffer.name}, which is not an argument",
            why="arrays from outside the function are constants",
            remedy="pass it as an argument, or copy it with .copy()",
        )
    for merged, other in state.merged:
        if merged is buffer and other == buffer.name:
            raise state.unsupported(
                f"this changes {other}, which is not the same array in every iteration",
                why="which array a name means must not depend on the path when one of them is changed",
                remedy=f"copy the elements, as in {other}[:] = ..., or use .copy()",
            )
        if merged is buffer:
            raise state.unsupported(
                f"this changes {buffer.name}, which may be the same array as {other}",
                why="which array a name means must not depend on the path when one of them is changed",
                remedy="copy the array with .copy() where the name is assigned",
            )


def store(state: Elaboration, buffer: Buffer, value: Number, indices: Sequence[Number]) -> None:
    """Store a number of the buffer's element type at `indices`."""
    assert value.type == buffer.element
    places = [term_of(state, index) for index in indices]
    state.builder.add(ElementStore(term_of(state, value), buffer.term, places))
    state.stores.append((buffer, state.here))
