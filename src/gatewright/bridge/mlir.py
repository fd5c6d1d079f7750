"""MLIR, from the torch-mlir wheel: text in, passes, text out, and integer programs on tensors as native code.

Text leaves here in the generic form with locations written where they belong, the form xDSL reads.
"""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gatewright.bridge import worker
from gatewright.bridge.worker import MlirError

if TYPE_CHECKING:
    from gatewright.bridge.jit import NativeCode

MOST_ELEMENTS = 1 << 30
"""The largest array: more than any chip holds, and still no burden to the compiler."""

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


def run_passes(text: str, passes: str) -> str:
    """The module after a pass pipeline such as `canonicalize, func.func(cse)`, in generic form with locations.

    Raises MlirError for text that does not parse or verify, and for a pass that fails.
    """
    return worker.call("text", text, passes)


def lower_text(text: str, passes: str) -> str:
    """`run_passes`, in this process."""
    with _parsed(text) as module:
        run_on(module, passes)
        return generic_text(module)


def generic_text(module: Any) -> str:
    """The text of an MLIR module in generic form, locations inline, constants as xDSL packs them.

    Raises MlirError for a tensor of more than MOST_ELEMENTS, which no reader of the text would survive.
    """
    _check_sizes(module)
    text = module.operation.get_asm(enable_debug_info=True, use_local_scope=True, print_generic_op_form=True)
    if "dense_resource<" in text:
        # In local scope MLIR leaves the contents of resources out.
        resources = module.operation.get_asm().rpartition("\n{-#")[2]
        contents = {match[1]: match[2] for match in _BLOB.finditer(resources)}
        text = _RESOURCE.sub(lambda match: f'dense<"0x{contents[match[1]]}">', text)
    return _FLOAT_BITS.sub(_as_bytes, _HEXADECIMAL.sub(_from_mlir, text))


def _check_sizes(module: Any) -> None:
    ir, refused = bindings(), list[MlirError]()

    def visit(op: Any) -> Any:
        for result in op.results:
            type_ = result.type
            if isinstance(type_, ir.RankedTensorType) and type_.has_static_shape and prod(type_.shape) > MOST_ELEMENTS:
                found = re.findall(r'"([^"]*)":(\d+):(\d+)', str(op.location))
                places = [(file, int(line), int(column)) for file, line, column in found]
                reason = f"a tensor of {prod(type_.shape):,} elements is more than {MOST_ELEMENTS:,}"
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


def import_torch(program: object, name: str) -> str:
    """The linalg on tensors of a `torch.export.ExportedProgram`, every operation a `linalg.generic`.

    The program is made of what `torch_decompositions` leaves.
    Raises MlirError with torch-mlir's diagnostics for an operation that it cannot lower.
    """
    from torch_mlir import fx

    module = fx.export_and_import(cast(Any, program), func_name=name, decomposition_table={})
    packed = io.BytesIO()
    module.operation.write_bytecode(packed)
    return worker.call("bytecode", packed.getvalue(), _FROM_TORCH)


def lower_bytecode(packed: bytes, passes: str) -> str:
    """The generic text of a module in MLIR's binary form after a pass pipeline, in this process."""
    from torch_mlir.dialects import torch as torch_dialect

    ir = bindings()
    with ir.Context() as context:
        torch_dialect.register_dialect(context)
        module = ir.Module.parse(packed)
        run_on(module, passes)
        return generic_text(module)


def check_text(text: str) -> None:
    """Raise MlirError unless MLIR parses and verifies a text."""
    with _parsed(text):
        pass


@contextmanager
def _parsed(text: str) -> Generator[Any, None, None]:
    ir = bindings()
    with ir.Context() as context:
        context.allow_unregistered_dialects = True
        try:
            module = ir.Module.parse(_HEXADECIMAL.sub(_to_mlir, text))
        except ir.MLIRError as error:
            raise _from_diagnostics(error) from error
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


_RESOURCE = re.compile(r'dense_resource<"?([\w.$-]+)"?>')
_BLOB = re.compile(r'"?([\w.$-]+)"?: "0x[0-9A-Fa-f]{8}([0-9A-Fa-f]*)"')
"""The contents of a resource, after four bytes that tell its alignment."""

# Constants in hexadecimal: MLIR packs an element into whole bytes, xDSL into 1, 2, 4 or 8 of them.

_HEXADECIMAL = re.compile(r'dense<"0x([0-9A-Fa-f]*)"> : tensor<((?:\d+x)*)i(\d+)>')


