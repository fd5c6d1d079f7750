"""The order of the rooms is the law: every import goes down, also those in functions and those for types only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from layers import ROOMS, circles, imports, modules, room, upward  # noqa: E402

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatewright"
FOREIGN_COMPILERS = ("torch_mlir", "pycde")


def test_every_import_goes_down():
    assert list(map(str, upward(imports(SOURCE)))) == []


def test_no_files_import_each_other_in_a_circle():
    assert circles(imports(SOURCE)) == []


def test_every_file_is_in_a_room():
    outside = [name for name in modules(SOURCE) if name and room(name) is None and name != "transforms"]
    assert outside == []


def test_every_room_says_what_comes_in_what_goes_out_and_what_it_may_not_know():
    rooms = [SOURCE.joinpath(*name.split(".")) for name in ROOMS]
    for folder in (each for each in rooms if each.is_dir()):
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        assert [word for word in ("In: ", "Out: ", "May not know: ") if word not in text] == [], folder.name


def test_the_contributors_guide_shows_the_rooms():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = guide.partition("<!-- rooms:begin -->")[2].partition("<!-- rooms:end -->")[0]
    assert shown.split() == ["```text", *ROOMS, "```"]


def write(folder: Path, files: dict[str, str]) -> Path:
    package = folder / "gatewright"
    for name, text in files.items():
        file = package.joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("numbers.types", "from gatewright.ir.program import Program"),
        ("ir.program", "def f():\n    from gatewright.analysis import ranges"),
        ("ir.program", "if TYPE_CHECKING:\n    import gatewright.compiler.design"),
        ("transforms.rtl.control", "from gatewright.transforms.loops import nest"),
        ("bridge.mlir", "from gatewright.frontends.torch.loader import load"),
        ("tools.compile", "import gatewright"),
    ],
)
def test_an_import_that_goes_up_is_found(module: str, text: str, tmp_path: Path):
    others = ("ir.program", "analysis.ranges", "compiler.design", "transforms.loops.nest", "frontends.torch.loader")
    package = write(tmp_path, {**dict.fromkeys((*others, "__init__"), ""), module: text})
    assert [each.source for each in upward(imports(package))] == [module]


def test_a_circle_is_found(tmp_path: Path):
    files = {
        "ir.a": "from gatewright.ir import b",
        "ir.b": "def f():\n    from gatewright.ir.c import d",
        "ir.c": "if TYPE_CHECKING:\n    import gatewright.ir.a",
        "ir.d": "from gatewright.ir import a",
    }
    assert circles(imports(write(tmp_path, files))) == [["ir.a", "ir.b", "ir.c"]]


def foreign(module: str, tree: ast.Module) -> list[str]:
    """The imports of other people's packages that a module may not have."""
    inside = {
        id(node)
        for later in ast.walk(tree)
        if isinstance(later, ast.FunctionDef)
        or (isinstance(later, ast.If) and ast.unparse(later.test) == "TYPE_CHECKING")
        for node in ast.walk(later)
    }
    found = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.split(".")[0]
            if top in FOREIGN_COMPILERS and not module.startswith("bridge"):
                found.append(f"{name}: only bridge imports a foreign compiler")
            if top == "torch" and not (module.startswith("frontends.torch") and id(node) in inside):
                found.append(f"{name}: torch is imported in functions of frontends/torch alone")
            if top == "xdsl" and module.split(".")[0] in ("scheduling", "operators", "numbers"):
                found.append(f"{name}: {module.split('.')[0]} knows no IR")
            if name.startswith(".") or (isinstance(node, ast.ImportFrom) and node.level):
                found.append(f"{name}: imports are absolute")
    return found


def test_the_imports_of_a_module_keep_the_rules(source_file: Path, tree: ast.Module):
    module = ".".join(source_file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    assert foreign(module, tree) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("scheduling.modulo", "from xdsl.ir import Operation"),
        ("frontends.onnx.loader", "from torch_mlir import fx"),
        ("compiler.pipelines", "def f():\n import pycde"),
        ("frontends.torch.loader", "import torch"),
        ("simulate.arc", "def f():\n import torch"),
        ("transforms.rtl.a_pass", "from . import b_pass"),
    ],
)
def test_a_forbidden_import_is_found(module: str, text: str):
    assert len(foreign(module, ast.parse(text))) == 1
