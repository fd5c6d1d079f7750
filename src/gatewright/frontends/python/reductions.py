"""Reductions of arrays along axes: sums, products, extremes, and products of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from gatewright.frontends.python import fixed_point, floating_point
from gatewright.frontends.python.arrays import (
    array_of,
    broadcast_indices,
    broadcast_shape,
    counted,
    element_at,
    elementwise,
    expression,
    materialize,
)
from gatewright.frontends.python.builtin_functions import select
from gatewright.frontends.python.casts import convert, store_as
from gatewright.frontends.python.dtypes import named_type, strong
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.operators import binary, common_type, number_binary, number_compare
from gatewright.frontends.python.tables import Arguments, function, known_int, method
from gatewright.frontends.python.values import (
    ArrayValue,
    FixedPoint,
    LazyArray,
    Number,
    NumberType,
    PythonFloat,
    PythonObject,
    Tuple,
    Value,
    kind_of,
    python_int,
)
from gatewright.numbers.types import Bool, Float, Integer, f64

ElementAt = Callable[[Sequence[Number]], Number]
Whole = Callable[[list[int], ElementAt], Number]
"""What reduces all elements of given extents to one number."""


def fold(
    state: Elaboration, shape: Sequence[int], initial: Sequence[Number], step: Callable[..., Sequence[Number]]
) -> list[Number]:
    """Carry numbers through all indices of `shape` in row-major order: `step(indices, carried)` gives the next ones."""

    def level(indices: list[Number], carried: Sequence[Number]) -> Sequence[Number]:
        axis = len(indices)
        if axis == len(shape):
            return step(indices, carried)
        if shape[axis] == 1:
            return level([*indices, python_int(0)], carried)
        return counted(state, shape[axis], carried, lambda index, inner: level([*indices, index], inner))

    return list(level([], initial)) if prod(shape) else list(initial)


def reduce_axes(
    state: Elaboration, array: ArrayValue, axis: Value | None, keepdims: Value | None, whole: Whole
) -> Value:
    """`whole` applied to the elements along the axes, for every index of the other axes."""
    rank = len(array.shape)
    axes, keep = parse_axes(state, axis, rank), keepdims is not None and bool(known_int(state, keepdims, "keepdims"))
    extents = [array.shape[a] for a in axes]
    left = [a for a in range(rank) if a not in axes]
    shape = tuple(1 if a in axes else array.shape[a] for a in range(rank) if keep or a in left)

    def element(outer: Sequence[Number]) -> Number:
        outside = dict(zip(left, [outer[a] for a in left] if keep else outer, strict=True))

        def inner(indices: Sequence[Number]) -> Number:
            position = outside | dict(zip(axes, indices, strict=True))
            return element_at(state, array, [position[a] for a in range(rank)])

        return whole(extents, inner)

    return expression(state, shape, element, [(v, False) for v, _ in array.reads()]) if shape else element([])


def _first(state: Elaboration, extents: Sequence[int], element: ElementAt) -> Number:
    if prod(extents) == 0:
        raise state.mistake("this looks for an element in an array that has none")
    return element([python_int(0)] * len(extents))


def parse_axes(state: Elaboration, value: Value | None, rank: int) -> list[int]:
    """The axes that an `axis` argument names, by default all."""
    if value is None or (isinstance(value, PythonObject) and value.value is None):
        return list(range(rank))
    axes = [known_int(state, item, "an axis") for item in (value.items if isinstance(value, Tuple) else (value,))]
    for axis in axes:
        if not -rank <= axis < rank:
            raise state.mistake(f"axis {axis} is outside an array of {rank} axes")
    return sorted({axis % rank for axis in axes})


def sum_type(type_: NumberType, count: int) -> NumberType:
    """The type in which NumPy sums integers, at least 64 bits wide; for fixed point, one that no sum can leave."""
    if isinstance(type_, FixedPoint):
        return FixedPoint(type_.bits + (count - 1).bit_length(), type_.fraction)
    if isinstance(type_, (Float, PythonFloat)):
        return type_
    return Integer(64, not isinstance(type_, Integer) or type_.signed)


def accumulate(state: Elaboration, operator: str, total: Number, value: Number) -> Number:
    """The next partial result, of the type of the total."""
    value = convert(state, value, total.type)
    if isinstance(total.type, FixedPoint):
        return fixed_point.add_within(state, total, value)
    return number_binary(state, operator, total, value)


def _accumulation(state: Elaboration, operator: str, array: Value | None, options: Sequence[Value | None]) -> Value:
    """A sum or product in the type that NumPy gives it."""
    array = array_of(state, array)
    axis, dtype, keepdims = options
    if isinstance(array.type, FixedPoint) and (dtype is not None or operator == "*"):
        raise state.unsupported("fixed-point numbers have no product of elements, and their sum no dtype")

    def whole(extents: list[int], element: ElementAt) -> Number:
        type_ = sum_type(array.type, prod(extents)) if dtype is None else named_type(state, dtype)
        start = store_as(state, python_int(0 if operator == "+" else 1), type_)
        return fold(state, extents, [start], lambda at, seen: [accumulate(state, operator, seen[0], element(at))])[0]

    return reduce_axes(state, array, axis, keepdims, whole)


def _extreme(state: Elaboration, operator: str, array: Value | None, options: Sequence[Value | None]) -> Value:
    """The smallest or largest element."""
    axis, keepdims = options

    def whole(extents: list[int], element: ElementAt) -> Number:
        first = _first(state, extents, element)
        step = lambda at, seen: [number_binary(state, operator, seen[0], element(at))]  # noqa: E731
        return fold(state, extents, [first], step)[0]

    return reduce_axes(state, array_of(state, array), axis, keepdims, whole)


def _truth(state: Elaboration, operator: str, array: Value | None, options: Sequence[Value | None]) -> Value:
    """Whether any or all elements are true."""
    axis, keepdims = options
    start = Number(Bool(), constant=int(operator == "&"))

    def whole(extents: list[int], element: ElementAt) -> Number:
        step = lambda at, seen: [number_binary(state, operator, seen[0], convert(state, element(at), Bool()))]  # noqa: E731
        return fold(state, extents, [start], step)[0]

    return reduce_axes(state, array_of(state, array), axis, keepdims, whole)


def _position(state: Elaboration, operator: str, array: Value | None, axis: Value | None) -> Value:
    """The index of the first smallest or largest element: `operator` says when another one is better."""
    array = array_of(state, array)

    def whole(extents: list[int], element: ElementAt) -> Number:
        first = [python_int(0), python_int(0), _first(state, extents, element)]

        def step(at: Sequence[Number], seen: Sequence[Number]) -> list[Number]:
            count, best_at, best = seen
            value = element(at)
            beats = floating_point.beats if isinstance(value.type, Float) else number_compare
            better = beats(state, operator, value, best)
            chosen = [select(state, better, count, best_at), select(state, better, value, best)]
            return [number_binary(state, "+", count, python_int(1)), *chosen]

        return convert(state, fold(state, extents, first, step)[1], Integer(64))

    return reduce_axes(state, array, axis, None, whole)


def matrix_product(state: Elaboration, a: Value | None, b: Value | None) -> Value:
    """`a @ b`: the products are summed in the type that NumPy gives a product, fixed-point ones exactly."""
    left, right = array_of(state, a, "an operand of @"), array_of(state, b, "an operand of @")
    if not left.shape or not right.shape or left.shape[-1] != right.shape[-2 if len(right.shape) > 1 else 0]:
        raise state.mistake(f"arrays of shape {left.shape} and {right.shape} cannot be multiplied as matrices")
    left, right = (
        materialize(state, side) if isinstance(side, LazyArray) and not side.cheap else side for side in (left, right)
    )
    rows, columns = left.shape[-2:-1], right.shape[-1:] if len(right.shape) > 1 else ()
    outer = broadcast_shape(state, [left.shape[:-2], right.shape[:-2]])
    shape, inner = (*outer, *rows, *columns), left.shape[-1]

    def element(indices: Sequence[Number]) -> Number:
        batch, own = list(indices[: len(outer)]), list(indices[len(outer) :])
        row, column = own[: len(rows)], own[len(rows) :]
        of_left, of_right = (broadcast_indices(batch, side.shape[:-2]) for side in (left, right))

        def product(at: Number) -> Number:
            x = element_at(state, left, [*of_left, *row, at])
            y = element_at(state, right, [*of_right, at, *column])
            return number_binary(state, "*", x, y)

        type_ = _product_type(state, left, right, inner)
        start = store_as(state, python_int(0), type_)
        return fold(state, [inner], [start], lambda at, seen: [accumulate(state, "+", seen[0], product(at[0]))])[0]

    sources = [(view, False) for side in (left, right) for view, _ in side.reads()]
    return expression(state, shape, element, sources) if shape else element([])


def _product_type(state: Elaboration, left: ArrayValue, right: ArrayValue, count: int) -> NumberType:
    a, b = Number(left.type), Number(right.type)
    if isinstance(a.type, FixedPoint) or isinstance(b.type, FixedPoint):
        with state.trial():
            zeros = [element_at(state, side, [python_int(0)] * len(side.shape)) for side in (left, right)]
            return sum_type(number_binary(state, "*", *zeros).type, count)
    if isinstance(a.type, Float) or isinstance(b.type, Float):
        found = floating_point.union(a.type, b.type)
        assert found is not None
        return found
    return common_type(state, a, b)


REDUCTIONS: tuple[tuple[str, object, Callable[..., Value], str, tuple[str, ...], str], ...] = (
    ("sum", np.sum, _accumulation, "+", ("axis", "dtype", "keepdims"), "The sum, of all elements or along axes."),
    ("prod", np.prod, _accumulation, "*", ("axis", "dtype", "keepdims"), "The product of elements."),
    ("min", np.min, _extreme, "min", ("axis", "keepdims"), "The smallest element, of all or along axes."),
    ("max", np.max, _extreme, "max", ("axis", "keepdims"), "The largest element, of all or along axes."),
    ("any", np.any, _truth, "|", ("axis", "keepdims"), "Whether any element is true."),
    ("all", np.all, _truth, "&", ("axis", "keepdims"), "Whether all elements are true."),
)
"""Each reduction as a function and as a method: what elaborates it, operator and options."""


def _enter(
    name: str, thing: object, elaborate: Callable[..., Value], operator: str, options: tuple[str, ...], note: str
):
    def of_function(state: Elaboration, arguments: Arguments) -> Value:
        array, *given = arguments.bind(state, "a", *options)
        return elaborate(state, operator, array, given)

    def of_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
        return elaborate(state, operator, owner, arguments.bind(state, *options, least=0))

    of_function.__doc__ = of_method.__doc__ = note
    function(thing, f"np.{name}")(of_function)
    method(name)(of_method)


for _reduction in REDUCTIONS:
    _enter(*_reduction)


def _mean(state: Elaboration, array: Value | None, options: Sequence[Value | None]) -> Value:
    """The sum divided by the number of elements; of integers in float64."""
    of = array_of(state, array)
    axis, dtype, keepdims = options
    if isinstance(of.type, FixedPoint) or state.options.precision is not None:
        raise state.unsupported("the mean of fixed-point numbers has no format", remedy="divide their sum by 2**n")
    if dtype is None and not isinstance(of.type, Float):
        dtype = PythonObject(f64)
    count = prod(of.shape[a] for a in parse_axes(state, axis, len(of.shape)))
    total = _accumulation(state, "+", of, (axis, dtype, keepdims))
    return binary(state, "/", total, python_int(count))


@function(np.mean, "np.mean")
def elaborate_mean(state: Elaboration, arguments: Arguments) -> Value:
    """The mean, of all elements or along axes; the sum is taken element by element."""
    array, *options = arguments.bind(state, "a", "axis", "dtype", "keepdims")
    return _mean(state, array, options)


@method("mean")
def elaborate_mean_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The mean, of all elements or along axes; the sum is taken element by element."""
    return _mean(state, owner, arguments.bind(state, "axis", "dtype", "keepdims", least=0))


