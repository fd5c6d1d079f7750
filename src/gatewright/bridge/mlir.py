"""MLIR, from the torch-mlir wheel: text in, passes, text out, and integer programs on tensors as native code.

Text leaves here in the generic form with locations written where they belong, the form xDSL reads.
"""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gatewright.bridge import worker
from gatewright.bridge.contents import Carried, in_mlirs_packing, printed, put_back, sign_extended
from gatewright.bridge.worker import MlirError
from gatewright.ir.contents import container_bytes
from gatewright.numbers.types import MOST_ELEMENTS

if TYPE_CHECKING:
    from gatewright.bridge.jit import NativeCode

OPTIMISATION = 1
"""Of native code for tensors: more takes up to twice the time to compile, and makes no loop of a layer faster."""

GENERALIZE = "func.func(linalg-generalize-named-ops),canonicalize,cse"
"""Every linalg operation as `linalg.generic`, and constants folded."""

TO_LINALG = f"torch-backend-to-linalg-on-tensors-backend-pipeline{{allow-non-finites=true}}, {GENERALIZE}"
"""From torch-mlir's own dialect to linalg on tensors."""

_FROM_TORCH = f"""func.func(torch-match-quantized-custom-ops),
    torchdynamo-export-to-torch-backend-pipeline{{extra-library=}}, {TO_LINALG}"""

# Not every processor rounds to bf16, nor does every C runtime have the function that does it in its place: integers do.
_TO_LLVM = """eliminate-empty-tensors,
    one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},
    buffer-results-to-out-params{hoist-static-allocs modify-public-functions}, buffer-deallocation-pipeline,
    func.func(refback-munge-memref-copy),
    canonicalize, func.func(convert-linalg-to-loops),
    func.func(arith-emulate-unsupported-floats{source-types=bf16 target-type=f32}, arith-expand{include-bf16=true}),
    expand-strided-metadata, lower-affine, convert-scf-to-cf,
    convert-cf-to-llvm, convert-math-to-llvm, convert-arith-to-llvm, finalize-memref-to-llvm, convert-func-to-llvm,
    reconcile-unrealized-casts"""


def run_passes(text: str, passes: str, contents: Mapping[str, bytes] | None = None) -> Carried:
    """The module after a pass pipeline such as `canonicalize, func.func(cse)`, in generic form with locations.

    `contents` are those of the constants that the text only names.

    Raises MlirError for text that does not parse or verify, and for a pass that fails.
    """
    return worker.call("text", Carried(text, contents or {}), passes)


def lower_text(given: Carried, passes: str) -> Carried:
    """`run_passes`, in this process."""
    with _parsed(given) as module:
        run_on(module, passes)
        return carried(module)


def carried(module: Any, contents: dict[str, bytes] | None = None) -> Carried:
    """An MLIR module as text and contents, of which those are given that it names already.

    Raises MlirError for an array of more than MOST_ELEMENTS, which no reader of the text would survive.
    """
    _check_sizes(module)
    return printed(module, {} if contents is None else contents)


def _check_sizes(module: Any) -> None:
    ir, refused = bindings(), list[MlirError]()

    def visit(op: Any) -> Any:
        arguments = [argument for region in op.regions for block in region for argument in block.arguments]
        types = [value.type for value in (*op.results, *arguments)]
        types += [op.attributes["type"].value] if op.name == "memref.global" else []
        for type_ in types:
            shaped = isinstance(type_, ir.RankedTensorType | ir.MemRefType) and type_.has_static_shape
            if shaped and prod(type_.shape) > MOST_ELEMENTS:
                found = re.findall(r'"([^"]*)":(\d+):(\d+)', str(op.location))
                places = [(file, int(line), int(column)) for file, line, column in found]
                kind = "a tensor" if isinstance(type_, ir.RankedTensorType) else "an array"
                reason = f"{kind} of {prod(type_.shape):,} elements is more than {MOST_ELEMENTS:,}"
                refused.append(MlirError(reason, places))
                return ir.WalkResult.INTERRUPT
        return ir.WalkResult.ADVANCE

    with module.context:
        module.operation.walk(visit)
    for error in refused:
        raise error


def torch_decompositions() -> Any:
    """The operations of PyTorch that torch-mlir wants made of others, and of which."""
    from torch_mlir.extras.fx_decomp_util import get_decomposition_table

    return get_decomposition_table()


