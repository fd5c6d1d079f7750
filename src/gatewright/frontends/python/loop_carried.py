"""Loops carry the names that they assign and that are needed later; their types are found by trying."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xdsl.ir import Attribute

from gatewright.frontends.python.arrays import fill_array, materialize
from gatewright.frontends.python.casts import convert
from gatewright.frontends.python.conversion import is_weak, term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.joins import common_number_type, hull, mismatch, possible_types_of, same_value
from gatewright.frontends.python.memory import allocate
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import (
    ArrayView,
    FixedPoint,
    Number,
    PythonFloat,
    Tuple,
    Unbound,
    Value,
    ir_type_of,
    whole,
)

MOST_TRIES = 12
"""Types only ever grow, and there are few of them, so that a loop settles sooner."""


@dataclass
class LoopCarried:
    """What a loop carries, as far as it is known: for each name a value whose numbers are open, and merged arrays."""

    values: dict[str, Value]
    copies: dict[str, ArrayView] = field(default_factory=dict)
    """The memories of names that mean different arrays in different iterations."""
    changed: bool = False
    first_only: bool = False
    """Whether this is the first iteration alone, whose names have the values from before the loop."""

    def types(self) -> list[Attribute]:
        """The IR types of the open numbers, in order."""
        return [ir_type_of(number.type) for value in self.values.values() for number in open_numbers(value)]


def carried_at_entry(names: Sequence[str], entry: dict[str, Value]) -> LoopCarried:
    """The first guess: names keep the types they have before the loop, and arrays stay the same."""
    found = {}
    for name in names:
        if (value := entry.get(name)) is not None and not isinstance(value, Unbound):
            found[name] = _opened(value)
    return LoopCarried(found)


def _opened(value: Value) -> Value:
    match value:
        case Tuple():
            return Tuple(tuple(_opened(item) for item in value.items))
        case Number() if not isinstance(value.constant, float):
            return Number(value.type, possible_types=value.possible_types)
    return value


def open_numbers(value: Value) -> Iterator[Number]:
    """The numbers in a value whose terms are yet to come, in order."""
    if isinstance(value, Tuple):
        for item in value.items:
            yield from open_numbers(item)
    elif isinstance(value, Number) and value.term is None and not value.is_known:
        yield value


def initial(state: Elaboration, carried: LoopCarried, entry: dict[str, Value]) -> list[TypedTerm]:
    """The values with which the loop starts, converted to what it carries; arrays are copied."""
    for name, copy in carried.copies.items():
        source = entry[name]
        assert isinstance(source, ArrayView)
        fill_array(state, copy, source)
    return [value for name, target in carried.values.items() for value in _converted(state, target, entry[name])]


def following(state: Elaboration, carried: LoopCarried, end: dict[str, Value]) -> list[TypedTerm]:
    """The values for the next iteration."""
    sources = {name: end[name] for name in carried.copies}
    overwritten = {copy.buffer for copy in carried.copies.values()}
    for name, source in sources.items():
        assert isinstance(source, ArrayView)
        if source.buffer in overwritten and not same_value(source, carried.copies[name]):
            sources[name] = materialize(state, source)
    for name, source in sources.items():
        if not same_value(source, carried.copies[name]):
            assert isinstance(source, ArrayView)
            fill_array(state, carried.copies[name], source)
    return [value for name, target in carried.values.items() for value in _converted(state, target, end[name])]


def _converted(state: Elaboration, target: Value, value: Value) -> Iterator[TypedTerm]:
    if isinstance(target, Tuple):
        assert isinstance(value, Tuple)
        for part, item in zip(target.items, value.items, strict=True):
            yield from _converted(state, part, item)
    elif isinstance(target, Number) and target.term is None and not target.is_known:
        assert isinstance(value, Number)
        yield term_of(state, convert(state, value, target.type))


def refined(state: Elaboration, carried: LoopCarried, entry: dict[str, Value], end: dict[str, Value]) -> LoopCarried:
    """What the loop must carry, after a try with `carried` ended in `end`; `changed` if that is something else."""
    better = LoopCarried(dict(carried.values), dict(carried.copies))
    for name, value in carried.values.items():
        last = end.get(name, Unbound(f"{name} has no value on some path to here"))
        new = _joined(state, name, entry[name], value, last)
        if isinstance(new, ArrayView) and not same_value(new, value):
            if name not in better.copies:
                better.copies[name] = whole(allocate(state, new.buffer.element, new.shape, name))
                better.changed = True
            new = better.copies[name]
        better.changed |= not same_value(new, value)
        better.values[name] = new
    return better


def _joined(state: Elaboration, name: str, entry: Value, a: Value, b: Value) -> Value:
    """The value that a name carries, which was `a` so far and is `b` at the end of the body; a changed array is `b`."""
    if same_value(a, b):
        return a
    if isinstance(a, Unbound) or isinstance(b, Unbound):
        return a if isinstance(a, Unbound) else b
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        assert isinstance(entry, Tuple)
        triples = zip(entry.items, a.items, b.items, strict=True)
        return Tuple(tuple(_joined_item(state, name, *triple) for triple in triples))
    if isinstance(a, Number) and isinstance(b, Number):
        assert isinstance(entry, Number)
        return _joined_number(state, name, entry, a, b)
    if isinstance(a, ArrayView) and isinstance(b, ArrayView) and a.shape == b.shape and a.type == b.type:
        return b
    return mismatch(name, a, b)


def _joined_number(state: Elaboration, name: str, entry: Number, a: Number, b: Number) -> Value:
    """The number that the loop carries: it is `entry` or what the body leaves.

    While its type still changes, the body has not been tried with the right one, and what it leaves says little.
    """
    earlier = () if is_weak(a) or isinstance(a.type, PythonFloat) else (Number(a.type),)
    if (type_ := common_number_type(state, entry, b, *earlier)) is None:
        return mismatch(name, entry, b)
    if isinstance(a.type, FixedPoint) and type_ != a.type:
        return _growing(name)
    last = (Number(type_),) if a.type != type_ else (*a.possible_types, b)
    return Number(type_, possible_types=possible_types_of((entry, *last), type_))


def as_left(value: Value, end: Value) -> Value:
    """What a carried value is after a loop that has run: whatever it was before, now it is what the body leaves."""
    if isinstance(value, Tuple) and isinstance(end, Tuple):
        return Tuple(tuple(as_left(item, last) for item, last in zip(value.items, end.items, strict=True)))
    if isinstance(value, Number) and isinstance(end, Number) and value.term is None and not value.is_known:
        return Number(value.type, linear=hull(end), possible_types=possible_types_of((end,), value.type))
    return value


def _joined_item(state: Elaboration, name: str, entry: Value, a: Value, b: Value) -> Value:
    item = _joined(state, name, entry, a, b)
    return mismatch(name, a, b) if isinstance(item, ArrayView) and not same_value(a, b) else item


def _growing(name: str) -> Unbound:
    return Unbound(f"{name} is a fixed-point number without a format that grows in every iteration")
