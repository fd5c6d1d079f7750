"""In which order a loop adds up: noted at it, for the report."""

from __future__ import annotations

from xdsl.ir import Operation

from gatewright.dialects.notes import SUMS


def note_sums(loop: Operation, text: str) -> None:
    """Note at a loop in which order it adds up."""
    SUMS.set(loop, text)


def sums_of(loop: Operation) -> str | None:
    """What is noted at a loop."""
    return SUMS.value(loop)
