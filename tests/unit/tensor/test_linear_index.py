"""Indices as sums of loops: what they say is what they are for every value of the loops."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from gatewright.transforms.tensor.linear_index import Division, LinearIndex, LoopIndex, delinearize, linearize


def value(index: LinearIndex, counters: dict[LoopIndex, int]) -> int:
    """The value of an index where loops have the given counters."""
    total = index.constant
    for atom, factor in index.terms:
        if isinstance(atom, Division):
            inner = value(atom.of, counters)
            total += factor * (inner % atom.by if atom.remainder else inner // atom.by)
        else:
            assert isinstance(atom, LoopIndex)
            total += factor * counters[atom]
    return total


def points(loops: list[LoopIndex]) -> list[dict[LoopIndex, int]]:
    return [dict(zip(loops, at, strict=True)) for at in product(*(range(loop.extent) for loop in loops))]


@st.composite
def indices(draw: st.DrawFn) -> tuple[list[LoopIndex], LinearIndex]:
    loops = [LoopIndex(extent) for extent in draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))]
    index = LinearIndex((), draw(st.integers(0, 20)))
    for loop in loops:
        index = index + LinearIndex.of(loop) * draw(st.integers(0, 12))
    return loops, index


@given(indices(), st.integers(1, 12))
def test_quotient_and_remainder_are_those_of_the_value(case: tuple[list[LoopIndex], LinearIndex], by: int):
    loops, index = case
    quotient, remainder = index.divide(by)
    for counters in points(loops):
        assert (value(quotient, counters), value(remainder, counters)) == divmod(value(index, counters), by)


@given(indices())
def test_bounds_hold_every_value(case: tuple[list[LoopIndex], LinearIndex]):
    loops, index = case
    bounds = index.bounds()
    assert bounds is not None
    values = [value(index, counters) for counters in points(loops)]
    assert bounds == (min(values), max(values))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_an_element_keeps_its_indices_through_its_position(shape: list[int]):
    loops = [LoopIndex(extent) for extent in shape]
    given_indices = [LinearIndex.of(loop) for loop in loops]
    position = linearize(given_indices, shape)
    found = delinearize(position, shape)
    assert not any(isinstance(atom, Division) for index in found for atom, _ in index.terms)
    for counters in points(loops):
        assert [value(index, counters) for index in found] == [value(index, counters) for index in given_indices]
        assert 0 <= value(position, counters) < prod(shape)


def test_a_loop_that_runs_once_is_zero():
    assert LinearIndex.of(LoopIndex(1)) == LinearIndex()
