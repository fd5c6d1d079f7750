"""The documents, and their code blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")],
    key=lambda file: str(file.relative_to(ROOT)),
)
_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced code block: its language, the words behind it, its text, and where it is."""

    language: str
    words: dict[str, str]
    text: str
    line: int
    span: tuple[int, int]
    """The offsets of its text in the document."""


@pytest.fixture(scope="session")
def blocks_of():
    """A function that gives the code blocks of a document."""
    return _blocks_of


def _blocks_of(document: str) -> list[Block]:
    """The code blocks of a document, in order.

    The info string is a language and words: `file=NAME` also writes the block to that file, `output` says that the
    block is what the block before it prints, `error` that the block before it fails and prints this.
    """
    found = []
    for match in _FENCE.finditer(document):
        language, *words = match[2].split() or [""]
        pairs = {key: value for key, _, value in (word.partition("=") for word in words)}
        line = document.count("\n", 0, match.start()) + 2
        found.append(Block(language, pairs, match[3], line, match.span(3)))
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `document` once for each of them."""
    if "document" in metafunc.fixturenames:
        metafunc.parametrize("document", DOCUMENTS, ids=[str(file.relative_to(ROOT)) for file in DOCUMENTS])
