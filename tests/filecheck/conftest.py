"""Run the `// RUN:` line of each .mlir file in this folder, in process: `gatewright-opt %s ... | filecheck %s`."""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

import pytest
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import parse_argv_options
from filecheck.parser import Parser

from gatewright.tools import opt


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    """Make a test of each .mlir file."""
    return MlirFile.from_parent(parent, path=file_path) if file_path.suffix == ".mlir" else None


class MlirFile(pytest.File):
    """A file whose RUN lines are its tests."""

    def collect(self):
        lines = self.path.read_text(encoding="utf-8").splitlines()
        commands = [line.removeprefix("// RUN:").strip() for line in lines if line.startswith("// RUN:")]
        if not commands:
            raise self.CollectError(f"{self.path} has no RUN line")
        for number, command in enumerate(commands):
            yield RunLine.from_parent(self, name="run" if len(commands) == 1 else f"run{number}", command=command)


class RunLine(pytest.Item):
    """One RUN line: a driver, its output piped through filecheck."""

    def __init__(self, command: str, **rest):
        super().__init__(**rest)
        self.command = command

    def runtest(self) -> None:
        driver, _, check = self.command.partition("|")
        name, *arguments = shlex.split(driver)
        assert name == "gatewright-opt", f"{name} is not a driver"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            opt.main([word.replace("%s", str(self.path)) for word in arguments])
        words = shlex.split(check)
        assert words and words[0] == "filecheck", "the output must go through filecheck"
        self.filecheck([word.replace("%s", str(self.path)) for word in words], printed.getvalue())

    def filecheck(self, words: list[str], text: str) -> None:
        """Fail with filecheck's own explanation unless `text` is as the file says."""
        options = parse_argv_options(words)
        explanation = io.StringIO()
        with contextlib.redirect_stdout(explanation), contextlib.redirect_stderr(explanation):
            code = Matcher(options, FInput("<output>", text), Parser.from_opts(options)).run()
        if code:
            raise FilecheckMismatch(f"{explanation.getvalue()}\nthe output was\n{text}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style=None):
        if isinstance(excinfo.value, FilecheckMismatch):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, self.command


class FilecheckMismatch(Exception):
    """The output is not what the file says."""
