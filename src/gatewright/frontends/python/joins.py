"""Where paths meet: the values of a name on two paths become one, of a type that holds both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from xdsl.dialects import arith

from gatewright.frontends.python import floating_point
from gatewright.frontends.python.arrays import fill_array, same_number
from gatewright.frontends.python.bounds import Linear, between
from gatewright.frontends.python.casts import convert
from gatewright.frontends.python.conversion import is_weak, term_of
from gatewright.frontends.python.elaboration import RESULT, Elaboration
from gatewright.frontends.python.exits import is_made_up
from gatewright.frontends.python.memory import allocate
from gatewright.frontends.python.operators import logical_not
from gatewright.frontends.python.promotion import joined
from gatewright.frontends.python.tree import TreeBody, TreeChoice, TypedTerm
from gatewright.frontends.python.values import (
    LOCAL,
    ArrayView,
    Buffer,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    PythonObject,
    SquareRoot,
    Tuple,
    Unbound,
    Value,
    WideInteger,
    kind_of,
    whole,
)
from gatewright.numbers.types import Float, Integer

CHOICE = "<choice>"
"""The name under which a branch leaves the value of a conditional expression."""
_MOST_ALTERNATIVES = 6


def same_value(a: Value, b: Value) -> bool:
    """Whether two values are certainly the same object, or equal numbers of one type."""
    if isinstance(a, ArrayView) and isinstance(b, ArrayView):
        return (
            a.buffer is b.buffer
            and (a.shape, a.flat) == (b.shape, b.flat)
            and all(
                p.terms == q.terms and same_number(p.offset, q.offset) for p, q in zip(a.places, b.places, strict=True)
            )
        )
    if isinstance(a, Tuple) and isinstance(b, Tuple):
        return len(a.items) == len(b.items) and all(map(same_value, a.items, b.items))
    if isinstance(a, Number) and isinstance(b, Number):
        return (a.type, a.possible_types) == (b.type, b.possible_types) and a.has_constant_of(b) and a.term is b.term
    if isinstance(a, PythonObject) and isinstance(b, PythonObject):
        return a.value is b.value
    return a is b


def common_number_type(state: Elaboration, *numbers: Number) -> NumberType | None:
    """The type of a variable that is one of the numbers, depending on the path, or None: it holds all of them.

    It is NumPy's promotion of the types, or a wider one where a Python integer may not fit that.
    """
    first, *others = numbers
    format_ = state.options.fixed_format()
    if isinstance(first.type, PythonFloat) and all(n.type == first.type and n.has_constant_of(first) for n in others):
        return first.type
    if format_ is None and any(isinstance(n.type, (Float, PythonFloat)) for n in numbers):
        return _common_float_type(numbers)
    type_: NumberType | None = first.type
    for other in others:
        type_ = joined(type_, other.type) if type_ is not None else None
    if isinstance(type_, Integer):
        candidates = (type_, Integer(64), WideInteger(65))
        type_ = next(wider for wider in candidates if all(_fits(number, wider) for number in numbers))
    if type_ is None and format_ is not None and any(isinstance(n.type, (FixedPoint, PythonFloat)) for n in numbers):
        return FixedPoint(format_.bits, format_.fraction)
    return type_


def _common_float_type(numbers: Sequence[Number]) -> NumberType | None:
    """The type of a variable that is one of some numbers, at least one of them a float."""
    strong = [number for number in numbers if isinstance(number.type, Float)]
    kept = strong[0] if strong else numbers[0]
    type_: NumberType | None = kept.type
    for number in numbers:
        type_ = floating_point.joined(kept, number) if number.type != type_ else type_
        if type_ is None:
            return None
    return type_


def _fits(number: Number, type_: Integer) -> bool:
    """Whether the type holds every value that the number may have; Python integers have 64 bits."""
    if isinstance(number.type, PythonInt):
        if type_.signed and type_.bits >= 64:
            return True
        least, greatest = number_bounds(number) or (None, None)
        return least is not None and greatest is not None and type_.minimum <= least and greatest <= type_.maximum
    if isinstance(number.type, Integer):
        return type_.minimum <= number.type.minimum and number.type.maximum <= type_.maximum
    return type_.maximum >= 1


def possible_types_of(numbers: Sequence[Number], type_: NumberType) -> tuple[Number, ...]:
    """What a joined variable may be, if its type depends on the path."""
    seen: dict[Number, None] = {}
    for number in numbers:
        for one in number.possible_types or (number,):
            seen[Number(one.type, constant=one.constant if isinstance(one.type, PythonInt) else None)] = None
    if isinstance(type_, (FixedPoint, Float, PythonFloat)) or all(
        one.type == type_ or _is_python(one, type_) for one in seen
    ):
        return ()
    unknown = any(isinstance(one.type, PythonInt) and not one.is_known for one in seen)
    if unknown or len(seen) > _MOST_ALTERNATIVES:
        seen = dict.fromkeys(Number(one.type) for one in seen)
    return tuple(seen)


def _is_python(number: Number, type_: NumberType) -> bool:
    return is_weak(number) and isinstance(type_, PythonInt)


def mismatch(name: str, a: Value, b: Value) -> Unbound:
    """What a name becomes when its values on two paths have no common type."""
    exact = [isinstance(value, Number) and isinstance(value.type, FixedPoint) for value in (a, b)]
    weak = [isinstance(value, Number) and is_weak(value) for value in (a, b)]
    if any(exact) and any(weak):
        return Unbound(
            f"{name} is a Python integer on one path and a fixed-point number on another",
            f"give it a format where it is first assigned, as in {name} = gw.fixed(32, 16)(0)",
        )
    return Unbound(f"{name} is {kind_of(a)} on one path and {kind_of(b)} on another")


def open_number(state: Elaboration, a: Number, b: Number) -> Number | None:
    """A number for a variable that is `a` on one path and `b` on the other, its term yet to come; or None."""
    if (type_ := common_number_type(state, a, b)) is None:
        return None
    linear = hull(a, b) if isinstance(type_, PythonInt) else None
    return Number(type_, linear=linear, possible_types=possible_types_of((a, b), type_))


def hull(*numbers: Number) -> Linear | None:
    """A fresh unknown between the least and the greatest value of Python integers; None if one is of another type."""
    bounds = [number_bounds(number) for number in numbers]
    if None in bounds:
        return None
    lows, highs = zip(*(bound for bound in bounds if bound is not None), strict=True)
    return between(None if None in lows else min(lows), None if None in highs else max(highs))


def number_bounds(number: Number) -> tuple[int | None, int | None] | None:
    """The least and the greatest value of a Python integer or truth value; None for other types."""
    if isinstance(number.type, PythonBool):
        return 0, 1
    return None if number.linear is None else (number.linear.least(), number.linear.greatest())


def fill(state: Elaboration, value: Value, results: Iterator[TypedTerm]) -> Value:
    """The value with its open numbers given their terms, in order."""
    if isinstance(value, Tuple):
        return Tuple(tuple(fill(state, item, results) for item in value.items))
    if not isinstance(value, Number) or value.term is not None or value.is_known:
        return value
    term = next(results)
    if isinstance(value.type, PythonInt):
        return state.python_int(term, value.linear)
    return Number(value.type, term, possible_types=value.possible_types)


class _Merge:
    """Finds the values of names after two blocks, and collects what the blocks yield for them."""

    def __init__(
        self, state: Elaboration, blocks: Sequence[TreeBody], ends: Sequence[dict[str, Value]], live: set[str]
    ):
        self.state, self.blocks, self.ends, self.live = state, blocks, ends, live
        self.yields: list[list[TypedTerm]] = [[] for _ in blocks]

    def value(self, name: str, a: Value, b: Value) -> Value:
        """The value of a name that is `a` after the first block and `b` after the second, its numbers open."""
        if same_value(a, b):
            return a
        for value in (a, b):
            if isinstance(value, Unbound):
                return value
        if isinstance(a, Number) and isinstance(b, Number):
            return self._number(name, a, b)
        if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
            return Tuple(tuple(self.value(name, x, y) for x, y in zip(a.items, b.items, strict=True)))
        if isinstance(a, ArrayView) and isinstance(b, ArrayView) and a.shape == b.shape and a.type == b.type:
            return self._array(name, a, b)
        return mismatch(name, a, b)

    def _number(self, name: str, a: Number, b: Number) -> Value:
        if (merged := open_number(self.state, a, b)) is None:
            return mismatch(name, a, b)
        for block, ends, number in zip(self.blocks, self.yields, (a, b), strict=True):
            with self.state.builder.inside(block):
                ends.append(term_of(self.state, convert(self.state, number, merged.type)))
        return merged

    def _array(self, name: str, a: ArrayView, b: ArrayView) -> Value:
        spoken = "the chosen array" if name == CHOICE else name
        merged = whole(allocate(self.state, a.buffer.element, a.shape, spoken))
        for block, source in zip(self.blocks, (a, b), strict=True):
            with self.state.builder.inside(block):
                fill_array(self.state, merged, source)
        for source in (a, b):
            if is_shared(self.state, source.buffer, name, self.ends, self.live):
                note_merged(self.state, spoken, merged.buffer, source)
        return merged


def branch(state: Elaboration, condition: Number, arms: Sequence[Callable[[], None]], live: Iterable[str]) -> None:
    """Two paths, by a condition that is not known while compiling; `live` are the names needed afterwards."""
    before = dict(state.frame.names)
    blocks, ends = [TreeBody(), TreeBody()], []
    for block, arm in zip(blocks, arms, strict=True):
        state.frame.names = dict(before)
        with state.builder.inside(block):
            arm()
        ends.append(state.frame.names)
    merge_blocks(state, condition, blocks, ends, live)


def merge_blocks(
    state: Elaboration,
    condition: Number,
    blocks: Sequence[TreeBody],
    ends: Sequence[dict[str, Value]],
    live: Iterable[str],
) -> None:
    """Join two bodies that have been filled, at whose ends the names have the values `ends`."""
    merge = _Merge(state, blocks, ends, {*live, RESULT})
    names = {}
    for name in dict.fromkeys(name for end in ends for name in end):
        a, b = (end.get(name) or _missing(name, ends) for end in ends)
        if same_value(a, b) or name in merge.live:
            names[name] = merge.value(name, a, b)
    results = iter(_if(state, condition, blocks, merge.yields))
    state.frame.names = {name: fill(state, value, results) for name, value in names.items()}


def _missing(name: str, ends: Sequence[dict[str, Value]]) -> Value:
    """What a name is at the end of a path on which it has no value; nobody reads that of a made-up name."""
    if is_made_up(name):
        return _like(next(end[name] for end in ends if name in end))
    return Unbound(f"{name} has a value on some paths to here only")


def _like(value: Value) -> Value:
    """Some value of the same type, that needs no computation."""
    if isinstance(value, Tuple):
        return Tuple(tuple(_like(item) for item in value.items))
    if isinstance(value, Number) and not value.possible_types and not isinstance(value.type, SquareRoot):
        return Number(value.type, constant=0, linear=Linear(0) if isinstance(value.type, PythonInt) else None)
    return value


def _if(
    state: Elaboration, condition: Number, blocks: Sequence[TreeBody], yields: Sequence[Sequence[TypedTerm]]
) -> Sequence[TypedTerm]:
    """End the bodies and build the choice of them; a choice between values that exist already is a select."""
    builder = state.builder
    empty = [not block.nodes for block in blocks]
    if all(empty):
        value = term_of(state, condition) if yields[0] else None
        return [
            a if a is b else builder.pure(arith.SelectOp, value, a, b)
            for a, b in zip(*yields, strict=True)
            if value is not None
        ]
    if empty[0] and not yields[0]:
        condition, blocks = logical_not(state, condition), blocks[::-1]
        empty = empty[::-1]
    for block, ends in zip(blocks, yields, strict=True):
        builder.leave(block, ends)
    otherwise = blocks[1] if yields[0] or not empty[1] else None
    return builder.add(TreeChoice(term_of(state, condition), blocks[0], otherwise))


def note_merged(state: Elaboration, name: str, merged: Buffer, source: ArrayView) -> None:
    """Forbid stores to a copy and to what it was copied from, as both can still be reached."""
    if source.buffer is not merged:
        state.merged.append((merged, source.buffer.name))
        state.merged.append((source.buffer, name))


def is_shared(
    state: Elaboration, buffer: Buffer, name: str, ends: Sequence[dict[str, Value]], live: Iterable[str]
) -> bool:
    """Whether a memory can be reached by anything but the variable `name` of the current function.

    `ends` are the names of this function at the ends of the paths, `live` those that are needed afterwards.
    """
    if buffer.kind != LOCAL:
        return True
    needed = set(live) - {name}
    own = [value for end in ends for other, value in end.items() if other in needed]
    outer = [value for frame in state.frames[:-1] for value in frame.names.values()]
    return any(_reaches(value, buffer) for value in own + outer)


def _reaches(value: Value, buffer: Buffer) -> bool:
    if isinstance(value, Tuple):
        return any(_reaches(item, buffer) for item in value.items)
    return isinstance(value, ArrayView) and value.buffer is buffer
