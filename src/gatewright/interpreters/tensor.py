"""Run a program of the tensor level on NumPy arrays, through MLIR's bufferization and execution engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from weakref import WeakKeyDictionary

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import cf, func, tensor
from xdsl.dialects.builtin import AffineMapAttr, FunctionType, ModuleOp, TensorType
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.dialects.linalg.ops import GenericOp, YieldOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.printer import Printer
from xdsl.rewriter import InsertPoint

from gatewright.bridge.contents import Carried
from gatewright.bridge.mlir import TensorProgram, compile_tensors
from gatewright.errors import IrError
from gatewright.interpreters.elementary_functions import expand_elementary_functions
from gatewright.interpreters.guard_undefined import guard_undefined
from gatewright.interpreters.outcome import Outcome
from gatewright.ir.contents import set_aside
from gatewright.ir.floats import scalar_bits
from gatewright.ir.interface import element_of
from gatewright.ir.program import Program
from gatewright.numbers.float_arrays import with_one_nan
from gatewright.numbers.types import Array, Float

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


class Observer:
    """Runs a function on tensors and gives tensors inside it, arguments among them, in place of its results."""

    def __init__(self, module: ModuleOp, function: func.FuncOp, tensors: Sequence[SSAValue]):
        copy = module.clone()
        counterpart = dict(zip(module.walk(), copy.walk(), strict=True))
        body = counterpart[function]
        assert isinstance(body, func.FuncOp)
        wanted = [
            body.body.block.args[value.index]
            if isinstance(value, BlockArgument)
            else _result_of_copy(value, counterpart)
            for value in tensors
        ]
        last = body.body.block.last_op
        assert last is not None
        copies = [_copied(value, InsertPoint.before(last)) for value in wanted]  # results are memories of their own
        body.body.block.insert_op_before(func.ReturnOp(*copies), last)
        last.detach()
        last.erase()
        types = list(body.body.block.arg_types), [value.type for value in wanted]
        body.function_type = FunctionType.from_lists(*types)
        for name in ("arg_attrs", "res_attrs"):
            body.properties.pop(name, None)
        self._run = compile_module(copy, body)

    def __call__(self, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The raw values of the tensors: bits of floats, integers with sign else."""
        return self._run(arguments)


def _copied(value: SSAValue, where: InsertPoint) -> SSAValue:
    type_ = value.type
    assert isinstance(type_, TensorType)
    rank = type_.get_num_dims()
    builder, element = Builder(where), type_.get_element_type()
    into = builder.insert(tensor.EmptyOp([], type_)).tensor
    block = Block(arg_types=[element, element])
    block.add_op(YieldOp(block.args[0]))
    identity, parallel = AffineMapAttr(AffineMap.identity(rank)), IteratorTypeAttr(IteratorType.PARALLEL)
    op = GenericOp([value], [into], Region(block), [identity] * 2, [parallel] * rank, [type_])
    return builder.insert(op).results[0]


def _compile(program: Program) -> TensorProgram:
    module = program.module.clone()
    counterpart = dict(zip(program.module.walk(), module.walk(), strict=True))[program.function]
    assert isinstance(counterpart, func.FuncOp)
    return compile_module(module, counterpart)


def compile_module(module: ModuleOp, function: func.FuncOp) -> TensorProgram:
    """Compile a module, of which the function is and which is changed, to native code."""
    text = StringIO()
    _separate_results(function)
    for op in [op for op in module.walk() if isinstance(op, cf.AssertOp)]:
        op.detach()  # it would end this process
        op.erase()
    guard_undefined(module)
    expand_elementary_functions(module)
    contents = set_aside(module)
    Printer(text, print_generic_format=True).print_op(module)
    type_ = function.function_type
    inputs, outputs = [_port(t) for t in type_.inputs], [_port(t) for t in type_.outputs]
    return compile_tensors(Carried(text.getvalue(), contents), function.sym_name.data, inputs, outputs)


def _separate_results(function: func.FuncOp) -> None:
    """Give each result a tensor of its own: it becomes a memory, which is freed once."""
    last = function.body.block.last_op
    assert isinstance(last, func.ReturnOp)
    for position, value in enumerate(last.operands):
        if value in list(last.operands)[:position]:
            last.operands[position] = _copied(value, InsertPoint.before(last))


def _port(type_: Attribute) -> tuple[int, tuple[int, ...]]:
    width = scalar_bits(type_.get_element_type()) if isinstance(type_, TensorType) else None
    if width is None or not isinstance(type_, TensorType):
        raise IrError(f"a program of the tensor level has tensors as arguments and results, not {type_}")
    return width, tuple(type_.get_shape())


def _result_of_copy(value: SSAValue, copies: Mapping[Operation, Operation]) -> SSAValue:
    """The result of the copy of an operation that a result of it is."""
    assert isinstance(value, OpResult)
    return copies[value.op].results[value.index]
