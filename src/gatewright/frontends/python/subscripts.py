"""Subscripts: indices and slices of arrays, with Python's meaning of negative ones; reshaping and transposition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType

from gatewright.frontends.python.arrays import element_at, locate, materialize
from gatewright.frontends.python.conversion import term_of, to_python_int
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.integers import arithmetic
from gatewright.frontends.python.memory import load
from gatewright.frontends.python.values import (
    ArrayValue,
    ArrayView,
    AxisIndex,
    Number,
    PythonInt,
    PythonObject,
    SliceIndex,
    Value,
    kind_of,
    python_int,
)
from gatewright.numbers.types import Integer


@dataclass(frozen=True)
class _Window:
    """What a subscript takes of an axis: `extent` elements from `start` in steps, or one if there is no extent."""

    start: Number
    step: int = 1
    extent: int | None = None


def resolve_index(state: Elaboration, value: Value, extent: int) -> Number:
    """An index into an axis of `extent` as a Python integer from 0: negative ones count from the end.

    An index that cannot be shown to be at least 0 is corrected where it is negative, in hardware.
    """
    if not isinstance(value, Number) or not isinstance(value.type, (Integer, PythonInt)):
        raise state.unsupported(
            f"an index cannot be {kind_of(value)}",
            why="arrays are indexed by integers and slices",
            remedy="write a loop over the elements" if isinstance(value, ArrayValue) else None,
        )
    index = to_python_int(state, value)
    if index.is_known:
        if not -extent <= index.known < extent:
            raise state.mistake(f"index {index.known} is outside an axis of {extent} elements")
        return python_int(index.known % extent)
    assert index.linear is not None
    least, greatest = index.linear.least(), index.linear.greatest()
    if least is not None and least >= 0:
        return index
    shifted = arithmetic(state, "+", index, python_int(extent))
    if greatest is not None and greatest < 0:
        return shifted
    held, zero = term_of(state, index), state.builder.constant(0, IndexType())
    negative = state.builder.pure(arith.CmpiOp, held, zero, "slt")
    chosen = state.builder.pure(arith.SelectOp, negative, term_of(state, shifted), held)
    return state.python_int(chosen, None, 0)


def resolve_span(state: Elaboration, span: SliceIndex, extent: int) -> _Window:
    """The part of an axis that a slice takes; its length must be known while compiling."""
    parts = [span.start, span.stop, span.step]
    given = [None if part is None else _integer(state, part) for part in parts]
    if all(part is None or part.is_known for part in given):
        known = [None if part is None else part.known for part in given]
        if known[2] == 0:
            raise state.mistake("a slice cannot have the step 0")
        start, stop, step = slice(*known).indices(extent)
        return _Window(python_int(start), step, len(range(start, stop, step)))
    start = given[0] or python_int(0)
    stop = given[1] or python_int(extent)
    step = 1 if given[2] is None else given[2].constant
    start, stop = _from_end(state, start, extent), _from_end(state, stop, extent)
    assert start.linear is not None and stop.linear is not None
    length, least, greatest = stop.linear - start.linear, start.linear.least(), stop.linear.greatest()
    if length.terms or not isinstance(step, int) or step < 1:
        raise state.unsupported(
            "the length of this slice is not known while compiling",
            why="every array has a fixed shape in hardware",
            remedy="write a loop over the elements",
        )
    if length.constant > 0 and (least is None or least < 0 or greatest is None or greatest > extent):
        raise state.unsupported(
            "this slice may reach beyond its axis",
            why=f"NumPy shortens such a slice, and its start cannot be shown to be in 0 to {extent - length.constant}",
            remedy="write a loop over the elements",
        )
    return _Window(start, step, len(range(0, max(0, length.constant), step)))


def _integer(state: Elaboration, value: Value) -> Number:
    if not isinstance(value, Number) or not isinstance(value.type, (Integer, PythonInt)):
        raise state.unsupported(f"a slice cannot be bounded by {kind_of(value)}")
    return to_python_int(state, value)


def _from_end(state: Elaboration, bound: Number, extent: int) -> Number:
    if bound.is_known and bound.known < 0:
        return python_int(max(0, bound.known + extent))
    return bound


def subscript(state: Elaboration, view: ArrayView, items: Sequence[Value]) -> ArrayView:
    """The view that `view[items]` is; of shape () if it is one element."""
    items = _without_ellipsis(state, view, items)
    shape: list[int] = []
    windows: list[_Window] = []
    axes: list[int | None] = []
    for item in items:
        if isinstance(item, PythonObject) and item.value is None:
            shape.append(1)
            continue
        extent = view.shape[len(windows)]
        if isinstance(item, SliceIndex):
            window = resolve_span(state, item, extent)
            assert window.extent is not None
            axes.append(len(shape))
            shape.append(window.extent)
        else:
            window = _Window(resolve_index(state, item, extent))
            axes.append(None)
        windows.append(window)
    places = tuple(_narrowed(state, place, windows, axes) for place in view.places)
    return ArrayView(view.buffer, tuple(shape), places, view.flat)


def _without_ellipsis(state: Elaboration, view: ArrayView, items: Sequence[Value]) -> list[Value]:
    """The items with `...`, or what is missing at the end, written out as full slices."""
    everything = SliceIndex(None, None, None)
    used = sum(
        not (isinstance(item, PythonObject) and (item.value is None or item.value is Ellipsis)) for item in items
    )
    missing = len(view.shape) - used
    if missing < 0:
        raise state.mistake(f"{used} indices for an array of {len(view.shape)} axes")
    for position, item in enumerate(items):
        if isinstance(item, PythonObject) and item.value is Ellipsis:
            return [*items[:position], *[everything] * missing, *items[position + 1 :]]
    return [*items, *[everything] * missing]


def _narrowed(state: Elaboration, place: AxisIndex, windows: list[_Window], axes: list[int | None]) -> AxisIndex:
    offset, terms = place.offset, []
    for axis, step in place.terms:
        window, kept = windows[axis], axes[axis]
        moved = arithmetic(state, "*", window.start, python_int(step))
        offset = arithmetic(state, "+", offset, moved)
        if kept is not None:
            terms.append((kept, step * window.step))
    return AxisIndex(offset, tuple(terms))


def read(state: Elaboration, view: ArrayView) -> Number | ArrayView:
    """The view, or its one element if it has no axes left."""
    return view if view.shape else load(state, view.buffer, locate(state, view, []))


def index(state: Elaboration, array: ArrayValue, items: Sequence[Value]) -> Value:
    """`array[items]` as a value."""
    if isinstance(array, ArrayView):
        return read(state, subscript(state, array, items))
    if len(items) == len(array.shape) and all(isinstance(item, Number) for item in items):
        return element_at(
            state, array, [resolve_index(state, item, extent) for item, extent in zip(items, array.shape, strict=True)]
        )
    return read(state, subscript(state, materialize(state, array), items))


def transpose(state: Elaboration, array: ArrayValue, axes: Sequence[int] | None = None) -> ArrayView:
    """The array with its axes in another order, by default reversed."""
    view = array if isinstance(array, ArrayView) else materialize(state, array)
    rank = len(view.shape)
    order = list(range(rank))[::-1] if axes is None else [axis + rank if axis < 0 else axis for axis in axes]
    if sorted(order) != list(range(rank)):
        raise state.mistake(f"{tuple(axes or ())} is not an order of {rank} axes")
    position = {axis: new for new, axis in enumerate(order)}
    places = tuple(AxisIndex(p.offset, tuple((position[axis], step) for axis, step in p.terms)) for p in view.places)
    return ArrayView(view.buffer, tuple(view.shape[axis] for axis in order), places, view.flat)


def reshape(state: Elaboration, array: ArrayValue, shape: Sequence[int]) -> ArrayView:
    """The array in another shape: a view where NumPy gives one, a copy where NumPy copies."""
    view = array if isinstance(array, ArrayView) else materialize(state, array)
    strides = _strides(view)
    model = _model(view.shape, strides)
    try:
        shaped = model.reshape(tuple(shape))
    except ValueError:
        raise state.mistake(f"an array of shape {view.shape} cannot be reshaped to {tuple(shape)}") from None
    if not np.shares_memory(model, shaped):
        return reshape(state, materialize(state, view), shaped.shape)
    return _with_strides(state, view, shaped.shape, shaped.strides)


def _strides(view: ArrayView) -> list[int]:
    """How far, in elements of the memory, one step along each axis of the view goes."""
    strides = [0] * len(view.shape)
    for place, unit in zip(view.places, _units(view), strict=True):
        for axis, step in place.terms:
            strides[axis] += step * unit
    return strides


def _model(shape: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """A NumPy array of bytes laid out as the view is, to ask NumPy what it would do."""
    reach = [(extent - 1) * stride for extent, stride in zip(shape, strides, strict=True)]
    start = -sum(min(0, r) for r in reach)
    memory = bytearray(start + sum(max(0, r) for r in reach) + 1)
    return np.ndarray(tuple(shape), np.uint8, memory, start, tuple(strides))


def _units(view: ArrayView) -> list[int]:
    """How far, in elements, one step of each index into the memory goes."""
    return [1] if view.flat else [prod(view.buffer.shape[d + 1 :]) for d in range(len(view.buffer.shape))]


def _with_strides(state: Elaboration, view: ArrayView, shape: tuple[int, ...], strides: Sequence[int]) -> ArrayView:
    """A view from the same first element with other axes."""
    if (places := _split_places(view, shape, strides)) is not None:
        return ArrayView(view.buffer, shape, places)
    offset = python_int(0)
    for place, unit in zip(view.places, _units(view), strict=True):
        offset = arithmetic(state, "+", offset, arithmetic(state, "*", place.offset, python_int(unit)))
    terms = tuple((axis, stride) for axis, stride in enumerate(strides) if shape[axis] > 1)
    return ArrayView(view.buffer, shape, (AxisIndex(offset, terms),), True)


def _split_places(view: ArrayView, shape: tuple[int, ...], strides: Sequence[int]) -> tuple[AxisIndex, ...] | None:
    """The places of a view whose new axes each stay within one index of the memory, which saves divisions; or None."""
    if view.flat:
        return None
    units = _units(view)
    terms: list[list[tuple[int, int]]] = [[] for _ in units]
    for axis, stride in enumerate(strides):
        if shape[axis] == 1:
            continue
        fitting = [d for d, unit in enumerate(units) if stride >= unit and stride % unit == 0]
        if not fitting:
            return None
        terms[fitting[0]].append((axis, stride // units[fitting[0]]))
    before = [sum(step * (view.shape[axis] - 1) for axis, step in place.terms) for place in view.places]
    after = [sum(step * (shape[axis] - 1) for axis, step in each) for each in terms]
    if before != after:
        return None
    return tuple(AxisIndex(p.offset, tuple(each)) for p, each in zip(view.places, terms, strict=True))
