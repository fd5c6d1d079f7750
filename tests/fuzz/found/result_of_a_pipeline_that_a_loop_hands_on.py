"""The loop around took the product of the last inner iteration a cycle before it was there."""

import numpy as np


def program(b, c, x):
    s = c[0]
    for _ in range(2):
        s = np.maximum(b[x % 3], s)
        for _ in range(2):
            s *= b[0]
    return s


INPUTS = [(np.array([3, 5, 7], dtype=np.uint64), np.array([2], dtype=np.uint64), np.uint64(x)) for x in (0, 2)]
