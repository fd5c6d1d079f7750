"""The table of the kinds of decisions is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from gatewright.plan import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "plans.md"


def table() -> str:
    """A row for each kind."""
    rows = ["| decision | about | value | what it says |", "| --- | --- | --- | --- |"]
    for kind in KINDS.values():
        about = "loops" if kind.several else "a loop"
        value = f"`{kind.value}`" if kind.value is not None else ""
        rows.append(f"| `{kind.name}` | {about} | {value} | {kind.meaning} |")
    return "".join(f"{row}\n" for row in rows)


def test_the_table_of_decisions_is_that_of_the_code(update: bool):
    text = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- decisions:begin -->\n).*?(<!-- decisions:end -->)", re.DOTALL)
    new, count = marked.subn(lambda match: f"{match[1]}\n{table()}\n{match[2]}", text)
    assert count == 1
    if update:
        PAGE.write_text(new, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == new
