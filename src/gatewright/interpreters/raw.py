"""Raw NumPy arrays to the Python integers that generated code computes with, and back.

Generated code holds a value of `iN` as an integer from 0 to 2**N - 1 and one of `index` as one from -2**63 to
2**63 - 1.
"""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import IndexType, MemRefType
from xdsl.ir import Attribute

from gatewright.ir.floats import scalar_bits
from gatewright.ir.interface import element_of
from gatewright.numbers.types import Type


def element_type(ir: Attribute) -> Attribute:
    """The element type of an array, or the scalar type itself."""
    return ir.get_element_type() if isinstance(ir, MemRefType) else ir


def to_integers(raw: np.ndarray, ir: Attribute) -> list[int]:
    """The elements of a raw array in row-major order as generated code holds them."""
    element = element_type(ir)
    flat = np.ascontiguousarray(raw).reshape(-1)
    if isinstance(element, IndexType):
        return flat.astype(np.int64).tolist()
    bits = scalar_bits(element)
    assert bits is not None
    wide = flat.astype(np.uint64) if flat.dtype.kind in "ub" else flat.astype(np.int64).view(np.uint64)
    return (wide & np.uint64((1 << bits) - 1)).tolist()


def to_raw_array(integers: list[int], ir: Attribute, type_: Type, shape: tuple[int, ...]) -> np.ndarray:
    """A raw array of the interface type `type_` and `shape` from what generated code holds."""
    element = element_type(ir)
    dtype = element_of(type_).raw_dtype
    if isinstance(element, IndexType):
        return np.array(integers, dtype=np.int64).astype(dtype).reshape(shape)
    bits = scalar_bits(element)
    assert bits is not None
    wide = np.array(integers, dtype=np.uint64)
    if dtype.kind == "i":
        sign = np.uint64(1 << (bits - 1))
        wide = ((wide ^ sign) - sign).view(np.int64)
    return wide.astype(dtype).reshape(shape)