@function(np.argmin, "np.argmin")
def elaborate_argmin(state: Elaboration, arguments: Arguments) -> Value:
    """The index of the first smallest element."""
    array, axis = arguments.bind(state, "a", "axis")
    return _position(state, "<", array, axis)


@function(np.argmax, "np.argmax")
def elaborate_argmax(state: Elaboration, arguments: Arguments) -> Value:
    """The index of the first largest element."""
    array, axis = arguments.bind(state, "a", "axis")
    return _position(state, ">", array, axis)


@method("argmin")
def elaborate_argmin_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The index of the first smallest element."""
    (axis,) = arguments.bind(state, "axis", least=0)
    return _position(state, "<", owner, axis)


@method("argmax")
def elaborate_argmax_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The index of the first largest element."""
    (axis,) = arguments.bind(state, "axis", least=0)
    return _position(state, ">", owner, axis)


@function(np.matmul, "np.matmul")
def elaborate_matmul(state: Elaboration, arguments: Arguments) -> Value:
    """The product of matrices and vectors, as `@`."""
    a, b = arguments.bind(state, "a", "b", least=2)
    return matrix_product(state, a, b)


@function(np.dot, "np.dot")
def elaborate_dot(state: Elaboration, arguments: Arguments) -> Value:
    """The product of two vectors or matrices."""
    a, b = arguments.bind(state, "a", "b", least=2)
    return dot(state, a, b)


@method("dot")
def elaborate_dot_method(state: Elaboration, owner: Value, arguments: Arguments) -> Value:
    """The product of two vectors or matrices."""
    (b,) = arguments.bind(state, "b")
    return dot(state, owner, b)


def _strong_operand(state: Elaboration, value: Value | None) -> Number | ArrayValue:
    """A number or an array, a number with a type of its own."""
    found = strong(state, value) if value is not None else None
    if not isinstance(found, (Number, ArrayValue)):
        raise state.unsupported(f"np.dot works on numbers and arrays, not {kind_of(value)}")
    return found


def dot(state: Elaboration, a: Value | None, b: Value | None) -> Value:
    """`np.dot` of arrays of at most two axes, where it is `@`; with a number, it multiplies."""
    if isinstance(a, Number) or isinstance(b, Number):
        sides = [_strong_operand(state, side) for side in (a, b)]
        return elementwise(state, lambda x, y: number_binary(state, "*", x, y), sides)
    if any(isinstance(side, ArrayValue) and len(side.shape) > 2 for side in (a, b)):
        raise state.unsupported("np.dot works on arrays of at most two axes", remedy="use @")
    return matrix_product(state, a, b)
