"""Results of analyses, kept as long as what they are about stays as it is.

A pass asks for an analysis with `analysed`. Within `kept_analyses`, which the driver opens around the passes it runs,
the answer is kept with the parts of which the operation consisted; asked again, an operation that still consists of
them gives the kept one, and one that has changed in any way is analysed anew. So no pass has to say what it leaves
valid.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from operator import is_
from typing import Any, TypeVar

from xdsl.ir import Operation

T = TypeVar("T", bound=Operation)
R = TypeVar("R")

_Kept = dict[tuple[Callable[[Any], object], Operation], tuple[list[object], object]]

_KEPT: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def kept_analyses() -> Generator[None, None, None]:
    """Keep the results of analyses that are asked for inside."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def analysed(analysis: Callable[[T], R], op: T) -> R:
    """What an analysis says of an operation and all in it; whoever asks must leave the answer as it is."""
    kept = _KEPT.get()
    if kept is None:
        return analysis(op)
    state = parts(op)
    before, result = kept.get((analysis, op), ((), None))
    if before and same_parts(before, state):
        return result  # pyright: ignore[reportReturnType] # of this analysis
    result = analysis(op)
    kept[analysis, op] = (state, result)
    return result


def parts(op: Operation) -> list[object]:
    """What an operation consists of, in the order of the text: one that has changed gives other objects."""
    found: list[object] = []
    for inner in op.walk():
        found += (inner, inner.parent)
        found += inner.operands
        found += inner.result_types
        found += inner.properties.values()
        found += inner.attributes.values()
        for region in inner.regions:
            for block in region.blocks:
                found.append(block)
                found += block.args
                found += block.arg_types
    return found


def same_parts(one: list[object], other: list[object]) -> bool:
    """Whether two lists of parts are of an operation that has not changed between them."""
    return len(one) == len(other) and all(map(is_, one, other))
