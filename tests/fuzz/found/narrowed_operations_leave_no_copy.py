"""Narrowing an index left a copy of the operation behind, on which the next pass stumbled."""

import numpy as np


def program(a, b, x0):
    for i in range(6, -15, -3):
        if 0 <= x0 and x0 < 8 and (a[x0] == np.uint32(8192)):
            b[-i % 4, x0 % 2] += x0 % 5 & np.uint64(a[i % 3])
            b[i % 3, min(i, 1) % 2] = np.uint64(abs(i * 8))


INPUTS = [(np.arange(8, dtype=np.uint32) * 8192, np.ones((4, 2), dtype=np.uint64), 1)]
