"""What a `for` loop runs over: ranges, arrays, and `enumerate`, `zip` and `reversed` of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType

from gatewright.frontends.python.bounds import BoundedInteger, Linear
from gatewright.frontends.python.casts import number_of
from gatewright.frontends.python.conversion import term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.integers import arithmetic
from gatewright.frontends.python.subscripts import index
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import (
    ArrayValue,
    DirectedIterator,
    Number,
    RangeObject,
    Tuple,
    Value,
    ZippedIterator,
    kind_of,
    python_int,
)


@dataclass(frozen=True)
class IterationSpace:
    """A loop with a positive step: an index runs from `start` to `stop`, and `item` gives what it stands for."""

    start: Number
    stop: Number
    step: Number
    symbol: BoundedInteger
    """The unknown index, with its bounds."""
    item: Callable[[Number], Value]
    directives: tuple[tuple[str, int], ...] = ()
    """What is said about the loop: kinds of decisions and their values."""

    @property
    def runs(self) -> bool | None:
        """Whether it certainly runs (True) or certainly does not (False)."""
        assert self.start.linear is not None and self.stop.linear is not None
        length = self.stop.linear - self.start.linear
        least, greatest = length.least(), length.greatest()
        if least is not None and least >= 1:
            return True
        return False if greatest is not None and greatest <= 0 else None

    def bind(self, state: Elaboration, argument: TypedTerm) -> Value:
        """What the block argument with the index stands for."""
        return self.item(state.python_int(argument, Linear(0, ((self.symbol, 1),))))


def _index_symbol(start: Number, stop: Number, step: Number) -> BoundedInteger:
    assert start.linear is not None and stop.linear is not None
    last = stop.linear - Linear(1)
    if start.is_known and stop.is_known and step.is_known:
        last = Linear(range(start.known, stop.known, step.known)[-1]) if start.known < stop.known else last
    return BoundedInteger((start.linear,), (last,))


def iterate(state: Elaboration, value: Value) -> IterationSpace:
    """How to run over a value that is not a tuple."""
    match value:
        case RangeObject():
            return _over_range(state, value)
        case DirectedIterator():
            return replace(_over_range(state, value.iterated), directives=value.directives)
        case ArrayValue() | ZippedIterator():
            count, item = counted_items(state, value)
            zero, one = python_int(0), python_int(1)
            return IterationSpace(zero, count, one, _index_symbol(zero, count, one), item)
    raise state.unsupported(
        f"for cannot run over {kind_of(value)}", remedy="run over range(...), an array, or enumerate or zip of these"
    )


def _over_range(state: Elaboration, value: RangeObject) -> IterationSpace:
    start, stop, step = value.start, value.stop, value.step
    if step.is_known and step.known > 0:
        return IterationSpace(start, stop, step, _index_symbol(start, stop, step), lambda i: i)
    count, item = _counted_range(state, value)
    zero, one = python_int(0), python_int(1)
    return IterationSpace(zero, count, one, _index_symbol(zero, count, one), item)


def counted_items(state: Elaboration, value: Value) -> tuple[Number, Callable[[Number], Value]]:
    """The number of items of something to run over, and the item at a position."""
    match value:
        case RangeObject():
            return _counted_range(state, value)
        case ArrayValue():
            return python_int(_length(state, value)), lambda i: index(state, value, [i])
        case ZippedIterator(kind="enumerate"):
            count, item = counted_items(state, value.parts[0])
            return count, lambda i: Tuple((arithmetic(state, "+", value.start, i), item(i)))
        case ZippedIterator(kind="reversed"):
            count, item = counted_items(state, value.parts[0])
            last = arithmetic(state, "-", count, python_int(1))
            return count, lambda i: item(arithmetic(state, "-", last, i))
        case ZippedIterator():
            return _zipped(state, value)
        case Tuple():
            raise state.unsupported("for cannot run over a tuple together with something else")
    raise state.unsupported(f"for cannot run over {kind_of(value)}")


def _zipped(state: Elaboration, value: ZippedIterator) -> tuple[Number, Callable[[Number], Value]]:
    parts = [counted_items(state, part) for part in value.parts]
    count = parts[0][0]
    for other, _ in parts[1:]:
        count = arithmetic(state, "min", count, other)
    return count, lambda i: Tuple(tuple(item(i) for _, item in parts))


def _length(state: Elaboration, array: ArrayValue) -> int:
    if not array.shape:
        raise state.mistake("for cannot run over a single number")
    return array.shape[0]


def _counted_range(state: Elaboration, value: RangeObject) -> tuple[Number, Callable[[Number], Number]]:
    """The count of a range of any step, `ceil((stop - start) / step)`, and its item at a position."""
    start, stop, step = value.start, value.stop, value.step
    count = range_count(state, value)

    def item(position: Number) -> Number:
        moved = arithmetic(state, "+", start, arithmetic(state, "*", position, step))
        if moved.term is None or (step.is_known and abs(step.known) == 1) or not step.is_known:
            return moved
        assert start.linear is not None and stop.linear is not None
        low, high = (
            (start.linear, stop.linear - Linear(1)) if step.known > 0 else (stop.linear + Linear(1), start.linear)
        )
        return Number(moved.type, moved.term, linear=Linear(0, ((BoundedInteger((low,), (high,)), 1),)))

    return count, item


def range_count(state: Elaboration, value: RangeObject) -> Number:
    """How many items a range has; 0 or less for none."""
    start, stop, step = value.start, value.stop, value.step
    if start.is_known and stop.is_known and step.is_known:
        return python_int(len(range(start.known, stop.known, step.known)))
    size, distance = step, arithmetic(state, "-", stop, start)
    if step.is_known and step.known < 0:
        size, distance = python_int(-step.known), arithmetic(state, "-", start, stop)
    elif not step.is_known:
        zero = state.builder.constant(0, IndexType())
        forward = state.builder.pure(arith.CmpiOp, term_of(state, step), zero, "sgt")
        backward = arithmetic(state, "-", start, stop)
        opposite = arithmetic(state, "-", python_int(0), step)
        choose = state.builder.pure
        distance = state.python_int(choose(arith.SelectOp, forward, term_of(state, distance), term_of(state, backward)))
        size = state.python_int(choose(arith.SelectOp, forward, term_of(state, step), term_of(state, opposite)))
    padded = arithmetic(state, "+", distance, arithmetic(state, "-", size, python_int(1)))
    return arithmetic(state, "//", padded, size)


def progression(state: Elaboration, values: list[Number]) -> RangeObject:
    """`range(*values)`, its parts Python integers."""
    zero, one = python_int(0), python_int(1)
    start, stop, step = (zero, values[0], one) if len(values) == 1 else (*values, one)[:3]
    if step.is_known and step.known == 0:
        raise state.mistake("range() cannot have the step 0")
    return RangeObject(number_of(state, start), stop, step)