def _container(width: int) -> int:
    return next(size for size in (1, 2, 4, 8) if width <= 8 * size)


def _to_mlir(match: re.Match[str]) -> str:
    width = int(match[3])
    if width in (8, 16, 32, 64):
        return match[0]
    size = _container(width)
    values = np.frombuffer(bytes.fromhex(match[1]), f"<u{size}") & np.array((1 << width) - 1, f"<u{size}")
    packed = values.view(np.uint8).reshape(-1, size)[:, : (width + 7) // 8]
    return f'dense<"0x{packed.tobytes().hex().upper()}"> : tensor<{match[2]}i{width}>'


def _from_mlir(match: re.Match[str]) -> str:
    width = int(match[3])
    if width in (8, 16, 32, 64):
        return match[0]
    given, size = np.frombuffer(bytes.fromhex(match[1]), np.uint8), _container(width)
    padded = np.zeros((len(given) // ((width + 7) // 8), size), np.uint8)
    padded[:, : (width + 7) // 8] = given.reshape(len(padded), -1)
    values = padded.view(f"<u{size}").reshape(-1)
    values = values if width == 1 else sign_extended(values, width)
    return f'dense<"0x{values.tobytes().hex().upper()}"> : tensor<{match[2]}i{width}>'


# Floats that have no decimal form are printed as their bits, which xDSL reads as an integer.

_FLOAT_BITS = re.compile(r'dense<([^">]*0x[^">]*)> : tensor<((?:\d+x)*)(f16|bf16|f32|f64)>')
_LITERAL = re.compile(r"0x[0-9A-Fa-f]+|[-+]?\d[\d.eE+-]*")
_FLOAT_BYTES = {"f16": ("<f2", 2), "f32": ("<f4", 4), "f64": ("<f8", 8)}


def _as_bytes(match: re.Match[str]) -> str:
    contents = b"".join(_float_bytes(literal, match[3]) for literal in _LITERAL.findall(match[1]))
    return f'dense<"0x{contents.hex().upper()}"> : tensor<{match[2]}{match[3]}>'


def _float_bytes(literal: str, type_: str) -> bytes:
    if literal.startswith("0x"):
        return int(literal, 16).to_bytes(_FLOAT_BYTES[type_][1] if type_ != "bf16" else 2, "little")
    if type_ == "bf16":
        return np.array(float(literal), "<f4").tobytes()[2:]
    return np.array(float(literal), _FLOAT_BYTES[type_][0]).tobytes()


def sign_extended(values: np.ndarray, width: int) -> np.ndarray:
    """Unsigned integers whose low `width` bits are two's complement, as signed integers of the same size."""
    places = 8 * values.dtype.itemsize - width
    signed = values.view(f"<i{values.dtype.itemsize}")
    return (signed << places) >> places if places else signed


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
        taken = [np.zeros(shape, f"<u{_container(width)}") for width, shape in self.results]
        words = [word for array in [*given, *taken] for word in _descriptor(array)]
        self._entry(len(words))(*words)
        return [sign_extended(array, width) for array, (width, _) in zip(taken, self.results, strict=True)]

    def _entry(self, words: int) -> Callable[..., int]:
        return self.compiled.function(self.name, words)

    @staticmethod
    def _bits(array: np.ndarray, width: int, shape: tuple[int, ...]) -> np.ndarray:
        type_ = f"<u{_container(width)}"
        bits = np.asarray(array).reshape(shape).astype(type_, order="C")
        return np.asarray(bits & np.array((1 << width) - 1, type_))


def compile_tensors(
    text: str,
    name: str,
    arguments: Sequence[tuple[int, tuple[int, ...]]],
    results: Sequence[tuple[int, tuple[int, ...]]],
) -> TensorProgram:
    """Compile the function `name` of a module of linalg on integer tensors. Ports are (width, shape)."""
    from gatewright.bridge.jit import compile_llvm

    with _parsed(text) as module:
        run_on(module, _TO_LLVM)
        return TensorProgram(compile_llvm(str(module)), name, arguments, results)


def _descriptor(array: np.ndarray) -> list[int]:
    """A memref descriptor as words: allocated and aligned pointer, offset, sizes, strides."""
    address = array.ctypes.data_as(ctypes.c_void_p).value or 0
    strides = [stride // array.itemsize for stride in array.strides]
    return [address, address, 0, *array.shape, *strides]
