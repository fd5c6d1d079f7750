"""The scalar and array types of a program's interface: `gw.i32`, `gw.uint(12)`, `gw.fixed(16, 8)`, `gw.i32[8, 8]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

import numpy as np

from gatewright.errors import InterfaceError
from gatewright.numbers.float_arrays import float_bits, float_values
from gatewright.numbers.float_format import FORMATS, FloatFormat

MOST_ELEMENTS = 1 << 30
"""The largest array: more than any chip holds, and still no burden to the compiler."""


class Scalar:
    """A type of one value. `scalar[8, 8]` is the type of an 8 by 8 array of it."""

    @property
    def width(self) -> int:
        """Bits of one value in hardware."""
        raise NotImplementedError

    @property
    def raw_dtype(self) -> np.dtype:
        """The NumPy integer type that holds the bits of one value, sign- or zero-extended."""
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype:
        """The NumPy type in which plain Python keeps values of this type, so that `np.zeros(8, gw.i32)` works."""
        return self.raw_dtype

    def __call__(self, value: object) -> np.generic | np.ndarray:
        """`value`, a number or an array, converted to this type as the hardware converts it."""
        raise NotImplementedError

    def __getitem__(self, shape: int | tuple[int, ...]) -> Array:
        shape = shape if isinstance(shape, tuple) else (shape,)
        for extent in shape:
            if not isinstance(extent, (int, np.integer)) or extent < 1:
                raise InterfaceError(
                    f"an array cannot have the extent {extent!r}",
                    why="every extent of a hardware array is a positive integer known at compile time",
                    remedy="write for example gw.i32[8, 8]",
                )
        return Array(self, tuple(int(extent) for extent in shape))


@dataclass(frozen=True)
class Integer(Scalar):
    """An integer of 1 to 64 bits, two's complement if signed; it wraps."""

    bits: int
    signed: bool = True

    def __post_init__(self):
        if not 1 <= self.bits <= 64:
            raise InterfaceError(
                f"an integer type cannot have {self.bits} bits",
                why="integer ports are 1 to 64 bits wide",
            )

    @property
    def width(self) -> int:
        return self.bits

    @property
    def raw_dtype(self) -> np.dtype:
        size = next(size for size in (8, 16, 32, 64) if self.bits <= size)
        return np.dtype(f"{'int' if self.signed else 'uint'}{size}")

    @property
    def minimum(self) -> int:
        """The smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """The largest value."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    def __call__(self, value: object) -> np.generic | np.ndarray:
        """`value` wrapped to this type; a fraction is dropped, towards zero, and such a number saturates."""
        given = np.asarray(value)
        if given.dtype.kind == "f":
            given = np.vectorize(lambda x: min(max(int(x), self.minimum), self.maximum), otypes=[object])(given)
        wrap = np.vectorize(lambda x: (int(x) - self.minimum) % (1 << self.bits) + self.minimum, otypes=[object])
        return np.asarray(wrap(given)).astype(self.raw_dtype)[()]

    def __str__(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.bits}"


@dataclass(frozen=True)
class Bool(Scalar):
    """A truth value, one bit."""

    @property
    def width(self) -> int:
        return 1

    @property
    def raw_dtype(self) -> np.dtype:
        return np.dtype(np.bool_)

    def __call__(self, value: object) -> np.generic | np.ndarray:
        """Whether `value` is not zero."""
        return (np.asarray(value) != 0)[()]

    def __str__(self) -> str:
        return "bool"


class SignedRaw(Scalar):
    """A type whose values are signed integers of `bits` bits that stand for other numbers."""

    bits: int

    @property
    def width(self) -> int:
        return self.bits

    @property
    def raw_dtype(self) -> np.dtype:
        return Integer(self.bits).raw_dtype


@dataclass(frozen=True)
class Fixed(SignedRaw):
    """A signed fixed-point number: `bits` bits in all, worth `raw * 2**-fraction`.

    Numbers become fixed point by rounding to nearest, ties to even, and saturating. `fraction` may be negative or
    exceed `bits`.
    """

    bits: int
    fraction: int

    def __post_init__(self):
        if not 2 <= self.bits <= 64:
            raise InterfaceError(
                f"a fixed-point type cannot have {self.bits} bits", why="fixed-point numbers are 2 to 64 bits wide"
            )

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.float64)

    def __call__(self, value: object) -> np.generic | np.ndarray:
        """`value` as a float64, rounded to nearest even and saturated."""
        bound = 2.0 ** (self.bits - 1)
        scaled = np.rint(np.ldexp(np.asarray(value, np.float64), self.fraction))
        return np.ldexp(np.clip(scaled, -bound, bound - 1), -self.fraction)[()]

    @property
    def step(self) -> float:
        """The distance between neighbouring values."""
        return 2.0**-self.fraction

    def __str__(self) -> str:
        return f"fixed<{self.bits},{self.fraction}>"


