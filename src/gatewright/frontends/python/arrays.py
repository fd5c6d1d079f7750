"""Views of memories and expressions over arrays.

A view is what NumPy's basic indexing, transposition and reshaping give: another way to index the same memory. An
expression computes its elements when they are asked for, so that `c[:] = a + b * 2` is one loop and no temporary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import IndexType

from gatewright.frontends.python.bounds import BoundedInteger, Linear
from gatewright.frontends.python.casts import store_as
from gatewright.frontends.python.conversion import root_type, term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.integers import arithmetic
from gatewright.frontends.python.memory import allocate, check_changeable, load, store
from gatewright.frontends.python.tree import CountedLoop, TreeBody
from gatewright.frontends.python.values import (
    ArrayValue,
    ArrayView,
    AxisIndex,
    ElementType,
    FixedPoint,
    LazyArray,
    Number,
    PythonBool,
    PythonFloat,
    PythonInt,
    SquareRoot,
    kind_of,
    python_int,
    whole,
)
from gatewright.numbers.types import Bool, Float, Integer, f64


def locate(state: Elaboration, view: ArrayView, indices: Sequence[Number]) -> list[Number]:
    """The indices into the memory of an element of a view."""
    found = []
    for place in view.places:
        position = place.offset
        for axis, step in place.terms:
            position = arithmetic(state, "+", position, arithmetic(state, "*", indices[axis], python_int(step)))
        found.append(position)
    return _unflatten(state, found[0], view.buffer.shape) if view.flat else found


def element_at(state: Elaboration, array: ArrayValue, indices: Sequence[Number]) -> Number:
    """The element of an array at `indices`, one non-negative Python integer for each axis."""
    if isinstance(array, ArrayView):
        return load(state, array.buffer, locate(state, array, indices))
    assert isinstance(array, LazyArray)
    return _computed(state, array, indices)


def _computed(state: Elaboration, array: LazyArray, indices: Sequence[Number]) -> Number:
    sources = {view.buffer for view, _ in array.sources}
    if any(buffer in sources for buffer, _ in state.stores[array.made_at :]):
        raise state.unsupported(
            "this expression changes an array that another part of it reads", remedy="assign the parts to names"
        )
    saved, state.builder.location = state.builder.location, array.location
    try:
        return array.compute(indices)
    finally:
        state.builder.location = saved


def _unflatten(state: Elaboration, position: Number, shape: tuple[int, ...]) -> list[Number]:
    """The indices of the element at a row-major position."""
    indices: list[Number] = []
    for extent in reversed(shape[1:]):
        indices.append(arithmetic(state, "%", position, python_int(extent)))
        position = arithmetic(state, "//", position, python_int(extent))
    return [position, *reversed(indices)]


def loop_nest(state: Elaboration, shape: Sequence[int], body: Callable[[list[Number]], None]) -> None:
    """Run `body` for every index of an array of `shape`, in row-major order."""

    def level(indices: list[Number]) -> None:
        axis = len(indices)
        if axis == len(shape):
            body(indices)
        elif shape[axis] == 1:
            level([*indices, python_int(0)])
        elif shape[axis] > 1:
            counted(state, shape[axis], (), lambda index, _: _no_results(level, [*indices, index]))

    level([])


def _no_results(level: Callable[[list[Number]], None], indices: list[Number]) -> tuple[()]:
    level(indices)
    return ()


def counted(
    state: Elaboration,
    count: int,
    initial: Sequence[Number],
    body: Callable[[Number, Sequence[Number]], Sequence[Number]],
) -> list[Number]:
    """A loop of a known count that carries numbers: `body(index, carried)` returns the next ones, of the same types."""
    builder = state.builder
    values = [term_of(state, number) for number in initial]
    block = TreeBody.of([IndexType(), *(value.type for value in values)])
    bounds = [builder.constant(value, IndexType()) for value in (0, count, 1)]
    index = state.python_int(block.parameters[0], Linear(0, ((BoundedInteger((Linear(0),), (Linear(count - 1),)), 1),)))
    with builder.inside(block):
        carried = [Number(n.type, argument) for n, argument in zip(initial, block.parameters[1:], strict=True)]
        following = body(index, [rebind(state, number) for number in carried])
        builder.leave(block, [term_of(state, number) for number in following])
    results = builder.add(CountedLoop(bounds[0], bounds[1], bounds[2], values, block))
    return [rebind(state, Number(n.type, result)) for n, result in zip(initial, results, strict=True)]


def rebind(state: Elaboration, number: Number) -> Number:
    """A number with bounds if it is a Python integer."""
    if isinstance(number.type, PythonInt) and number.term is not None:
        return state.python_int(number.term)
    return number


def broadcast_shape(state: Elaboration, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape in which arrays meet, by NumPy's rules."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        text = " and ".join(str(shape) for shape in shapes)
        raise state.mistake(f"arrays of shape {text} do not fit together", why="NumPy cannot broadcast them") from None


def broadcast_indices(indices: Sequence[Number], shape: tuple[int, ...]) -> list[Number]:
    """The indices into an operand of `shape` for the indices of what it is broadcast to."""
    own = indices[len(indices) - len(shape) :]
    return [python_int(0) if extent == 1 else index for index, extent in zip(own, shape, strict=True)]


def element_of(state: Elaboration, value: Number | ArrayValue, indices: Sequence[Number]) -> Number:
    """An operand's element at the indices of the result: a number is the same everywhere."""
    if isinstance(value, Number):
        return value
    return element_at(state, value, broadcast_indices(indices, value.shape))


