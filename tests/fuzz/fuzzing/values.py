"""The element types of random programs: how NumPy promotes them, and values that are likely to break something."""

from __future__ import annotations

from random import Random

import numpy as np

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = ("bool", *INTEGERS)


def promote(left: str, right: str) -> str | None:
    """The type of `left + right`; None where NumPy goes to floating point (uint64 with a signed integer)."""
    name = np.result_type(left, right).name
    return name if name in DTYPES else None


OPERANDS: dict[str, list[tuple[str, str]]] = {
    result: [(left, right) for left in DTYPES for right in DTYPES if promote(left, right) == result]
    for result in INTEGERS
}
"""For each integer type, the pairs of operand types that promote to it."""


def spelled(dtype: str) -> str:
    """How a program writes the type."""
    return "np.bool_" if dtype == "bool" else f"np.{dtype}"


def bounds(dtype: str) -> tuple[int, int]:
    """The smallest and the largest value of a type."""
    if dtype == "bool":
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def bits(dtype: str) -> int:
    """The width of a type in bits."""
    return 8 * np.dtype(dtype).itemsize


def interesting(rng: Random, dtype: str) -> int:
    """A value of the type: often small, often at an end or a power of two, else anywhere."""
    low, high = bounds(dtype)
    kind = rng.random()
    if kind < 0.45:
        value = rng.randint(-4, 9)
    elif kind < 0.6:
        value = rng.choice((low, low + 1, high, high - 1))
    elif kind < 0.75:
        value = (1 << rng.randrange(bits(dtype))) * rng.choice((1, -1)) - rng.choice((0, 1))
    else:
        value = rng.randint(low, high)
    return min(max(value, low), high)


def constant(rng: Random, dtype: str) -> str:
    """The text of a scalar constant of the type."""
    value = interesting(rng, dtype)
    return f"{spelled(dtype)}({bool(value) if dtype == 'bool' else value})"


def array_text(rng: Random, dtype: str, shape: tuple[int, ...]) -> str:
    """The text of an array of random values."""
    size = int(np.prod(shape))
    values = [interesting(rng, dtype) for _ in range(size)]
    nested = np.array(values, dtype).reshape(shape).tolist()
    return f"np.array({nested}, dtype={spelled(dtype)})"
