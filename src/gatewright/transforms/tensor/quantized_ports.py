"""Ports of quantised models: integers, where a model quantises what it takes and dequantises what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import Float32Type, FunctionType, IntegerType, TensorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from gatewright.interface import Parameter, Result, Signature, set_signature, signature_of
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.exact import bits
from gatewright.transforms.tensor.quantized_forms import Form, Forms, Rounded, fractions
from gatewright.transforms.tensor.quantized_tensors import Dequantized, Integers, QuantizedTensors
from gatewright.types import Array, Quantized

_RESHAPING = (tensor.CollapseShapeOp, tensor.ExpandShapeOp)


@dataclass(frozen=True)
class _Quantizing:
    """How an operation quantises its only input."""

    op: GenericOp
    scale: float
    zero: int
    low: int
    high: int


def quantized_arguments(function: func.FuncOp, tensors: QuantizedTensors) -> None:
    """Make integers of the arguments that a function only quantises."""
    signature = signature_of(function)
    parameters = list(signature.parameters)
    for position, argument in enumerate(list(function.body.block.args)):
        given = parameters[position].type
        if isinstance(given, Array) and (type_ := _argument(argument, tensors)) is not None:
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
        if found is None or not isinstance(given, Array) or (type_ := _returned(operand, found)) is None:
            continue
        plain = tensors.plain(found, last, generic.shape_of(operand.type))
        assert plain.raw.value is not None
        last.operands[position] = plain.raw.value
        results[position] = Result(results[position].name, Array(type_, given.shape))
    _set(function, Signature(signature.parameters, tuple(results)))


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
    found = [_quantizing(use.operation) for use in value.uses if use.index == 0]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(list(value.uses)):
        return None
    first = known[0]
    same = (first.scale, first.zero, first.low, first.high)
    if any((each.scale, each.zero, each.low, each.high) != same for each in known):
        return None
    width = max(2, (first.high - first.low).bit_length())
    base = 0 if bits(first.low, first.high) <= width else first.low + (1 << (width - 1))
    element = IntegerType(width)
    for each in [argument, *(view.results[0] for view in views)]:
        made = Rewriter.replace_value_with_new_type(each, TensorType(element, generic.shape_of(each.type)))
        value = made if each is value else value
    for each in known:
        result = each.op.results[0]
        read, written = generic.maps_of(each.op)[0], generic.output_map(each.op)
        raw = value
        if read != written:
            shape = generic.shape_of(result.type)
            stage = tensors.stage(each.op, generic.extents_of(each.op))
            raw = stage.finish(Builder(InsertPoint.before(each.op)), stage.read(value, read), written, list(shape))
        tensors.stored[result] = Integers(raw, first.low - base, first.high - base), base
    return Quantized(width, first.scale, first.zero - base, first.low - base, first.high - base)


def _quantizing(op: Operation) -> _Quantizing | None:
    """The parameters of an operation that multiplies by the inverse of a scale, rounds, adds a zero point and clamps."""
    if not isinstance(op, GenericOp) or not generic.is_parallel(op) or len(op.inputs) != 1 or len(op.results) != 1:
        return None
    block = generic.body_of(op)
    if any(isinstance(inner, arith.DivfOp) for inner in block.ops) or not isinstance(block.args[0].type, Float32Type):
        return None
    argument = block.args[0]
    forms = Forms({argument: Form({(argument,): fractions(np.ones(()))}, fractions(np.zeros(())))})
    forms.run(list(block.ops)[:-1])
    found = forms[generic.yielded(op)[0]]
    if not isinstance(found, Rounded) or found.form.is_clamped or np.any(found.form.offset != 0):
        return None
    numbers = [found.form.terms.get((argument,)), found.zero, found.low, found.high]
    if any(array is None or array.size > 1 for array in numbers):
        return None
    slope, zero, low, high = (array.item() for array in numbers if array is not None)
    scale = float(1 / Fraction(slope))
    if scale <= 0 or Fraction(scale) * slope != 1 or not all(np.isfinite(float(n)) for n in (low, high)):
        return None
    return _Quantizing(op, scale, int(zero), int(low), int(high))


def _returned(value: SSAValue, of: Dequantized) -> Quantized | None:
    """The type of a result, if dequantising it outside gives the bits that it gives inside."""
    op = value.owner
    while isinstance(op, _RESHAPING):
        op = op.src.owner
    if not isinstance(op, GenericOp) or not of.is_uniform or not generic.is_parallel(op):
        return None
    kinds = [inner for inner in generic.body_of(op).ops if isinstance(inner, arith.MulfOp | arith.DivfOp)]
    scale = float(of.scale.item())
    if len(kinds) != 1 or isinstance(kinds[0], arith.DivfOp) or float(np.float32(scale)) != scale or of.raw.unsigned:
        return None
    zero = of.zero.item()
    return Quantized(max(2, bits(of.raw.low, of.raw.high)), scale, int(zero), of.raw.low, of.raw.high)
