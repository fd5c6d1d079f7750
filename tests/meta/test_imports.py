"""Who may import whom. The parts of the compiler meet in pipeline.py and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatewright"
LEVELS = ("tensor", "loops", "schedule", "calyx", "rtl")
FOREIGN_COMPILERS = ("torch_mlir", "pycde")


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """The dotted name of everything imported, `from a import b` as `a.b`, and whether the program starts without it."""
    inside = {
        id(node)
        for later in ast.walk(tree)
        if isinstance(later, ast.FunctionDef)
        or isinstance(later, ast.If)
        and ast.unparse(later.test) == "TYPE_CHECKING"
        for node in ast.walk(later)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{'.' * node.level}{node.module or ''}.{alias.name}", id(node) in inside)
                        for alias in node.names)  # fmt: skip


def offences(module: str, tree: ast.Module) -> list[str]:
    """The imports of `module` (its dotted name below `gatewright`) that the rules forbid, each with its rule."""
    found = []
    part = module.split(".")[0]
    for name, inside in imports(tree):
        top, ours = name.split(".")[0], name.startswith("gatewright.")
        below = name.removeprefix("gatewright.") if ours else ""
        if name.startswith("."):
            found.append(f"{name}: imports are absolute")
        if part in ("scheduling", "operators") and ours and below.split(".")[0] not in ("scheduling", "operators"):
            found.append(f"{name}: {part} knows nothing of the compiler")
        if part in ("scheduling", "operators") and top == "xdsl":
            found.append(f"{name}: {part} knows no IR")
        if part == "dialects" and ours and not below.startswith("dialects"):
            found.append(f"{name}: dialects build on xDSL alone")
        if top in FOREIGN_COMPILERS and part != "bridge":
            found.append(f"{name}: only bridge imports a foreign compiler")
        if top == "torch" and not (module.startswith("frontends.torch") and inside):
            found.append(f"{name}: torch is imported in functions of frontends/torch*.py alone")
        if below.startswith("transforms") and module != "pipeline" and not same_level(module, below):
            found.append(f"{name}: a transform is named by its own level and pipeline.py alone")
    return found


def same_level(module: str, imported: str) -> bool:
    """Whether both are transforms of one level."""
    return module.split(".")[:1] == ["transforms"] and module.split(".")[1:2] == imported.split(".")[1:2]


def test_the_imports_of_a_module_keep_the_rules(source_file: Path, tree: ast.Module):
    module = ".".join(source_file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    assert offences(module, tree) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("scheduling.modulo", "from gatewright.program import Program"),
        ("scheduling.modulo", "from xdsl.ir import Operation"),
        ("operators.library", "import gatewright.dialects.gw"),
        ("dialects.gw", "from gatewright.errors import IrError"),
        ("frontends.onnx", "from torch_mlir import fx"),
        ("pipeline", "def f():\n import pycde"),
        ("frontends.torch", "import torch"),
        ("simulate.arc", "def f():\n import torch"),
        ("transforms.rtl.a_pass", "from gatewright.transforms.schedule.b_pass import BPass"),
        ("transforms.rtl.a_pass", "from gatewright.transforms import schedule"),
        ("design", "from gatewright.transforms.rtl.a_pass import APass"),
        ("transforms.rtl.a_pass", "from . import b_pass"),
    ],
)
def test_a_forbidden_import_is_found(module: str, text: str):
    assert len(offences(module, ast.parse(text))) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("scheduling.modulo", "from gatewright.operators.library import Operator"),
        ("dialects.loopschedule", "from gatewright.dialects.gw import Gw"),
        ("bridge.circt", "import pycde.circt"),
        ("frontends.torch_quantise", "def f():\n import torch"),
        ("frontends.torch", "if TYPE_CHECKING:\n from torch.export import ExportedProgram"),
        ("pipeline", "from gatewright.transforms.rtl.a_pass import APass"),
        ("transforms.rtl.a_pass", "from gatewright.transforms.rtl.naming import fresh"),
    ],
)
def test_an_allowed_import_is_not_an_offence(module: str, text: str):
    assert offences(module, ast.parse(text)) == []
