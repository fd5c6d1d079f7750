"""ONNX files, through torch-mlir's importer to linalg on tensors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatewright.bridge import worker
from gatewright.bridge.onnx import import_onnx
from gatewright.bridge.worker import MlirError
from gatewright.errors import SourceError, ToolError, UnsupportedError
from gatewright.frontends.imported import read
from gatewright.frontends.onnx.decompositions import decompose
from gatewright.frontends.onnx.unsigned import narrow_ports, store_as_signed
from gatewright.frontends.ports import PortDescription, describe_ports
from gatewright.frontends.restore_min_max import restore_extremes
from gatewright.ir.program import Program
from gatewright.options import Options


def load(source: str | Path, args: Sequence[object] | None, options: Options) -> Program:
    """The tensor-level program of an `.onnx` file; its shapes must be fixed in the file, so `args` are not needed.

    Raises SourceError for a file that cannot be read, UnsupportedError for an operation that cannot be lowered or a
    shape that is not fixed, and ToolError without the onnx package.
    """
    worker.start()
    path = Path(source)
    model = _checked(path)
    name = options.name or _identifier(path.stem)
    for value in _inputs(model):
        _check_shape(value, path)
    model = decompose(model)
    unsigned = store_as_signed(model)
    inputs, outputs = _inputs(model), list(model.graph.output)
    model = _inferred(model)
    try:
        imported = import_onnx(model.SerializeToString(), name)
    except MlirError as error:
        operation = re.search(r"onnx\.(\w+)", str(error)) or re.search(r"torch\.((?:aten|prims)[\w.]*)", str(error))
        found = operation[1] if operation else None
        what = f"the ONNX operation {found} is not supported" if found else f"{path.name} cannot be lowered"
        why = "torch-mlir has no way to compute it with linalg" if found else f"torch-mlir: {error}"
        raise UnsupportedError(what, why=why) from error
    module = read(imported)
    restore_extremes(module)
    program = Program("tensor", module, name)
    types = [[unsigned.get(value.name) for value in values] for values in (inputs, outputs)]
    narrow_ports(program.function, *types)
    taken = [PortDescription(_identifier(v.name), unsigned.get(v.name)) for v in inputs]
    describe_ports(program.function, taken, [PortDescription(v.name, unsigned.get(v.name)) for v in outputs])
    return program


def _checked(path: Path) -> Any:
    """The model in a file, with the shapes of all its values."""
    try:
        import onnx
    except ImportError as error:
        raise ToolError(
            "reading an ONNX file needs the onnx package",
            why="onnx is not installed",
            remedy='pip install "gatewright[onnx]"',
        ) from error
    try:
        model = onnx.load(str(path))
    except FileNotFoundError as error:
        raise SourceError(f"cannot read {path}", why="there is no such file") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}", why=(error.strerror or str(error)).lower()) from error
    except Exception as error:  # protobuf raises its own kinds, which differ between its implementations
        raise SourceError(f"{path} is not an ONNX file, or is damaged", why=_first_line(error)) from error
    try:
        onnx.checker.check_model(model, full_check=True)
        return _inferred(model)
    except Exception as error:  # the checker and the inference raise their own kinds
        raise SourceError(f"{path} is not a valid ONNX model", why=_first_line(error)) from error


def _inferred(model: Any) -> Any:
    import onnx

    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def _inputs(model: Any) -> list[Any]:
    """The inputs that are not weights."""
    weights = {initializer.name for initializer in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def _check_shape(value: Any, path: Path) -> None:
    extents = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    if not all(extent > 0 for extent in extents):
        names = [d.dim_param or str(d.dim_value) for d in value.type.tensor_type.shape.dim]
        raise UnsupportedError(
            f"the input {value.name} of {path.name} has the shape [{', '.join(names)}]",
            why="every array of a circuit has a fixed size",
            remedy="export the model with a fixed batch size",
        )


def _identifier(name: str) -> str:
    cleaned = re.sub(r"\W", "_", name)
    return cleaned if cleaned[:1].isalpha() else f"x_{cleaned}"


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
