"""The table of notes is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from gatewright.dialects.notes import NOTES

PAGE = Path(__file__).parents[2] / "docs" / "dialects" / "gw.md"


def table() -> str:
    """A row for each note."""
    rows = [
        "| note | of | what it says | form | set by | read by | life |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for note in NOTES.values():
        cells = (f"`{note.name}`", note.carriers, note.meaning, note.form, note.set_by, note.read_by, note.life)
        rows.append(f"| {' | '.join(cells)} |")
    return "".join(f"{row}\n" for row in rows)


def test_the_table_of_notes_is_that_of_the_code(update: bool):
    text = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- notes:begin -->\n).*?(<!-- notes:end -->)", re.DOTALL)
    new, count = marked.subn(lambda match: f"{match[1]}\n{table()}\n{match[2]}", text)
    assert count == 1
    if update:
        PAGE.write_text(new, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == new
