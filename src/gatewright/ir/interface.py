"""A program's interface: its parameters and results, how the IR encodes them, and how NumPy values enter and leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute

from gatewright.dialects.notes import PORT_BANK, PORT_NAME, PORT_RESULT, PORT_TYPE
from gatewright.errors import InterfaceError
from gatewright.ir.floats import format_of, ir_float
from gatewright.numbers import types
from gatewright.numbers.float_arrays import float_bits, float_values
from gatewright.numbers.types import Array, Bool, Complex, Fixed, Float, Integer, Quantized, Scalar, Type


@dataclass(frozen=True)
class Parameter:
    """A parameter of a program, in the order of the source."""

    name: str
    type: Type


@dataclass(frozen=True)
class Result:
    """A result of a program. `name` is that of its port: `result`, or `result_<k>` when there are several."""

    name: str
    type: Type


@dataclass(frozen=True)
class Signature:
    """What a program takes and returns."""

    parameters: tuple[Parameter, ...]
    results: tuple[Result, ...]

    def __str__(self) -> str:
        taken = ", ".join(f"{p.name}: {p.type}" for p in self.parameters)
        return f"({taken}) -> ({', '.join(str(r.type) for r in self.results)})"


def result_name(position: int, count: int) -> str:
    """The port name of a result."""
    return "result" if count == 1 else f"result_{position}"


def argument_attributes(name: str, element: Scalar, result: int | None = None) -> DictionaryAttr:
    """The attributes of a `func.func` argument (or, without its name, result) that describe the interface."""
    entries: dict[str, Attribute] = {PORT_NAME.name: StringAttr(name), PORT_TYPE.name: StringAttr(str(element))}
    if result is not None:
        entries[PORT_RESULT.name] = IntegerAttr(result, i64)
    return DictionaryAttr(entries)


def set_signature(function: func.FuncOp, signature: Signature) -> None:
    """Write `signature` on a function whose arguments are the parameters followed by the result arrays."""
    arguments = [argument_attributes(p.name, element_of(p.type)) for p in signature.parameters]
    arrays_return = len(function.function_type.outputs) == len(signature.results)  # the tensor level
    returned = []
    for position, result in enumerate(signature.results):
        attributes = argument_attributes(result.name, element_of(result.type), position)
        in_place = isinstance(result.type, Array) and not arrays_return
        (arguments if in_place else returned).append(attributes)
    function.properties["arg_attrs"] = ArrayAttr(arguments)
    if returned:
        function.properties["res_attrs"] = ArrayAttr(returned)


def signature_of(function: func.FuncOp) -> Signature:
    """Read the interface of a function; arguments without attributes are signed integers named by position."""
    inputs, outputs = list(function.function_type.inputs), list(function.function_type.outputs)
    parameters: list[Parameter] = []
    results: list[tuple[int, Type]] = []
    for position, (type_, data) in enumerate(zip(inputs, _entries(function.arg_attrs, len(inputs)), strict=True)):
        full = _full_type(type_, data)
        if PORT_RESULT.name in data:
            results.append((_integer(data[PORT_RESULT.name]), full))
        else:
            parameters.append(Parameter(_text(data.get(PORT_NAME.name)) or f"arg{position}", full))
    for position, (type_, data) in enumerate(zip(outputs, _entries(function.res_attrs, len(outputs)), strict=True)):
        order = _integer(data[PORT_RESULT.name]) if PORT_RESULT.name in data else position
        results.append((order, _full_type(type_, data)))
    results.sort(key=lambda pair: pair[0])
    banked = [
        data
        for data in _entries(function.arg_attrs, len(inputs))
        if PORT_RESULT.name in data and PORT_BANK.name in data
    ]
    names = {_integer(data[PORT_RESULT.name]): _text(data[PORT_NAME.name]) for data in banked}
    named = tuple(Result(names.get(k) or result_name(k, len(results)), type_) for k, (_, type_) in enumerate(results))
    return Signature(tuple(parameters), named)


def argument_names(function: func.FuncOp) -> list[str]:
    """The port names of all arguments of a function, result arrays included, in order."""
    signature = signature_of(function)
    names: list[str] = []
    plain = iter(signature.parameters)
    for data in _entries(function.arg_attrs, len(function.function_type.inputs)):
        if PORT_RESULT.name in data:
            names.append(signature.results[_integer(data[PORT_RESULT.name])].name)
        else:
            names.append(next(plain).name)
    return names


def result_positions(function: func.FuncOp) -> list[int | None]:
    """For each argument of a function, which result it holds; None for a parameter."""
    entries = _entries(function.arg_attrs, len(function.function_type.inputs))
    return [_integer(data[PORT_RESULT.name]) if PORT_RESULT.name in data else None for data in entries]


def returned_positions(function: func.FuncOp) -> list[int]:
    """For each value that a function returns, which result it is."""
    entries = _entries(function.res_attrs, len(function.function_type.outputs))
    return [_integer(data[PORT_RESULT.name]) if PORT_RESULT.name in data else k for k, data in enumerate(entries)]


def element_of(type_: Type) -> Scalar:
    """The element type of an array, or the scalar itself."""
    return type_.element if isinstance(type_, Array) else type_


def shape_of(type_: Type) -> tuple[int, ...]:
    """The shape of an array; that of a scalar has no axes."""
    return type_.shape if isinstance(type_, Array) else ()


def ir_scalar(scalar: Scalar) -> Attribute:
    """The IR type of one value."""
    return ir_float(scalar.format) if isinstance(scalar, Float) else IntegerType(scalar.width)


def ir_type(type_: Type) -> Attribute:
    """The IR type of a parameter at the loops level."""
    if isinstance(type_, Array):
        return MemRefType(ir_scalar(type_.element), type_.shape)
    return ir_scalar(type_)


def _entries(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> list[dict[str, Attribute]]:
    if attributes is None:
        return [{} for _ in range(count)]
    return [dict(entry.data) for entry in attributes]


def _text(attribute: Attribute | None) -> str | None:
    return attribute.data if isinstance(attribute, StringAttr) else None


def _integer(attribute: Attribute) -> int:
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data


def _full_type(ir: Attribute, data: dict[str, Attribute]) -> Type:
    spelled = _text(data.get(PORT_TYPE.name))
    if isinstance(ir, (MemRefType, TensorType)):
        element = types.parse_scalar(spelled) if spelled else _default_scalar(ir.get_element_type())
        # In memory, a tensor without axes is an array of one element.
        return Array(element, tuple(ir.get_shape()) or ((1,) if isinstance(ir, MemRefType) else ()))
    return types.parse_scalar(spelled) if spelled else _default_scalar(ir)


def _default_scalar(ir: Attribute) -> Scalar:
    if isinstance(ir, IndexType):
        return types.i64
    if isinstance(ir, IntegerType) and ir.width.data <= 64:
        return types.bool_ if ir.width.data == 1 else Integer(ir.width.data)
    if (form := format_of(ir)) is not None:
        return Float(form.exponent, form.mantissa)
    raise InterfaceError(
        f"a port cannot have the type {ir}",
        why="ports are integers of 1 to 64 bits, fixed-point or floating-point numbers, or arrays of them",
    )


def to_raw(value: object, type_: Type, name: str) -> np.ndarray:
    """The bits of an argument as a fresh integer array of `raw_dtype` (shape () for a scalar).

    Integers must be in range; numbers for a fixed-point type are rounded to nearest even and saturate, those for a
    floating-point type are rounded to it. Raises InterfaceError for a wrong shape or kind of value, and for NaN as a
    fixed-point number.
    """
    element = element_of(type_)
    shape = shape_of(type_)
    given = np.asarray(_readable(value))
    if isinstance(element, Complex):
        shape = shape[:-1]
    if given.shape != shape:
        raise InterfaceError(
            f"argument {name} has the shape {given.shape}, not {shape}", why=f"the program was compiled for {type_}"
        )
    if isinstance(element, Complex):
        return float_bits(element.format, _parts(given, name))
    if isinstance(element, Fixed):
        return _fixed_to_raw(given, element, name)
    if isinstance(element, Quantized):
        _check_real(given, element, name)
        return element.to_raw(given)
    if isinstance(element, Float):
        if given.dtype.kind not in "iubf":
            raise InterfaceError(f"argument {name} has the element type {given.dtype}, not {element}")
        return float_bits(element.format, given)
    if given.dtype.kind not in "iub":
        raise InterfaceError(
            f"argument {name} has the element type {given.dtype}, not {element}",
            why=f"the program was compiled for {type_}",
            remedy=f"convert it, for example with .astype(np.{element.raw_dtype})",
        )
    return _integer_to_raw(given, element, name)


def _parts(given: np.ndarray, name: str) -> np.ndarray:
    """The real and the imaginary parts of numbers, on one more axis."""
    if given.dtype.kind not in "iubfc":
        raise InterfaceError(f"argument {name} has the element type {given.dtype}, not complex numbers")
    return np.stack([np.real(given), np.imag(given)], -1)


def _readable(value: object) -> object:
    """A PyTorch tensor as one that NumPy reads, of a type that it lacks one of float32; anything else as it is."""
    if not hasattr(value, "resolve_conj"):
        return value
    tensor: Any = value
    tensor = tensor.detach().resolve_conj().resolve_neg()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor


def _integer_to_raw(given: np.ndarray, element: Scalar, name: str) -> np.ndarray:
    low, high = (element.minimum, element.maximum) if isinstance(element, Integer) else (0, 1)
    if given.size and (int(given.min()) < low or int(given.max()) > high):
        offender = int(given.min()) if int(given.min()) < low else int(given.max())
        raise InterfaceError(
            f"argument {name} holds {offender}, which does not fit {element}", why=f"{element} holds {low} to {high}"
        )
    return given.astype(element.raw_dtype)


def _check_real(given: np.ndarray, element: Scalar, name: str) -> None:
    if given.dtype.kind not in "iubf":
        raise InterfaceError(f"argument {name} has the element type {given.dtype}, not {element}")
    if given.dtype.kind == "f" and np.isnan(given).any():
        raise InterfaceError(f"argument {name} holds NaN", why=f"{element} has no representation of it")


def _fixed_to_raw(given: np.ndarray, element: Fixed, name: str) -> np.ndarray:
    _check_real(given, element, name)
    scaled = np.rint(np.ldexp(given.astype(np.float64), element.fraction))
    bound = 2.0 ** (element.bits - 1)
    saturated = np.clip(scaled, -bound, bound)
    limit = (1 << (element.bits - 1)) - 1
    exact = np.where(saturated >= bound, 0.0, saturated).astype(np.int64)
    return np.where(saturated >= bound, limit, exact).astype(element.raw_dtype)


def from_raw(raw: np.ndarray, type_: Type) -> np.ndarray:
    """The user's values of raw bits: integers as they are, fixed point as float64, floats in a type that holds them."""
    element = element_of(type_)
    if isinstance(element, Fixed):
        return np.ldexp(raw.astype(np.float64), -element.fraction)
    if isinstance(element, Quantized):
        return element.from_raw(raw)
    if isinstance(element, Bool):
        return raw.astype(np.bool_)
    if isinstance(element, Complex):
        return float_values(element.format, raw).view(element.dtype)[..., 0]
    if isinstance(element, Float):
        return float_values(element.format, raw)
    return raw


