"""Everything public says what it is."""

from __future__ import annotations

import ast
from pathlib import Path

DRAWERS = {"utils", "helpers", "common", "misc", "base"}


def test_modules_and_their_public_names_have_docstrings(tree: ast.Module):
    public = [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]
    assert ast.get_docstring(tree), "the module has no docstring"
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_a_docstring_starts_with_a_sentence(tree: ast.Module):
    documented = [node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))]
    first = [(ast.get_docstring(node) or ".").split("\n\n")[0] for node in documented]
    assert [text for text in first if text.rstrip()[-1] not in ".:!?`"] == []


def test_no_file_is_a_drawer(source_file: Path):
    assert source_file.stem not in DRAWERS