@dataclass(frozen=True)
class Quantized(SignedRaw):
    """A number of a quantised model: an integer of `bits` bits, worth `(raw - zero) * scale` in single precision.

    Numbers become quantised as PyTorch does it (`quantize_per_tensor`): times the inverse of the scale in single
    precision, or as ONNX does it (`QuantizeLinear`): divided by the scale; then rounded to nearest, ties to even, plus
    the zero point, and at least `low` and at most `high`.
    """

    bits: int
    scale: float
    zero: int
    low: int
    high: int
    divide: bool = False
    """Whether numbers are divided by the scale."""

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.float32)

    @property
    def step(self) -> float:
        """The distance between neighbouring values."""
        return self.scale

    def to_raw(self, value: np.ndarray) -> np.ndarray:
        """The integers for numbers, none of them NaN."""
        given = np.asarray(value, np.float32)
        with np.errstate(over="ignore"):
            scaled = given / np.float32(self.scale) if self.divide else given * np.float32(1.0 / self.scale)
        return np.clip(np.rint(scaled) + np.float32(self.zero), np.float32(self.low), np.float32(self.high)).astype(
            self.raw_dtype
        )

    def from_raw(self, raw: np.ndarray) -> np.ndarray:
        """The numbers of integers."""
        return (raw.astype(np.int64) - self.zero).astype(np.float32) * np.float32(self.scale)

    def __call__(self, value: object) -> np.generic | np.ndarray:
        """The nearest number of this type."""
        return self.from_raw(self.to_raw(np.asarray(value)))[()]

    def __str__(self) -> str:
        how = ",divide" if self.divide else ""
        return f"quantized<i{self.bits},{self.scale!r},{self.zero},{self.low},{self.high}{how}>"


@dataclass(frozen=True)
class Float(Scalar):
    """An IEEE-754 binary format with `exponent` and `mantissa` bits."""

    exponent: int
    mantissa: int

    @property
    def width(self) -> int:
        return 1 + self.exponent + self.mantissa

    @property
    def format(self) -> FloatFormat:
        """The format as arithmetic knows it."""
        return FloatFormat(self.exponent, self.mantissa)

    @property
    def raw_dtype(self) -> np.dtype:
        return Integer(self.width, signed=False).raw_dtype

    @property
    def dtype(self) -> np.dtype:
        """NumPy's own type, or float32 for a format that NumPy lacks and float32 holds."""
        names = {(5, 10): np.float16, (8, 23): np.float32, (11, 52): np.float64}
        return np.dtype(names.get((self.exponent, self.mantissa), np.float32))

    def __call__(self, value: object) -> np.generic | np.ndarray:
        """`value` rounded to this format, in the NumPy type that holds it."""
        return float_values(self.format, float_bits(self.format, np.asarray(value)))[()]

    def __str__(self) -> str:
        return self.format.name


@dataclass(frozen=True)
class Complex(Float):
    """A part of a complex number: an array of them has both, the real one first, along its last axis."""

    @property
    def dtype(self) -> np.dtype:
        """NumPy's type of the complex numbers."""
        return np.dtype(np.complex128 if self.width > 32 else np.complex64)

    def __str__(self) -> str:
        return f"complex<{self.format.name}>"


@dataclass(frozen=True)
class Array:
    """An array of `element`s with a shape known at compile time, stored row-major."""

    element: Scalar
    shape: tuple[int, ...]

    def __post_init__(self):
        if self.size > MOST_ELEMENTS:
            raise InterfaceError(
                f"an array cannot have {self.size:,} elements",
                why=f"there are at most {MOST_ELEMENTS:,}",
                remedy="compute with a smaller one, a part at a time",
            )

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{self.element}[{', '.join(map(str, self.shape))}]"


Type = Scalar | Array


def int_(bits: int) -> Integer:
    """The signed integer type of 1 to 64 bits."""
    return Integer(bits)


def uint(bits: int) -> Integer:
    """The unsigned integer type of 1 to 64 bits."""
    return Integer(bits, signed=False)


def fixed(width: int, fraction: int) -> Fixed:
    """The signed fixed-point type of `width` bits of which `fraction` stand behind the point."""
    return Fixed(width, fraction)


i8, i16, i32, i64 = (Integer(bits) for bits in (8, 16, 32, 64))
u8, u16, u32, u64 = (Integer(bits, signed=False) for bits in (8, 16, 32, 64))
bool_ = Bool()
f16, bf16, f32, f64 = Float(5, 10), Float(8, 7), Float(8, 23), Float(11, 52)

_FLOATS = {name: Float(form.exponent, form.mantissa) for name, form in FORMATS.items()}


def parse_scalar(text: str) -> Scalar:
    """Read a scalar type as it prints: `"u32"`, `"fixed<16,8>"`, `"bool"`, `"f32"`."""
    if text == "bool":
        return bool_
    if text in _FLOATS:
        return _FLOATS[text]
    if (match := re.fullmatch(r"complex<(\w+)>", text)) and match[1] in _FLOATS:
        return Complex(_FLOATS[match[1]].exponent, _FLOATS[match[1]].mantissa)
    if match := re.fullmatch(r"([iu])(\d+)", text):
        return Integer(int(match[2]), signed=match[1] == "i")
    if match := re.fullmatch(r"fixed<(\d+),\s*(-?\d+)>", text):
        return Fixed(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"quantized<i(\d+),([^,]+),(-?\d+),(-?\d+),(-?\d+)(,divide)?>", text):
        numbers = int(match[3]), int(match[4]), int(match[5])
        return Quantized(int(match[1]), float(match[2]), *numbers, divide=match[6] is not None)
    raise InterfaceError(f"unknown type {text!r}", remedy="write for example u32, i8, bool or fixed<16,8>")


def type_of_dtype(dtype: np.dtype) -> Scalar | None:
    """The scalar type of a NumPy dtype, or None if it has none (complex, objects, text)."""
    if dtype == np.bool_:
        return bool_
    if dtype.kind in "iu":
        return Integer(8 * dtype.itemsize, signed=dtype.kind == "i")
    return {"float16": f16, "bfloat16": bf16, "float32": f32, "float64": f64}.get(dtype.name)
