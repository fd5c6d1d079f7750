"""Sources: which front end reads what a user gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gatewright.errors import InterfaceError, SourceError, UnsupportedError
from gatewright.ir.program import Program
from gatewright.options import Options


def load(
    source: object, args: tuple[object, ...] | None, options: Options, kwargs: Mapping[str, object] | None = None
) -> Program:
    """Read a source with the front end that it needs.

    A Python function, a `torch.nn.Module` or `ExportedProgram`, the path of an `.onnx` or `.mlir` file, or MLIR text.
    """
    if kwargs and isinstance(source, str | Path):
        raise InterfaceError("kwargs= is for PyTorch models", why="a file says itself what it takes")
    if isinstance(source, str | Path):
        text = str(source)
        if text.endswith(".onnx"):
            from gatewright.frontends.onnx import loader as onnx

            return onnx.load(text, args, options)
        if text.endswith(".mlir") or "\n" in text or text.lstrip().startswith(("func", "module", "builtin", '"')):
            from gatewright.frontends import mlir

            return mlir.load(source, args, options)
        raise SourceError(f"cannot tell what {text!r} is", remedy="give the path of an .mlir or .onnx file")
    if any(base.__module__.split(".")[0] == "torch" for base in type(source).__mro__):
        from gatewright.frontends.torch import loader as torch

        return torch.load(source, args, options, kwargs)
    if kwargs:
        raise InterfaceError("kwargs= is for PyTorch models", remedy="give the examples in order: args=(a, b)")
    if callable(source):
        from gatewright.frontends import python

        return python.load(source, args, options)
    raise UnsupportedError(
        f"cannot compile a {type(source).__name__}",
        remedy="give a function, a torch.nn.Module, an ExportedProgram, or the path of an .mlir or .onnx file",
    )
