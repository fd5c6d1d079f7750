"""Native code in process: LLVM dialect text compiled by MLIR's execution engine, from the torch-mlir wheel."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatewright.bridge.worker import MlirError


@dataclass(frozen=True)
class NativeCode:
    """Compiled code, alive as long as this object."""

    engine: Any

    def function(self, name: str, arguments: int, returns: bool = False) -> Callable[..., int]:
        """A function of `arguments` pointers or 64-bit integers that returns a 64-bit integer, or nothing (then 0)."""
        address = self.engine.raw_lookup(name)
        if not address:
            raise MlirError(f"the native code of {name} needs a function that this machine does not have")
        entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
        # The engine wraps each function in one that takes an array of pointers to its arguments and its result.
        values = (ctypes.c_int64 * (arguments + 1))()
        places = (ctypes.c_void_p * (arguments + 1))(
            *(ctypes.addressof(values) + 8 * position for position in range(arguments + 1))
        )

        def call(*given: int) -> int:
            assert len(given) == arguments
            values[:arguments] = given
            entry(ctypes.addressof(places))
            return values[arguments] if returns else 0

        return call


def compile_llvm(text: str, optimisation: int = 2) -> NativeCode:
    """Compile a module of the LLVM dialect. `optimisation` is that of a C compiler, 0 to 3."""
    from torch_mlir import ir as untyped

    ir: Any = untyped
    with ir.Context(), ir.Location.unknown():
        return compile_module(ir.Module.parse(text), optimisation)


def compile_module(module: Any, optimisation: int) -> NativeCode:
    """Compile a module of the LLVM dialect that MLIR holds."""
    from torch_mlir.execution_engine import ExecutionEngine

    return NativeCode(ExecutionEngine(module, opt_level=optimisation))
