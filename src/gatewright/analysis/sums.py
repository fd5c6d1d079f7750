"""In which order a loop adds up: noted at it, for the report."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Operation

from gatewright.dialects.notes import SUMS


def note_sums(loop: Operation, text: str) -> None:
    """Note at a loop in which order it adds up."""
    SUMS.set(loop, text)


def carry_sums(sources: Iterable[Operation], target: Operation) -> None:
    """Note at a loop what is noted at those that it takes the place of."""
    noted = [note for source in sources if (note := SUMS.value(source)) is not None]
    if noted:
        note_sums(target, "; ".join(dict.fromkeys(noted)))


def sums_of(loop: Operation) -> str | None:
    """What is noted at a loop."""
    return SUMS.value(loop)
