"""The command line, run in process in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatewright.tools import compile as gatewright_tool
from gatewright.tools import opt as gatewright_opt


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command in an empty folder; the first word says which."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: str) -> Ended:
        tool = {"gatewright": gatewright_tool, "gatewright-opt": gatewright_opt}[words[0]]
        code = tool.main(words[1:])
        printed = capfd.readouterr()
        return Ended(code, printed.out, printed.err)

    return run
