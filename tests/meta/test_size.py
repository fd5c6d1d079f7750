"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

MOST_LINES_OF_A_FILE = 600
MOST_LINES_OF_A_FUNCTION = 60


def test_a_file_is_short(python_file: Path):
    lines = len(python_file.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES_OF_A_FILE


def test_a_function_is_short(python_file: Path):
    tree = ast.parse(python_file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    lengths = {f"{f.name}, line {f.lineno}": (f.end_lineno or 0) - f.lineno + 1 for f in functions}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}
