"""Three filters over rows, which tests of tasks share: on three multipliers they hand on a few rows."""

from __future__ import annotations

from functools import cache

import numpy as np

import gatewright as gw


def filters(x: gw.i16[24, 8], y: gw.i32[20, 8]):
    a, b = np.zeros((24, 8), np.int32), np.zeros((22, 8), np.int32)
    for i in range(24):
        for j in range(8):
            a[i, j] = np.int32(x[i, j]) * 3
    for k in range(22):
        for m in range(8):
            b[k, m] = a[k, m] * 5 + a[k + 2, m]
    for p in range(20):
        for q in range(8):
            y[p, q] = b[p, q] * 7 - b[p + 2, q]


@cache
def compiled() -> gw.Design:
    """The filters as three tasks."""
    return gw.compile(filters, dataflow=True, multipliers=3)
