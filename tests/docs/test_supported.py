"""The tables of what is supported are those of the code."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewright.tools.supported import details, groups, main, overview

ROOT = Path(__file__).parents[2]
LAYERS = ROOT / "tests" / "kernels" / "torch" / "torch_layers.py"


def compared_layers() -> str:
    """The models that the tests compare with PyTorch, by their names."""
    calls = [node for node in ast.walk(ast.parse(LAYERS.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = [ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "Layer"]
    return textwrap.fill(", ".join(name.replace("_", " ") for name in names) + ".", 119) + "\n"


@pytest.mark.parametrize(
    ("file", "marker", "made"),
    [
        ("README.md", "supported", overview),
        ("README.md", "layers", compared_layers),
        ("docs/supported.md", "supported", details),
    ],
    ids=["overview", "layers", "details"],
)
def test_the_table_is_that_of_the_code(file: str, marker: str, made: Callable[[], str], update: bool):
    text = (ROOT / file).read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {marker}:begin -->\n).*?(<!-- {marker}:end -->)", re.DOTALL)
    new, count = marked.subn(lambda match: f"{match[1]}\n{made()}\n{match[2]}", text)
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
