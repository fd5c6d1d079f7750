"""What the command line calls SOURCE: a function or model in a Python file, an MLIR file or an ONNX file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from gatewright.errors import SourceError
from gatewright.tools.user_code import load_module


@dataclass(frozen=True)
class ProgramSource:
    """A program as `gatewright.compile` takes it."""

    program: object
    """The first argument of `gatewright.compile`."""
    file: Path
    reference: Callable[..., object] | None
    """What computes the same in Python, if the source is Python."""

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters, as far as Python knows them."""
        if not isinstance(self.reference, FunctionType):
            return []
        return list(inspect.signature(self.reference).parameters)


def load_source(text: str) -> ProgramSource:
    """Find the program that SOURCE[:NAME] names; SourceError if there is none or several."""
    path, name = _split(text)
    if path.is_dir():
        raise SourceError(
            f"{path} is a folder, not a program",
            why="a folder with a main.py can only be run",
            remedy=f"gatewright run {path}",
        )
    if not path.is_file():
        raise SourceError(f"cannot read {path}", why="there is no such file")
    if path.suffix == ".py":
        program = _choose(load_module(path), path, name)
        return ProgramSource(program, path, program if callable(program) else None)
    if path.suffix not in (".mlir", ".onnx"):
        raise SourceError(f"cannot read {path}", why="a source is a .py, .mlir or .onnx file")
    if name is not None:
        raise SourceError(f"{path} has no part called {name}", why="only Python files hold several programs")
    return ProgramSource(str(path), path, None)


def _split(text: str) -> tuple[Path, str | None]:
    path, colon, name = text.rpartition(":")
    if colon and name.isidentifier() and not Path(text).exists():
        return Path(path), name
    return Path(text), None


def _choose(module: ModuleType, path: Path, name: str | None) -> object:
    candidates = _candidates(module)
    if name is not None:
        if not hasattr(module, name):
            raise SourceError(f"{path} defines no {name}", remedy=_list_of(candidates))
        return getattr(module, name)
    if len(candidates) != 1:
        raise SourceError(
            f"{path} defines {len(candidates) or 'no'} programs" if candidates else f"{path} defines no program",
            why="which of them to compile must be said" if candidates else "it has no function and no model",
            remedy=f"name one: {path}:{next(iter(candidates))}; {_list_of(candidates)}" if candidates else None,
        )
    return next(iter(candidates.values()))


def _candidates(module: ModuleType) -> dict[str, object]:
    """The kernels of a module; if it marks none, its public functions and models."""
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    kernels = {name: value for name, value in public.items() if hasattr(value, "__gatewright_kernel__")}
    if kernels:
        return kernels
    return {
        name: value
        for name, value in public.items()
        if (isinstance(value, FunctionType) and value.__module__ == module.__name__) or is_model(value)
    }


def is_model(value: object) -> bool:
    """Whether `value` is a torch module, told without importing torch."""
    return any(f"{base.__module__}.{base.__name__}" == "torch.nn.modules.module.Module" for base in type(value).__mro__)


def _list_of(candidates: dict[str, object]) -> str | None:
    return f"it has {', '.join(candidates)}" if candidates else None
