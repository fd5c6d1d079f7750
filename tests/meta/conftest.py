"""The repository's own files, for the tests that read them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatewright"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `source_file` for each module of the package, `python_file` for each of the project."""
    folders = {"source_file": [SOURCE], "python_file": [ROOT / f for f in ("src", "tests", "benchmarks", "examples")]}
    for name, roots in folders.items():
        if name in metafunc.fixturenames:
            files = sorted(file for folder in roots for file in folder.rglob("*.py"))
            metafunc.parametrize(name, files, ids=[str(file.relative_to(ROOT)) for file in files])


@pytest.fixture
def tree(source_file: Path) -> ast.Module:
    """The syntax tree of `source_file`."""
    return ast.parse(source_file.read_text(encoding="utf-8"))
