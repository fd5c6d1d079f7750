"""The tables of what is supported are those of the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewright.tools.supported import details, groups, main, overview

ROOT = Path(__file__).parents[2]
MARKED = re.compile(r"(<!-- supported:begin -->\n).*?(<!-- supported:end -->)", re.DOTALL)


@pytest.mark.parametrize(
    ("file", "made"), [("README.md", overview), ("docs/supported.md", details)], ids=["overview", "details"]
)
def test_the_table_is_that_of_the_code(file: str, made: Callable[[], str], update: bool):
    text = (ROOT / file).read_text(encoding="utf-8")
    new, count = MARKED.subn(lambda match: f"{match[1]}\n{made()}\n{match[2]}", text)
    assert count == 1
    if update:
        (ROOT / file).write_text(new, encoding="utf-8")
    assert (ROOT / file).read_text(encoding="utf-8") == new


def test_every_group_has_something_and_every_name_a_note():
    for heading, notes in groups().items():
        assert notes, heading
        assert [name for name, note in notes.items() if not note.endswith(".")] == []


def test_the_tables_are_printed_on_request(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 0
    assert capsys.readouterr().out == overview()
    assert main(["--details"]) == 0
    assert capsys.readouterr().out == details()
