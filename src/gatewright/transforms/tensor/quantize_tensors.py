"""Turn a floating-point program on tensors into the integer program that a fixed-point format makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, tensor
from xdsl.dialects.builtin import AnyFloat, ArrayAttr, DictionaryAttr, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.passes import ModulePass

from gatewright.dialects.notes import PORT_NAME
from gatewright.errors import UnsupportedError
from gatewright.ir.interface import Parameter, Result, Signature, element_of, result_name, set_signature, signature_of
from gatewright.ir.location import source_location
from gatewright.numbers.types import Array, Fixed, Quantized, parse_scalar
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.quantizer import Quantizer
from gatewright.transforms.tensor.states import Stored


@dataclass(frozen=True)
class QuantizeTensorsPass(ModulePass):
    """Turn floats into the fixed-point numbers of a format.

    ::

        %s = generic(%x: f32, %w: f32) init %b            %s = generic(%x: i16, %w: i16) init %b: i37
          { acc + x * w }                           ->      { acc + x * w }              exact, 37 bits hold any sum
        %r = generic(%s) { max(s, 0.0) }                  %r = generic(%s) { saturate(round(max(s, 0))) }: i16

    Arguments, results and every tensor that is stored have the format; constants have its width, each tensor with the
    binary point where its largest magnitude allows. Sums and products are exact, in as many bits as they can need; an
    operation that stores a tensor rounds to nearest even and saturates, once. Without a format, or floats, nothing is
    to do.

    Raises UnsupportedError for operations that are not exact arithmetic.
    """

    name = "quantize-tensors"

    format: str = ""
    formats: tuple[str, ...] = ()
    """The format of each of `float_tensors`; else all have `format`."""
    by_channel: bool = False
    """Whether the weights of each channel of a layer have a binary point of their own."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [op for op in op.ops if isinstance(op, func.FuncOp) and not op.is_declaration]:
            if self.format and _has_floats(function):
                format_ = parse_scalar(self.format)
                assert isinstance(format_, Fixed), self.format
                formats = [parse_scalar(each) for each in self.formats]
                quantize(function, format_, [f for f in formats if isinstance(f, Fixed)], self.by_channel)


def quantize(
    function: func.FuncOp, format_: Fixed, formats: Sequence[Fixed] = (), by_channel: bool = False
) -> list[tuple[int, SSAValue, Fixed]]:
    """Quantise a function; of those of `float_tensors` that are stored the number, the new tensor and its format."""
    tensors = float_tensors(function)
    quantizer = Quantizer(function, format_, dict(zip(tensors, formats, strict=bool(formats))), by_channel)
    signature = _quantized_signature(function, quantizer)
    quantizer.run()
    set_signature(function, signature)
    stored = [(number, quantizer.states.get(value), quantizer.format_of(value)) for number, value in enumerate(tensors)]
    return [
        (number, state.value, Fixed(state.width, state.fraction))
        for number, state, wanted in stored
        if isinstance(state, Stored) and state.width == wanted.bits and state.places is None
    ]


def saturating(
    function: func.FuncOp, format_: Fixed, formats: Sequence[Fixed], by_channel: bool
) -> list[tuple[int, SSAValue]]:
    """Quantise a function whose results do not matter; with the numbers of those of `float_tensors` that can saturate,
    tensors that tell which elements do."""
    tensors = float_tensors(function)
    positions = {value: number for number, value in enumerate(tensors)}
    quantizer = Quantizer(function, format_, dict(zip(tensors, formats, strict=bool(formats))), by_channel, count=True)
    signature = _quantized_signature(function, quantizer)
    quantizer.run()
    set_signature(function, signature)
    return [(positions[of], value) for of, value in quantizer.saturated or ()]


def float_tensors(function: func.FuncOp) -> list[SSAValue]:
    """The tensors of floats of a function: its arguments, then the results of its operations, in order.

    Those without contents yet (`tensor.empty`) are not among them.
    """
    block = function.body.block
    made = [result for op in block.ops if not isinstance(op, tensor.EmptyOp) for result in op.results]
    values = [*block.args, *made]
    return [v for v in values if isinstance(v.type, TensorType) and isinstance(v.type.get_element_type(), AnyFloat)]


def _has_floats(function: func.FuncOp) -> bool:
    values = [result for op in function.walk() for result in op.results]
    values += [argument for block in function.body.blocks for argument in block.args]
    return any(isinstance(generic.element_of(value.type), AnyFloat) for value in values)


def _quantized_signature(function: func.FuncOp, quantizer: Quantizer) -> Signature:
    """The interface after quantisation, named as before."""
    before = signature_of(function)
    if any(isinstance(element_of(each.type), Quantized) for each in (*before.parameters, *before.results)):
        raise UnsupportedError(
            "a model that is quantised in part is given a precision for the rest",
            where=source_location(function),
            why="integers of both kinds do not meet",
            remedy="leave out the precision: what is not quantised stays floating point",
        )
    last = function.body.block.last_op
    assert last is not None
    given = [quantizer.format_of(value) for value in function.body.block.args]
    returned = [quantizer.format_of(value) for value in last.operands]
    names = _names(function.arg_attrs, len(function.function_type.inputs.data))
    inputs, outputs = list(function.function_type.inputs), list(function.function_type.outputs)
    parameters = [
        Parameter(name, _array(type_, format_, function))
        for name, type_, format_ in zip(names, inputs, given, strict=True)
    ]
    results = [
        Result(result_name(k, len(outputs)), _array(type_, format_, function))
        for k, (type_, format_) in enumerate(zip(outputs, returned, strict=True))
    ]
    return Signature(tuple(parameters), tuple(results))


def _names(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> Sequence[str]:
    entries = [entry.data for entry in attributes] if attributes is not None else [{}] * count
    names = [entry.get(PORT_NAME.name) for entry in entries]
    return [name.data if isinstance(name, StringAttr) else f"arg{k}" for k, name in enumerate(names)]


def _array(type_: Attribute, format_: Fixed, function: func.FuncOp) -> Array:
    if not isinstance(type_, TensorType) or not isinstance(type_.get_element_type(), AnyFloat):
        raise UnsupportedError(
            f"a floating-point model takes or returns {type_}",
            where=source_location(function),
            why="with a precision every argument and result is a tensor of fixed-point numbers",
        )
    return Array(format_, tuple(type_.get_shape()))
