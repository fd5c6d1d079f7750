"""Floating-point types of the IR, as formats, and the bits of what is in them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import cast

import numpy as np
from xdsl.dialects import builtin
from xdsl.dialects.builtin import (
    AnyFloat,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    TensorType,
)
from xdsl.ir import Attribute

from gatewright.numbers.float_format import FORMATS, FloatFormat, convert

INDEX_BITS = 64
"""Bits of an `index`."""

_TYPES: dict[str, type[Attribute]] = {
    "f8E5M2": builtin.Float8E5M2Type,
    "f8E4M3": builtin.Float8E4M3Type,
    "f8E3M4": builtin.Float8E3M4Type,
    "f16": builtin.Float16Type,
    "bf16": builtin.BFloat16Type,
    "tf32": builtin.FloatTF32Type,
    "f32": builtin.Float32Type,
    "f64": builtin.Float64Type,
}
_NAMES = {type_: name for name, type_ in _TYPES.items()}
_STORED = {"f16": "<f2", "f32": "<f4", "f64": "<f8"}
"""The formats whose constants the IR stores as NumPy does."""


def format_of(type_: Attribute) -> FloatFormat | None:
    """The format of a floating-point type that has hardware; None for any other type."""
    name = _NAMES.get(type(type_))
    return FORMATS[name] if name is not None else None


def ir_float(form: FloatFormat) -> Attribute:
    """The type of a format that has a name."""
    return _TYPES[form.name]()


def scalar_bits(type_: Attribute) -> int | None:
    """Bits of a number in hardware: an integer, an index or a floating-point number; None for any other type."""
    if isinstance(type_, IntegerType):
        return type_.width.data
    if isinstance(type_, IndexType):
        return INDEX_BITS
    form = format_of(type_)
    return form.width if form is not None else None


def bits_of_double(form: FloatFormat, value: float) -> int:
    """The number of a format that is nearest to a double."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    return bits if form == FORMATS["f64"] else convert(FORMATS["f64"], form, bits)


def double_of_bits(form: FloatFormat, number: int) -> float:
    """The value of a number."""
    bits = number if form == FORMATS["f64"] else convert(form, FORMATS["f64"], number)
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def constant_bits(attribute: Attribute) -> int | None:
    """The bits of an integer or floating-point constant; None for an attribute that is none."""
    if isinstance(attribute, IntegerAttr) and isinstance(attribute.type, IntegerType):
        return attribute.value.data & ((1 << attribute.type.width.data) - 1)
    if not isinstance(attribute, FloatAttr):
        return None
    form = format_of(attribute.type)
    return bits_of_double(form, attribute.value.data) if form is not None else None


def constant_of_bits(bits: int, type_: Attribute) -> FloatAttr | IntegerAttr:
    """The constant of a type of numbers that has some bits."""
    form = format_of(type_)
    if form is not None:
        return float_attribute(double_of_bits(form, bits), type_)
    width = scalar_bits(type_)
    assert width is not None and isinstance(type_, IntegerType | IndexType)
    signed = bits - (1 << width) if bits >> (width - 1) and width > 1 else bits
    return IntegerAttr(signed, type_)


def float_attribute(value: float, type_: Attribute) -> FloatAttr:
    """The constant of a floating-point type that is a double of its format."""
    return FloatAttr(value, cast(AnyFloat, type_))


def float_constant(value: float, form: FloatFormat) -> FloatAttr:
    """The constant of a format that is nearest to a double."""
    return float_attribute(double_of_bits(form, bits_of_double(form, value)), ir_float(form))


def contents_bits(contents: DenseIntOrFPElementsAttr) -> list[int] | None:
    """The bits of every element of a constant array of floats; None if its elements are no floats."""
    form = format_of(contents.get_element_type())
    if form is None:
        return None
    data = contents.data.data
    if form.name in _STORED:
        bits = np.frombuffer(data, _STORED[form.name].replace("f", "u")).tolist()
    elif form.name == "bf16":
        bits = np.frombuffer(data, "<u2").tolist()
    else:
        bits = [bits_of_double(form, float(str(value))) for value in contents.get_values()]
    count = int(np.prod(contents.get_shape(), dtype=np.int64))
    return bits * count if len(bits) == 1 else bits


def dense_of_bits(form: FloatFormat, bits: list[int], shape: Sequence[int]) -> DenseIntOrFPElementsAttr:
    """A constant array of floats, by the bits of its elements."""
    if form.name in _STORED or form.name == "bf16":
        code = "<u2" if form.name == "bf16" else _STORED[form.name].replace("f", "u")
        data = BytesAttr(np.array(bits, code).tobytes())
        return DenseIntOrFPElementsAttr(TensorType(cast(AnyFloat, ir_float(form)), shape), data)
    values = [double_of_bits(form, number) for number in bits]
    return DenseIntOrFPElementsAttr.from_list(TensorType(cast(AnyFloat, ir_float(form)), shape), values)
