"""ONNX to linalg on tensors, by torch-mlir's importer."""

from __future__ import annotations

from typing import Any

import numpy as np

from gatewright.bridge import worker
from gatewright.bridge.contents import Carried, named
from gatewright.bridge.mlir import TO_LINALG, bindings, carried, run_on
from gatewright.bridge.worker import MlirError

_PASSES = f"torch-onnx-to-torch-backend-pipeline, {TO_LINALG}"


def import_onnx(model: bytes, name: str) -> Carried:
    """The linalg on tensors of a serialised model with inferred shapes, every operation a `linalg.generic`.

    Raises MlirError for an operation that torch-mlir cannot lower, or on which it crashes.
    """
    return worker.call("onnx", model, name)


def lower_onnx(model: bytes, name: str) -> Carried:
    """`import_onnx`, in this process."""
    import onnx
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras import onnx_importer

    ir = bindings()
    contents: dict[str, bytes] = {}

    class Tensors(onnx_importer.ContextCache):
        """Imports tensors as constants whose contents are noted beside the module."""

        def tensor_proto_to_attr(self, tp: onnx.TensorProto) -> Any:
            elements = np.ascontiguousarray(onnx.numpy_helper.to_array(tp))
            if elements.size <= 1 or elements.dtype.kind not in "iuf":
                return super().tensor_proto_to_attr(tp)
            return named(elements.tobytes(), self.tensor_proto_to_builtin_type(tp), contents, elements)

    context = ir.Context()
    torch_dialect.register_dialect(context)
    try:
        info = onnx_importer.ModelInfo(onnx.load_from_string(model), config=onnx_importer.Config())
        module = info.create_module(context=context)
        cache = Tensors(module.operation.context)
        onnx_importer.NodeImporter.define_function(info.main_graph, module.operation, cache).import_all()
    except onnx_importer.OnnxImportError as error:
        raise MlirError(str(error)) from error
    with context:
        module.body.operations[0].attributes["sym_name"] = ir.StringAttr.get(name)
    run_on(module, _PASSES)
    return carried(module, contents)
