"""Tensors of a program that torch-mlir imports, as constants whose contents stay NumPy arrays beside the module."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from gatewright.bridge.contents import named


def literal_hooks(bytes_of: Callable[[Any], np.ndarray | None], contents: dict[str, bytes]) -> Any:
    """What torch-mlir's importer is to do with tensors: name their contents, which are noted.

    `bytes_of` gives those of a tensor, or None for what the importer is to treat as ever: on its own it makes a list of
    Python numbers of each.
    """
    from torch_mlir.extras.fx_importer import FxImporterHooks, create_mlir_tensor_type

    ir = import_module("torch_mlir.ir")

    class Literals(FxImporterHooks):
        """Imports tensors of several elements."""

        def resolve_literal(self, gni: Any, literal: Any, info: Any) -> Any:
            words = bytes_of(literal)
            if words is None:
                return None
            attribute = named(words.tobytes(), create_mlir_tensor_type(literal), contents, words)
            type_ = gni._cc.tensor_to_vtensor_type(literal)
            return ir.Operation.create("torch.vtensor.literal", results=[type_], attributes={"value": attribute}).result

    return Literals()
