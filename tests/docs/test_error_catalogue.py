"""docs/errors.md lists the messages whose exact text a test asserts, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "docs" / "errors.md"
KINDS = {
    "cli": "On the command line",
    "mlir": "In MLIR",
    "onnx": "In ONNX files",
    "python": "In Python functions",
    "torch": "In PyTorch models",
}
PREAMBLE = """\
# The messages

What Gatewright says when something is wrong with a program, its inputs or its surroundings: each message below is the
text that a test in `tests/errors` asserts. A command ends with the exit code 1 after it; in Python it is a
`gatewright.GatewrightError`, whose `what`, `where`, `why` and `remedy` are its parts.
"""


@dataclass(frozen=True)
class Message:
    """A message, and the situation in which it appears, as the name of its test says it."""

    situation: str
    text: str


def messages(tree: ast.Module) -> Iterator[Message]:
    """The texts that the tests of a module compare with, in order."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        for compare in ast.walk(node):
            if isinstance(compare, ast.Compare) and isinstance(compare.ops[0], ast.Eq):
                if text := asserted(compare.left, compare.comparators[0]):
                    yield Message(node.name.removeprefix("test_").replace("_", " "), text)


def asserted(left: ast.expr, right: ast.expr) -> str | None:
    """The text on the right, if what stands on the left is a message."""
    if isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple):
        pairs = [asserted(*pair) for pair in zip(left.elts, right.elts, strict=True)]
        return next((text for text in pairs if text), None)
    is_message = ast.unparse(left).endswith(".err") or re.match(r"(str|text_of|message)\(", ast.unparse(left))
    if is_message and isinstance(right, ast.Constant) and isinstance(right.value, str):
        return right.value
    return None


def catalogue() -> str:
    """The page as it should be."""
    chapters: dict[str, list[str]] = {}
    for file in sorted((ROOT / "tests" / "errors").rglob("test_*.py")):
        folder = file.parent.name if file.parent.name != "errors" else file.stem.removeprefix("test_")
        sections = chapters.setdefault(KINDS.get(folder, folder.replace("_", " ").capitalize()), [])
        for message in messages(ast.parse(file.read_text(encoding="utf-8"))):
            sections.append(f"### {message.situation.capitalize()}\n\n```text\n{message.text.rstrip()}\n```\n")
    body = [f"## {title}\n\n" + "\n".join(sections) for title, sections in chapters.items() if sections]
    return "\n".join([PREAMBLE, *body])


def test_the_catalogue_has_the_messages_that_tests_assert(update: bool):
    if update:
        CATALOGUE.write_text(catalogue(), encoding="utf-8")
    assert CATALOGUE.read_text(encoding="utf-8") == catalogue()
