"""Run a program of the tensor level on NumPy arrays, through MLIR's bufferization and execution engine."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from weakref import WeakKeyDictionary

import numpy as np
from xdsl.dialects import cf
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute
from xdsl.printer import Printer

from gatewright.bridge.mlir import TensorProgram, compile_tensors
from gatewright.errors import IrError
from gatewright.float_arrays import with_one_nan
from gatewright.floats import scalar_bits
from gatewright.interface import element_of
from gatewright.interpreters.elementary_functions import expand_elementary_functions
from gatewright.interpreters.outcome import Outcome
from gatewright.interpreters.total_arithmetic import make_total
from gatewright.program import Program
from gatewright.types import Array, Float

_COMPILED: WeakKeyDictionary[ModuleOp, TensorProgram] = WeakKeyDictionary()


def run(program: Program, arguments: Sequence[np.ndarray]) -> Outcome:
    """Run `program` on the raw arrays of its parameters (see `interface.to_raw`).

    The module must be linalg on tensors and must not change between runs.
    """
    compiled = _COMPILED.get(program.module)
    if compiled is None:
        compiled = _COMPILED[program.module] = _compile(program)
    results = []
    for raw, result in zip(compiled(arguments), program.signature.results, strict=True):
        assert isinstance(result.type, Array)
        element = element_of(result.type)
        bits = raw.astype(element.raw_dtype).reshape(result.type.shape)
        results.append(with_one_nan(element.format, bits) if isinstance(element, Float) else bits)
    return Outcome(results)


def _compile(program: Program) -> TensorProgram:
    text, module = StringIO(), program.module.clone()
    for op in [op for op in module.walk() if isinstance(op, cf.AssertOp)]:
        op.detach()  # it would end this process
        op.erase()
    make_total(module)
    expand_elementary_functions(module)
    Printer(text, print_generic_format=True).print_op(module)
    type_ = program.function.function_type
    inputs, outputs = [_port(t) for t in type_.inputs], [_port(t) for t in type_.outputs]
    return compile_tensors(text.getvalue(), program.function.sym_name.data, inputs, outputs)


def _port(type_: Attribute) -> tuple[int, tuple[int, ...]]:
    width = scalar_bits(type_.get_element_type()) if isinstance(type_, TensorType) else None
    if width is None or not isinstance(type_, TensorType):
        raise IrError(f"a program of the tensor level has tensors as arguments and results, not {type_}")
    return width, tuple(type_.get_shape())
