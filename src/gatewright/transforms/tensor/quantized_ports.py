"""Ports of quantised models: integers, where a model quantises what it takes and dequantises what it gives."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import FunctionType, IntegerType, TensorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from gatewright.ir.interface import Parameter, Result, Signature, set_signature, signature_of
from gatewright.numbers.types import Array, Quantized, Type, f32
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.exact import bits
from gatewright.transforms.tensor.quantized_forms import quantizing
from gatewright.transforms.tensor.quantized_tensors import Dequantized, Integers, QuantizedTensors, levels

_RESHAPING = (tensor.CollapseShapeOp, tensor.ExpandShapeOp)


def quantized_arguments(function: func.FuncOp, tensors: QuantizedTensors) -> None:
    """Make integers of the arguments that a function only quantises."""
    signature = signature_of(function)
    parameters = list(signature.parameters)
    for position, argument in enumerate(list(function.body.block.args)):
        given = parameters[position].type
        if _is_single(given) and (type_ := _argument(argument, tensors)) is not None:
            parameters[position] = Parameter(parameters[position].name, Array(type_, given.shape))
    _set(function, Signature(tuple(parameters), signature.results))


def quantized_results(function: func.FuncOp, tensors: QuantizedTensors) -> None:
    """Return the integers of the results that a function dequantises."""
    signature, last = signature_of(function), function.body.block.last_op
    results = list(signature.results)
    assert isinstance(last, func.ReturnOp)
    for position, operand in enumerate(last.operands):
        given = results[position].type
        found = tensors.dequantized(operand) if isinstance(operand.type, TensorType) else None
        if found is None or not _is_single(given) or (type_ := _returned(operand, found)) is None:
            continue
        plain = tensors.plain(found, last, generic.shape_of(operand.type))
        assert plain.raw.value is not None
        last.operands[position] = plain.raw.value
        results[position] = Result(results[position].name, Array(type_, given.shape))
    _set(function, Signature(signature.parameters, tuple(results)))


def _is_single(type_: Type) -> TypeGuard[Array]:
    """Whether these are numbers in single precision, which those of quantised ports are outside."""
    return isinstance(type_, Array) and type_.element == f32


def _set(function: func.FuncOp, signature: Signature) -> None:
    block = function.body.block
    assert block.last_op is not None
    function.function_type = FunctionType.from_lists(list(block.arg_types), list(block.last_op.operand_types))
    set_signature(function, signature)


def _argument(argument: SSAValue, tensors: QuantizedTensors) -> Quantized | None:
    """Make an argument an integer one, if it is only quantised, and always in the same way; its type."""
    views: list[Operation] = []
    value = argument
    while len(uses := list(value.uses)) == 1 and isinstance(uses[0].operation, _RESHAPING):
        views.append(uses[0].operation)
        value = uses[0].operation.results[0]
    users = [use.operation for use in value.uses]
    types = {_type(user) for user in users}
    type_ = types.pop() if len(types) == 1 else None
    if type_ is None:
        return None
    width, base = levels(type_.low, type_.high)
    element = IntegerType(width)
    for each in [argument, *(view.results[0] for view in views)]:
        made = Rewriter.replace_value_with_new_type(each, TensorType(element, generic.shape_of(each.type)))
        value = made if each is value else value
    for op in users:
        assert isinstance(op, GenericOp)
        read, written, raw = generic.maps_of(op)[0], generic.output_map(op), value
        if read != written:
            stage = tensors.stage(op, generic.extents_of(op))
            shape = generic.shape_of(op.results[0].type)
            raw = stage.finish(Builder(InsertPoint.before(op)), stage.read(value, read), written, list(shape))
        tensors.stored[op.results[0]] = Integers(raw, type_.low - base, type_.high - base), base
    moved = type_.zero - base, type_.low - base, type_.high - base
    return Quantized(width, type_.scale, *moved, divide=type_.divide)


def _type(op: Operation) -> Quantized | None:
    """The type that an operation makes of its input, if it is one that values can be converted to outside."""
    found = quantizing(op)
    if found is None or found.slope <= 0:
        return None
    scale = float(1 / found.slope)
    kinds = [type(inner) for region in op.regions for inner in region.block.ops]
    divide = arith.DivfOp in kinds
    if kinds.count(arith.MulfOp) + kinds.count(arith.DivfOp) > 1:  # which round one after the other
        return None
    factor = np.float32(scale) if divide else np.float32(1.0 / scale)
    if factor != (scale if divide else np.float32(float(found.slope))):
        return None
    width = bits(found.low, found.high)
    return Quantized(width, scale, found.zero, found.low, found.high, divide)


def _returned(value: SSAValue, of: Dequantized) -> Quantized | None:
    """The type of a result, if dequantising it outside gives the bits that it gives inside."""
    op = value.owner
    while isinstance(op, _RESHAPING):
        op = op.src.owner
    if not isinstance(op, GenericOp) or not of.is_uniform or not generic.is_parallel(op):
        return None
    scale = float(of.scale.item())
    if of.is_rounded or of.raw.unsigned or float(np.float32(scale)) != scale:
        return None
    zero = of.zero.item()
    return Quantized(max(2, bits(of.raw.low, of.raw.high)), scale, int(zero), of.raw.low, of.raw.high)
