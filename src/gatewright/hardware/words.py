"""Between the raw arrays of an interface and the words of a memory: `width` bits each, unsigned, row-major."""

from __future__ import annotations

import numpy as np

from gatewright.numbers.types import Integer, Scalar, SignedRaw


def word_dtype(width: int) -> np.dtype:
    """The unsigned type in which simulators store words of up to 64 bits."""
    return np.dtype(f"uint{next(size for size in (8, 16, 32, 64) if width <= size)}")


def to_words(raw: np.ndarray, width: int) -> np.ndarray:
    """The low `width` bits of every element, in order."""
    dtype = word_dtype(width)
    words = raw.reshape(-1).astype(dtype)
    if width < 8 * dtype.itemsize:
        words &= dtype.type((1 << width) - 1)
    return words


def from_words(words: np.ndarray, scalar: Scalar) -> np.ndarray:
    """The raw values of words: sign-extended if the type is signed."""
    width, dtype = scalar.width, scalar.raw_dtype
    if isinstance(scalar, SignedRaw) or (isinstance(scalar, Integer) and scalar.signed):
        unused = 8 * dtype.itemsize - width
        return (words.astype(dtype) << dtype.type(unused)) >> dtype.type(unused)
    return words.astype(dtype)


def poison(count: int, width: int) -> np.ndarray:
    """Words that look like nothing: what memories and registers hold before anyone writes them, always the same."""
    noise = np.random.default_rng(0).integers(0, 1 << 64, count, dtype=np.uint64, endpoint=False)
    return to_words(noise, width)
