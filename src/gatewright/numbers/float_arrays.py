"""Arrays of floating-point numbers of any format as NumPy arrays of their bits, and back."""

from __future__ import annotations

import numpy as np

from gatewright.numbers.float_format import FORMATS, FloatFormat, convert

_NATIVE = {FORMATS["f16"]: np.float16, FORMATS["f32"]: np.float32, FORMATS["f64"]: np.float64}


def float_bits(form: FloatFormat, values: np.ndarray) -> np.ndarray:
    """The bits of the numbers nearest to `values`, in the smallest unsigned type; every NaN is that of the format."""
    native = _NATIVE.get(form)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if native is not None:
            bits = np.ascontiguousarray(values).astype(native).view(f"u{form.width // 8}")
        elif form == FORMATS["bf16"] and values.dtype == np.float32:
            bits = _upper_half(np.ascontiguousarray(values).view(np.uint32))
        else:
            bits = _converted(FORMATS["f64"], form, np.ascontiguousarray(values).astype(np.float64).view(np.uint64))
    none = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    return np.where(none, bits.dtype.type(form.nan), bits).reshape(values.shape)


def float_values(form: FloatFormat, bits: np.ndarray) -> np.ndarray:
    """The numbers of some bits, in NumPy's own type, or as float32 for a format that NumPy lacks."""
    native = _NATIVE.get(form)
    if native is not None:
        return np.ascontiguousarray(bits).astype(f"u{form.width // 8}").view(native).reshape(bits.shape)
    if form == FORMATS["bf16"]:
        return (np.ascontiguousarray(bits).astype(np.uint32) << 16).view(np.float32).reshape(bits.shape)
    return _converted(form, FORMATS["f32"], bits).view(np.float32).reshape(bits.shape)


def with_one_nan(form: FloatFormat, bits: np.ndarray) -> np.ndarray:
    """Bits in which every NaN is the one of the format."""
    magnitude = bits & bits.dtype.type(form.sign_bit - 1)
    return np.where(magnitude > form.infinity, bits.dtype.type(form.nan), bits)


def _upper_half(bits: np.ndarray) -> np.ndarray:
    """Single precision rounded to its upper 16 bits."""
    return ((bits + np.uint32(0x7FFF) + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def _converted(form: FloatFormat, other: FloatFormat, bits: np.ndarray) -> np.ndarray:
    size = next(size for size in (1, 2, 4, 8) if other.width <= 8 * size)
    found = [convert(form, other, number) for number in bits.reshape(-1).tolist()]
    return np.array(found, f"u{size}").reshape(bits.shape)
