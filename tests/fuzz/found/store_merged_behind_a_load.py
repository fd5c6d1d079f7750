"""A store of one inner loop was merged with that of the next, behind a load that reads what it stores."""

import numpy as np

OPTIONS = {}


def program(a, out, n, m):
    for i in range(n):
        for j in range(m):
            a[2 * j] = i * 3 + j
            out[i, j] = a[j + 2]
        for j in range(m):
            a[2 * j + 1] = i ^ j


INPUTS = [
    (np.arange(16, dtype=np.int32), np.zeros((4, 8), np.int32), np.int8(4), np.int8(8)),
    (np.arange(16, dtype=np.int32), np.zeros((4, 8), np.int32), np.int8(1), np.int8(3)),
]
