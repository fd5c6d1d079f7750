"""Random nests of counted loops, as Python functions: what plans decide about."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

SIZE = 6
"""Elements along each axis of an array."""


@dataclass(frozen=True)
class NestProgram:
    """The text of a function, and the type of its elements."""

    text: str
    element: str


def _subscript(draw: st.DrawFn, counters: list[str]) -> str:
    """A counter, or its neighbour: all stay within 0 and SIZE where counters run from 1 to SIZE - 1."""
    counter = draw(st.sampled_from(counters))
    return counter + draw(st.sampled_from(["", "", " - 1", " + 1"]))


def _load(draw: st.DrawFn, counters: list[str]) -> str:
    if draw(st.booleans()):
        return f"{draw(st.sampled_from('ab'))}[{_subscript(draw, counters)}, {_subscript(draw, counters)}]"
    return f"{draw(st.sampled_from('xy'))}[{_subscript(draw, counters)}]"


def _value(draw: st.DrawFn, counters: list[str], element: str) -> str:
    one, other = _load(draw, counters), _load(draw, counters)
    return f"{one} {draw(st.sampled_from('+-*' if element != 'f32' else '+*'))} {other}"


def _target(draw: st.DrawFn, counters: list[str]) -> str:
    if len(counters) > 1 and draw(st.booleans()):
        return f"{draw(st.sampled_from('ab'))}[{_subscript(draw, counters)}, {_subscript(draw, counters)}]"
    return f"{draw(st.sampled_from('xy'))}[{_subscript(draw, counters)}]"


def _for(counter: str, depth: int, around: list[str], draw: st.DrawFn) -> str:
    triangular = bool(around) and draw(st.integers(0, 4)) == 0
    bounds = f"1, {around[-1]} + 1" if triangular else f"1, {SIZE - 1}"
    return f"{'    ' * depth}for {counter} in range({bounds}):"


def _statement(draw: st.DrawFn, depth: int, counters: list[str], element: str) -> list[str]:
    """A store, or a reduction with what becomes of it behind."""
    indent, cast = "    " * depth, f"np.{'float32' if element == 'f32' else 'int32'}"
    kind = draw(st.sampled_from(["store", "update", "reduction", "reduction", "quotient"]))
    if kind == "store":
        return [f"{indent}{_target(draw, counters)} = {_value(draw, counters, element)}"]
    if kind == "update":
        return [f"{indent}{_target(draw, counters)} += {_value(draw, counters, element)}"]
    inner = f"k{depth}"
    lines = [
        f"{indent}s = {cast}({draw(st.integers(0, 3))})",
        _for(inner, depth, counters, draw),
        f"{indent}    s += {_value(draw, [*counters, inner], element)}",
    ]
    divided = "s" if kind == "reduction" or element == "f32" else f"s // {_load(draw, counters)}"
    return [*lines, f"{indent}{_target(draw, counters)} = {divided}"]


@st.composite
def nest_programs(draw: st.DrawFn) -> NestProgram:
    """One or two nests of up to three loops, and what they do."""
    element = draw(st.sampled_from(["i32", "f32"]))
    square, line = f"gw.{element}[{SIZE}, {SIZE}]", f"gw.{element}[{SIZE}]"
    lines = [f"def program(a: {square}, b: {square}, x: {line}, y: {line}):"]
    for _ in range(draw(st.integers(1, 2))):
        counters: list[str] = []
        for counter in "ijl"[: draw(st.integers(1, 2))]:
            lines.append(_for(counter, len(counters) + 1, counters, draw))
            counters.append(counter)
        for _ in range(draw(st.integers(1, 2))):
            lines += _statement(draw, len(counters) + 1, counters, element)
    return NestProgram("\n".join(lines) + "\n", element)
