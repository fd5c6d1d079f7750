"""Constant tensors as NumPy arrays: the contents of `dense` attributes, read and written without a loop in Python."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import (
    BFloat16Type,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    TensorType,
    f32,
)
from xdsl.ir import Attribute

from gatewright.ir.contents import container_bytes
from gatewright.ir.floats import constant_of_bits, contents_bits, format_of

_FLOATS: dict[type[Attribute], str] = {Float16Type: "<f2", Float32Type: "<f4", Float64Type: "<f8"}


def array_of(attribute: DenseIntOrFPElementsAttr) -> np.ndarray:
    """The contents as float64, or as signed int64 (bool for i1), in the shape of the type."""
    element, data, shape = attribute.get_element_type(), attribute.data.data, attribute.get_shape()
    if isinstance(element, BFloat16Type):
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    elif type(element) in _FLOATS:
        values = np.frombuffer(data, _FLOATS[type(element)]).astype(np.float64)
    elif isinstance(element, IntegerType):
        values = np.frombuffer(data, f"<i{container_bytes(element.width.data)}").astype(np.int64)
        if element.width.data == 1:
            values = values != 0
    else:
        assert isinstance(element, IndexType), f"no NumPy type for {element}"
        values = np.frombuffer(data, "<i8").astype(np.int64)
    count = int(np.prod(shape, dtype=np.int64))
    return np.broadcast_to(values, shape) if len(values) == 1 != count else values.reshape(shape)


def dense(array: np.ndarray, width: int) -> DenseIntOrFPElementsAttr:
    """A constant tensor of signed integers of `width` bits, which the values of `array` must fit."""
    data = np.ascontiguousarray(array).astype(f"<i{container_bytes(width)}").tobytes()
    return DenseIntOrFPElementsAttr(TensorType(IntegerType(width), array.shape), BytesAttr(data))


def dense_floats(array: np.ndarray) -> DenseIntOrFPElementsAttr:
    """A constant tensor of single precision: the nearest to the values of `array`."""
    data = np.ascontiguousarray(array, np.float64).astype("<f4").tobytes()
    return DenseIntOrFPElementsAttr(TensorType(f32, array.shape), BytesAttr(data))


def splat(contents: DenseIntOrFPElementsAttr) -> IntegerAttr | FloatAttr:
    """The element of a constant tensor whose elements are all the same."""
    element = contents.get_element_type()
    form = format_of(element)
    if form is not None:
        bits = contents_bits(contents)
        assert bits is not None
        return constant_of_bits(bits[0], element)
    value = contents.get_values()[0]
    assert isinstance(value, int) and isinstance(element, IntegerType | IndexType)
    return IntegerAttr(value, element)