def write_back(target: object, raw: np.ndarray, type_: Type) -> None:
    """Store the bits of an array that a program may have updated into the array that the user passed."""
    if isinstance(target, np.ndarray) and target.flags.writeable:
        target[...] = from_raw(raw, type_).astype(target.dtype)


def bound(
    signature: Signature, defaults: Mapping[str, object], arguments: Sequence[object], named: Mapping[str, object]
) -> tuple[object, ...]:
    """The arguments of all parameters, given in order or by name or by default. Raises InterfaceError as calls do."""
    names = [parameter.name for parameter in signature.parameters]
    after = names[len(arguments) :]
    for name in named:
        if name not in names:
            remedy = f"its parameters are {', '.join(names)}" if names else "it takes none"
            raise InterfaceError(f"there is no parameter {name}", why=f"the program is {signature}", remedy=remedy)
        if name not in after:
            raise InterfaceError(f"argument {name} is given twice, by position and by name")
    values = {**defaults, **named}
    if (named or defaults) and (missing := next((name for name in after if name not in values), None)) is not None:
        raise InterfaceError(f"argument {missing} is missing", why=f"the program is {signature}")
    given = (*arguments, *(values[name] for name in after if name in values))
    check_count(signature, given)
    return given


def check_count(signature: Signature, arguments: Sequence[object]) -> None:
    """Raise InterfaceError unless the number of arguments is that of the parameters."""
    if len(arguments) != len(signature.parameters):
        raise InterfaceError(
            f"{len(arguments)} arguments given, {len(signature.parameters)} expected",
            why=f"the program is {signature}",
        )
