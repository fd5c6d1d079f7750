"""Functions that NumPy lacks and hardware has, for NumPy arrays: in a program they become operators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def _of_doubles(function: Any) -> Any:
    """A function of one number as one of arrays, computed in double precision and rounded to the argument's type."""
    vectorized = np.vectorize(function, otypes=[np.float64])

    def apply(x: Any) -> Any:
        given = np.asarray(x)
        type_ = given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)
        return vectorized(given.astype(np.float64)).astype(type_)[()]

    return apply


def _sigmoid(x: float) -> float:
    small = math.exp(-abs(x))
    return 1 / (1 + small) if x >= 0 else small / (1 + small)


def _rsqrt(x: float) -> float:
    if x == 0:
        return math.copysign(math.inf, x)
    return 1 / math.sqrt(x) if x > 0 else math.nan


_ERF, _RSQRT, _SIGMOID = _of_doubles(math.erf), _of_doubles(_rsqrt), _of_doubles(_sigmoid)
_GELU = _of_doubles(lambda x: x / 2 * math.erfc(-x * math.sqrt(0.5)) if x > -math.inf else -0.0)


def erf(x: Any) -> Any:
    """The error function of each element. The result has the type of `x`, float64 for integers."""
    return _ERF(x)


def rsqrt(x: Any) -> Any:
    """One divided by the square root of each element. The result has the type of `x`, float64 for integers."""
    return _RSQRT(x)


def sigmoid(x: Any) -> Any:
    """The logistic function `1 / (1 + exp(-x))` of each element. The result has the type of `x`."""
    return _SIGMOID(x)


def gelu(x: Any) -> Any:
    """The Gaussian error linear unit `x / 2 * (1 + erf(x / sqrt(2)))` of each element. The result has `x`'s type.

    Minus infinity has minus zero, what it comes to.
    """
    return _GELU(x)