def import_torch(program: object, name: str, hooks: object, contents: Mapping[str, bytes]) -> Carried:
    """The linalg on tensors of a `torch.export.ExportedProgram`, every operation a `linalg.generic`.

    The program is made of what `torch_decompositions` leaves. `hooks` are the importer's; they note in `contents` those
    of the constants that they only name.
    Raises MlirError with torch-mlir's diagnostics for an operation that it cannot lower.
    """
    from torch_mlir import fx

    module = fx.export_and_import(cast(Any, program), func_name=name, decomposition_table={}, hooks=cast(Any, hooks))
    packed = io.BytesIO()
    module.operation.write_bytecode(packed)
    lowered = worker.call("bytecode", packed.getvalue(), _FROM_TORCH, list(contents))
    return Carried(lowered.text, {**contents, **lowered.contents})


def lower_bytecode(packed: bytes, passes: str, known: Sequence[str]) -> Carried:
    """A module in MLIR's binary form after a pass pipeline, in this process, without the contents that are `known`."""
    from torch_mlir.dialects import torch as torch_dialect

    ir = bindings()
    with ir.Context() as context:
        torch_dialect.register_dialect(context)
        module = ir.Module.parse(packed)
        run_on(module, passes)
        lowered = carried(module, dict.fromkeys(known, b""))
        return Carried(lowered.text, {name: data for name, data in lowered.contents.items() if name not in known})


def check_text(text: str) -> None:
    """Raise MlirError unless MLIR parses and verifies a text."""
    with _parsed(Carried(text)):
        pass


@contextmanager
def _parsed(given: Carried) -> Generator[Any, None, None]:
    ir = bindings()
    with ir.Context() as context:
        context.allow_unregistered_dialects = True
        try:
            module = ir.Module.parse(in_mlirs_packing(given.text))
        except ir.MLIRError as error:
            raise _from_diagnostics(error) from error
        with ir.Location.unknown():
            put_back(module, given.contents)
        yield module


def bindings() -> Any:
    """MLIR's classes, which the package makes when it is imported."""
    return import_module("torch_mlir.ir")


def run_on(module: Any, passes: str) -> None:
    """Run a pass pipeline on an MLIR module in place. Raises MlirError if a pass fails."""
    import_module("torch_mlir.dialects.torch")  # registers torch-mlir's own passes

    ir, pass_manager = bindings(), import_module("torch_mlir.passmanager").PassManager
    try:
        with module.context:
            pass_manager.parse(f"builtin.module({passes})").run(module.operation)
    except ir.MLIRError as error:
        raise _from_diagnostics(error) from error


def _from_diagnostics(error: Any) -> MlirError:
    """The first diagnostic that MLIR attached to an exception."""
    diagnostic = next(iter(getattr(error, "error_diagnostics", [])), None)
    if diagnostic is None:
        return MlirError(str(error))
    found = re.findall(r'"([^"]*)":(\d+):(\d+)', str(diagnostic.location))
    return MlirError(diagnostic.message, [(file, int(line), int(column)) for file, line, column in found])


@dataclass(frozen=True)
class TensorProgram:
    """A function of integer tensors as native code, with the width and shape of each argument and result."""

    compiled: NativeCode
    name: str
    arguments: Sequence[tuple[int, tuple[int, ...]]]
    results: Sequence[tuple[int, tuple[int, ...]]]

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results on arrays of integers, sign-extended in the smallest NumPy type."""
        given = [self._bits(array, *port) for array, port in zip(arrays, self.arguments, strict=True)]
        taken = [np.zeros(shape, f"<u{container_bytes(width)}") for width, shape in self.results]
        words = [word for array in [*given, *taken] for word in _descriptor(array)]
        self._entry(len(words))(*words)
        return [sign_extended(array, width) for array, (width, _) in zip(taken, self.results, strict=True)]

    def _entry(self, words: int) -> Callable[..., int]:
        return self.compiled.function(self.name, words)

    @staticmethod
    def _bits(array: np.ndarray, width: int, shape: tuple[int, ...]) -> np.ndarray:
        type_ = f"<u{container_bytes(width)}"
        bits = np.asarray(array).reshape(shape).astype(type_, order="C")
        return np.asarray(bits & np.array((1 << width) - 1, type_))


def compile_tensors(
    given: Carried,
    name: str,
    arguments: Sequence[tuple[int, tuple[int, ...]]],
    results: Sequence[tuple[int, tuple[int, ...]]],
) -> TensorProgram:
    """Compile the function `name` of a module of linalg on integer tensors. Ports are (width, shape)."""
    from gatewright.bridge.jit import compile_module

    with _parsed(given) as module:
        run_on(module, _TO_LLVM)
        return TensorProgram(compile_module(module, OPTIMISATION), name, arguments, results)


def _descriptor(array: np.ndarray) -> list[int]:
    """A memref descriptor as words: allocated and aligned pointer, offset, sizes, strides."""
    address = array.ctypes.data_as(ctypes.c_void_p).value or 0
    strides = [stride // array.itemsize for stride in array.strides]
    return [address, address, 0, *array.shape, *strides]
