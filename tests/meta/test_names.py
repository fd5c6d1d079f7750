"""A name of a class means one thing in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatewright"


def classes(tree: ast.Module) -> list[str]:
    """The classes and the aliases of types that a file defines, without leading underscores."""
    found = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    targets = [node.targets for node in tree.body if isinstance(node, ast.Assign)]
    targets += [[node.target] for node in tree.body if isinstance(node, ast.AnnAssign)]
    names = [each.id for several in targets for each in several if isinstance(each, ast.Name)]
    found += [name for name in names if name.lstrip("_")[:1].isupper() and not name.isupper()]
    return [name.lstrip("_") for name in found]


def with_two_meanings(files: Mapping[str, str]) -> dict[str, list[str]]:
    """The names that several files define, with those files."""
    places: dict[str, list[str]] = defaultdict(list)
    for file, text in sorted(files.items()):
        for name in classes(ast.parse(text)):
            places[name].append(file)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_class_has_the_name_of_another_one():
    files = {str(file.relative_to(SOURCE)): file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py")}
    assert with_two_meanings(files) == {}


def test_a_second_meaning_is_found():
    files = {"a.py": "class Plan:\n    pass", "b.py": "_Plan = dict[str, int]", "c.py": "PLAN = 1\nclass Span: ..."}
    assert with_two_meanings(files) == {"Plan": ["a.py", "b.py"]}