def elementwise(
    state: Elaboration, compute: Callable[..., Number], operands: Sequence[Number | ArrayValue]
) -> Number | ArrayValue:
    """`compute` applied to numbers or, with broadcasting, to the elements of arrays."""
    arrays = [operand for operand in operands if isinstance(operand, ArrayValue)]
    if not arrays:
        return compute(*operands)
    shape = broadcast_shape(state, [array.shape for array in arrays])
    settled = [_settled(state, operand, shape) for operand in operands]

    def element(indices: Sequence[Number]) -> Number:
        return compute(*(element_of(state, operand, indices) for operand in settled))

    sources = [
        (view, same and operand.shape == shape)
        for operand in settled
        if isinstance(operand, ArrayValue)
        for view, same in operand.reads()
    ]
    return expression(state, shape, element, sources)


def _settled(state: Elaboration, operand: Number | ArrayValue, shape: tuple[int, ...]) -> Number | ArrayValue:
    """The operand, computed first if broadcasting would compute its elements again and again."""
    repeated = isinstance(operand, LazyArray) and prod(operand.shape) < prod(shape) and not operand.cheap
    return materialize(state, operand) if repeated and isinstance(operand, ArrayValue) else operand


def expression(
    state: Elaboration,
    shape: tuple[int, ...],
    compute: Callable[[Sequence[Number]], Number],
    sources: Sequence[tuple[ArrayView, bool]],
    cheap: bool = False,
) -> LazyArray:
    """An array expression; its type is that of an element, elaborated for trial."""
    with state.trial():
        probe = TreeBody.of([IndexType()] * len(shape))
        indices = [
            state.python_int(argument, Linear(0, ((BoundedInteger((Linear(0),), (Linear(max(extent - 1, 0)),)), 1),)))
            for argument, extent in zip(probe.parameters, shape, strict=True)
        ]
        type_ = compute(indices).type
    return LazyArray(type_, shape, compute, tuple(sources), len(state.stores), state.builder.location, cheap)


def element_type_of(state: Elaboration, array: ArrayValue) -> ElementType:
    """The type in which NumPy would keep the elements of an array."""
    match array.type:
        case Integer() | Bool() | FixedPoint() | Float():
            return array.type
        case PythonFloat() if state.options.precision is None:
            return f64
        case SquareRoot() if state.options.precision is None:
            return root_type(array.type)
        case PythonInt():
            return Integer(64)
        case PythonBool():
            return Bool()
        case SquareRoot():
            raise state.unsupported(
                "an array of square roots is floating point", remedy="convert it at once: np.sqrt(a).astype(np.uint32)"
            )
    raise state.unsupported(
        "an array of floats needs a format", remedy="multiply or convert it to gw.fixed(width, fraction)"
    )


def materialize(
    state: Elaboration, array: ArrayValue, name: str = "temporary", element: ElementType | None = None
) -> ArrayView:
    """A fresh local array with the elements of `array`."""
    element = element_type_of(state, array) if element is None else element
    target = whole(allocate(state, element, array.shape, name))
    fill_array(state, target, array)
    return target


def fill_array(state: Elaboration, target: ArrayView, value: Number | ArrayValue) -> None:
    """Store a number, or the elements of an array that does not overlap, into every element of `target`."""
    element = target.buffer.element
    if isinstance(value, Number):
        value = store_as(state, value, element)

    def body(indices: list[Number]) -> None:
        number = store_as(state, element_of(state, value, indices), element)
        store(state, target.buffer, number, locate(state, target, indices))

    loop_nest(state, target.shape, body)


def assign(state: Elaboration, target: ArrayView, value: Number | ArrayValue) -> None:
    """`target[...] = value`: the right side as it was before, even where it reads what is stored."""
    check_changeable(state, target.buffer)
    if isinstance(value, ArrayValue):
        shape = value.shape
        while len(shape) > len(target.shape) and shape[0] == 1:
            shape = shape[1:]
        if shape != value.shape:
            value = _without_leading_axes(state, value, len(value.shape) - len(shape))
        if broadcast_shape(state, [target.shape, shape]) != target.shape:
            raise state.mistake(f"an array of shape {value.shape} does not fit into {target.shape}")
        if any(_overlaps(target, view, same and value.shape == target.shape) for view, same in value.reads()):
            value = materialize(state, value)
    fill_array(state, target, value)


def _without_leading_axes(state: Elaboration, value: ArrayValue, count: int) -> ArrayValue:
    zeros = [python_int(0)] * count
    sources = [(view, False) for view, _ in value.reads()]
    return expression(state, value.shape[count:], lambda rest: element_at(state, value, [*zeros, *rest]), sources, True)


def _overlaps(target: ArrayView, source: ArrayView, same: bool) -> bool:
    """Whether storing one element may change another that is yet to be read."""
    if target.buffer is not source.buffer:
        return False
    if not same or target.flat or source.flat or target.shape != source.shape:
        return True
    return not all(
        extent == 1 or any(_tells_apart(a, b, axis) for a, b in zip(target.places, source.places, strict=True))
        for axis, extent in enumerate(target.shape)
    )


def _tells_apart(a: AxisIndex, b: AxisIndex, axis: int) -> bool:
    """Whether equal indices into the memory imply equal indices of the axis: both views step alike from one offset."""
    return a.terms == b.terms == ((axis, a.terms[0][1]),) and same_number(a.offset, b.offset) if a.terms else False


def same_number(a: Number, b: Number) -> bool:
    """Whether two Python integers are certainly equal."""
    if a.linear is not None and b.linear is not None and a.linear == b.linear:
        return True
    return a.term is not None and a.term is b.term


def array_of(state: Elaboration, value: object, what: str = "this") -> ArrayValue:
    """The value, which must be an array."""
    if isinstance(value, ArrayValue):
        return value
    raise state.unsupported(f"{what} must be an array, not {kind_of(value)}")
