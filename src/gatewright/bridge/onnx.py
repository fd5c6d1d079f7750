"""ONNX to linalg on tensors, by torch-mlir in a process of its own: there are models on which it ends its process.

Run as a module, it reads a serialised `onnx.ModelProto` and writes the text, or what MLIR says against it.
"""

from __future__ import annotations

import json
import subprocess
import sys

from gatewright.bridge.mlir import TO_LINALG, MlirError, bindings, generic_text, run_on

_PASSES = f"torch-onnx-to-torch-backend-pipeline, {TO_LINALG}"


def import_onnx(model: bytes, name: str) -> str:
    """The linalg on tensors of a serialised model with inferred shapes, every operation a `linalg.generic`.

    Raises MlirError for an operation that torch-mlir cannot lower, or on which it crashes.
    """
    command = [sys.executable, "-m", "gatewright.bridge.onnx", name]
    done = subprocess.run(command, input=model, capture_output=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise MlirError("it crashes on this model") from error
    if "error" in answer:
        raise MlirError(answer["error"])
    return answer["text"]


def _lower(model: bytes, name: str) -> str:
    import onnx
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras import onnx_importer

    ir = bindings()
    context = ir.Context()
    torch_dialect.register_dialect(context)
    try:
        info = onnx_importer.ModelInfo(onnx.load_from_string(model), config=onnx_importer.Config())
        module = info.create_module(context=context)
        onnx_importer.NodeImporter.define_function(info.main_graph, module.operation).import_all()
    except onnx_importer.OnnxImportError as error:
        raise MlirError(str(error)) from error
    with context:
        module.body.operations[0].attributes["sym_name"] = ir.StringAttr.get(name)
    run_on(module, _PASSES)
    return generic_text(module)


def _main() -> None:
    try:
        answer = {"text": _lower(sys.stdin.buffer.read(), sys.argv[1])}
    except MlirError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()
