"""A random program: its source text, the inputs it runs on, and how both become a Python function."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_serial = itertools.count()


@dataclass(frozen=True)
class Program:
    """Source text that defines `program` and, as `INPUTS`, a list of tuples of arguments for it.

    It may also define `OPTIONS`, a dictionary of the options to compile with.
    """

    name: str
    source: str

    def load(self, folder: Path) -> LoadedProgram:
        """Write the text into `folder` and import it; the front end reads the source from there."""
        path = folder / f"{self.name}_{next(_serial)}.py"  # a new name, so that no cached text of another is used
        path.write_text(self.source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with np.errstate(all="ignore"):  # inputs of narrow floats are rounded where they are written
            spec.loader.exec_module(module)
        return LoadedProgram(self, path, module.program, module.INPUTS, getattr(module, "OPTIONS", {}))


def text_of(tree: ast.Module) -> str:
    """The text of a program without needless parentheses, with one tuple of arguments a line."""
    *body, inputs = tree.body
    assert isinstance(inputs, ast.Assign) and isinstance(inputs.value, ast.List)
    rows = "".join(f"    {ast.unparse(row)},\n" for row in inputs.value.elts)
    return ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + f"\n\nINPUTS = [\n{rows}]\n"


@dataclass(frozen=True)
class LoadedProgram:
    """A program as a function."""

    program: Program
    path: Path
    function: Callable[..., object]
    inputs: list[tuple]
    options: dict[str, object]

    def reference(self, arguments: tuple) -> tuple[tuple, tuple]:
        """The arguments after a run by Python itself, and the results."""
        copies = copied(arguments)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            returned = self.function(*copies)
        return copies, () if returned is None else returned if isinstance(returned, tuple) else (returned,)


def copied(arguments: tuple) -> tuple:
    """The arguments with arrays that a run may change."""
    return tuple(value.copy() if isinstance(value, np.ndarray) else value for value in arguments)
