"""Stores of two inner loops to two arrays, with loads between them whose order counts."""

import numpy as np

OPTIONS = {"multipliers": 1, "clock_mhz": 220}


def program(a, b, n, m):
    for i in range(n):
        for j in range(m):
            b[i + j] = a[j]
            a[j] = b[j + 1] + i
            a[j + 9] = b[j + 2]
        for j in range(m):
            b[j + 3] = a[j + 4] * 3
            a[j + 5] = i


INPUTS = [
    (np.arange(16, dtype=np.int32), np.arange(16, dtype=np.int32) * 7, np.int8(5), np.int8(4)),
    (np.arange(16, dtype=np.int32), np.arange(16, dtype=np.int32) * 7, np.int8(1), np.int8(1)),
]
