"""In which order a loop adds up: noted at it, for the report."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

SUMS = "gw.sums"
"""The attribute of a loop that says in which order it adds up, and what another one would bring."""


def note_sums(loop: Operation, text: str) -> None:
    """Note at a loop in which order it adds up."""
    loop.attributes[SUMS] = StringAttr(text)


def carry_sums(sources: Iterable[Operation], target: Operation) -> None:
    """Note at a loop what is noted at those that it takes the place of."""
    noted = [note.data for source in sources if isinstance(note := source.attributes.get(SUMS), StringAttr)]
    if noted:
        note_sums(target, "; ".join(dict.fromkeys(noted)))


def sums_of(loop: Operation) -> str | None:
    """What is noted at a loop."""
    note = loop.attributes.get(SUMS)
    return note.data if isinstance(note, StringAttr) else None
