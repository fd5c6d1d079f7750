"""Every code block of the documentation runs, parses, or is the output of the one before it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from xdsl.parser import Parser

from gatewright.ir.context import context
from gatewright.machine.check import check_schedule
from gatewright.tools import compile as gatewright_tool
from gatewright.tools import opt as gatewright_opt

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^ *```", re.MULTILINE)


class Session:
    """What the blocks of one document share: a folder, and the names of their Python."""

    def __init__(self, document: Path, folder: Path):
        self.document, self.folder = document, folder
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.printed = ""

    def python(self, text: str, line: int, file: str | None) -> None:
        """Run Python, from a real file, because the compiler reads the source of functions."""
        path = self.folder / (file or f"{self.document.stem}_line_{line}.py")
        path.write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()) as stream:
            exec(compile(text, str(path), "exec"), self.names)
        self.printed = stream.getvalue()

    def shell(self, text: str) -> None:
        """Run commands of ours; commands of make must be targets of the Makefile."""
        printed = []
        for line in text.replace("\\\n", " ").splitlines():
            name, *arguments = shlex.split(line, comments=True) or ["#"]
            if name == "make":
                makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in arguments), line
            elif name != "#":
                tool = {"gatewright": gatewright_tool, "gatewright-opt": gatewright_opt}[name]
                with contextlib.redirect_stdout(io.StringIO()) as stream, contextlib.redirect_stderr(stream):
                    tool.main(arguments)
                printed.append(stream.getvalue())
        self.printed = "".join(printed)

    def mlir(self, text: str, file: str | None) -> None:
        """Parse and verify a module."""
        module = Parser(context(), text, str(self.document)).parse_module()
        module.verify()
        check_schedule(module)
        if file:
            (self.folder / file).write_text(text, encoding="utf-8")


def plain(text: str) -> str:
    """`text` as it can stand in a document: no blanks at the ends of lines, no empty lines around it."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def test_the_blocks_of_a_document_work(
    document: Path, blocks_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    text = document.read_text(encoding="utf-8")
    blocks = blocks_of(text)
    session = Session(document, tmp_path)
    replaced = []
    for block in blocks:
        file = block.words.get("file")
        if "output" in block.words:
            if update:
                replaced.append((block.span, plain(session.printed)))
            else:
                assert plain(session.printed) == plain(block.text), f"the output in line {block.line}"
        elif block.language == "python":
            session.python(block.text, block.line, file)
        elif block.language == "sh":
            session.shell(block.text)
        elif block.language == "mlir":
            session.mlir(block.text, file)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            assert block.language == "text", f"line {block.line}: nothing checks a block of {block.language!r}"
    for (start, end), new in reversed(replaced):
        text = text[:start] + new + text[end:]
    if replaced:
        document.write_text(text, encoding="utf-8")


def test_no_fence_escapes(document: Path, blocks_of):
    text = document.read_text(encoding="utf-8")
    assert len(FENCE.findall(text)) == 2 * len(blocks_of(text))


def test_links_to_files_lead_somewhere(document: Path):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []
