"""The type in which two numbers meet: NumPy 2's promotion, extended to widths that NumPy lacks.

Two signed or two unsigned integers meet in the wider type; a signed and an unsigned one in the smallest signed type
that holds both, which for 8, 16, 32 and 64 bits is the next of NumPy's own. Python numbers are weak: they take the
type of the NumPy number.
"""

from __future__ import annotations

import numpy as np

from gatewright.frontends.python.values import FixedPoint, NumberType, PythonBool, PythonFloat, PythonInt, SquareRoot
from gatewright.numbers.types import Bool, Float, Integer

_STANDARD = (8, 16, 32, 64)


def promote(a: Integer | Bool, b: Integer | Bool) -> Integer | Bool | None:
    """The type of arithmetic between two NumPy numbers, or None if NumPy would go to float64."""
    if isinstance(a, Bool):
        return b
    if isinstance(b, Bool) or a == b:
        return a
    if a.signed == b.signed:
        return Integer(max(a.bits, b.bits), a.signed)
    signed, unsigned = (a, b) if a.signed else (b, a)
    if a.bits in _STANDARD and b.bits in _STANDARD:
        dtype = np.promote_types(a.raw_dtype, b.raw_dtype)
        return Integer(8 * dtype.itemsize) if dtype.kind == "i" else None
    bits = max(signed.bits, unsigned.bits + 1)
    return Integer(bits) if bits <= 64 else None


def weak_with(weak: PythonInt | PythonBool, strong: Integer | Bool) -> Integer | Bool:
    """The type of arithmetic between a Python number and a NumPy one."""
    if isinstance(strong, Bool) and isinstance(weak, PythonInt):
        return Integer(64)
    return strong


def exact_union(a: FixedPoint, b: FixedPoint) -> FixedPoint:
    """The smallest format that holds every value of both."""
    fraction = max(a.fraction, b.fraction)
    return FixedPoint(max(a.bits - a.fraction, b.bits - b.fraction) + fraction, fraction)


def joined(a: NumberType, b: NumberType) -> NumberType | None:
    """The type of a variable that is of type `a` on one path and of type `b` on another, or None if there is none."""
    if a == b:
        return a
    if isinstance(a, (PythonFloat, SquareRoot, Float)) or isinstance(b, (PythonFloat, SquareRoot, Float)):
        return None
    if isinstance(a, FixedPoint) and isinstance(b, FixedPoint):
        return exact_union(a, b)
    if isinstance(a, FixedPoint) or isinstance(b, FixedPoint):
        return None
    if isinstance(a, (PythonInt, PythonBool)):
        if isinstance(b, (PythonInt, PythonBool)):
            return PythonInt()
        return weak_with(a, b)
    if isinstance(b, (PythonInt, PythonBool)):
        return weak_with(b, a)
    return promote(a, b)
