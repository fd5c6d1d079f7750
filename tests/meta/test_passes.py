"""A pass is where its name says, is documented and tested, and can be run by name."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatewright.tools import registry as passes

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "gatewright"
ROOMS = (PACKAGE / "planning", PACKAGE / "transforms")
TABLE = ROOT / "src" / "gatewright" / "tools" / "registry.py"
DIALECT_FILES = ROOT / "src" / "gatewright" / "dialects"


@dataclass(frozen=True)
class PassClass:
    """A class derived from ModulePass, as its source has it."""

    file: Path
    name: str
    class_name: str
    docstring: str | None

    @property
    def place(self) -> str:
        """Where the registry should say it is."""
        return f"{'.'.join(self.file.relative_to(PACKAGE).with_suffix('').parts)}:{self.class_name}"


def pass_classes() -> list[PassClass]:
    """All passes, by reading the source."""
    found = []
    for file in sorted(file for room in ROOMS for file in room.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("ModulePass") for base in node.bases):
                found.append(PassClass(file, declared_name(node), node.name, ast.get_docstring(node)))
    return found


def declared_name(node: ast.ClassDef) -> str:
    """The value of the class's `name`."""
    for statement in node.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        if target is not None and ast.unparse(target) == "name":
            return ast.literal_eval(statement.value)  # pyright: ignore[reportAttributeAccessIssue]
    raise AssertionError(f"{node.name} has no name")


PASSES = pass_classes()
each_pass = pytest.mark.parametrize("found", PASSES, ids=[found.name for found in PASSES])


@each_pass
def test_a_pass_is_in_the_file_of_its_name(found: PassClass):
    assert found.file.stem == found.name.replace("-", "_")


@each_pass
def test_the_class_of_a_pass_has_its_name(found: PassClass):
    assert found.class_name == "".join(word.capitalize() for word in found.name.split("-")) + "Pass"


@each_pass
def test_a_pass_is_documented(found: PassClass):
    assert found.docstring


@each_pass
def test_a_pass_has_a_test_of_its_own(found: PassClass):
    stem = found.file.stem
    tests = [*(ROOT / "tests").rglob(f"test_{stem}*.py"), *(ROOT / "tests" / "filecheck").rglob(f"{stem}*.mlir")]
    assert tests, f"neither tests/**/test_{stem}.py nor tests/filecheck/**/{stem}.mlir exists"


def test_the_table_lists_the_passes_that_exist(update: bool):
    rows = "".join(f'    "{found.name}": "{found.place}",\n' for found in sorted(PASSES, key=lambda found: found.place))
    text = TABLE.read_text(encoding="utf-8")
    new, count = re.subn(
        r"(?<=^PASSES: dict\[str, str\] = \{\n).*?(?=^\}$)", rows, text, flags=re.DOTALL | re.MULTILINE
    )
    assert count == 1
    if update:
        TABLE.write_text(new, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == new


@pytest.mark.parametrize("name", passes.PASSES)
def test_a_pass_is_found_by_its_name(name: str):
    assert passes.load_pass(name).name == name


def test_the_table_lists_the_dialects_that_exist():
    with_dialect = {
        ".".join(file.relative_to(DIALECT_FILES).with_suffix("").parts)
        for file in DIALECT_FILES.rglob("*.py")
        if any(
            isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Dialect(")
            for node in ast.parse(file.read_text(encoding="utf-8")).body
        )
    }
    assert {place.split(":")[0] for place in passes.DIALECTS.values()} == with_dialect


@pytest.mark.parametrize("name", passes.DIALECTS)
def test_a_dialect_is_found_by_its_name(name: str):
    assert passes.load_dialect(name).name == name
