"""A float that a loop hands on unchanged was taken for a counter, and its bounds were asked for."""

import numpy as np


def program(a, b):
    s = np.float32(1.983)
    total = np.float32(0.5)
    for i in range(2):
        total = s if a[i] >= b[4] else b[i]
    b[0] = total
    for i in range(2):
        s = s
        if np.float32(3.5) <= s:
            a[i] = a[i] if np.float32(-2.5) > np.float32(1.0) else np.ceil(np.float32(-2.137))


INPUTS = [(np.arange(8, dtype=np.float32), np.arange(8, 0, -1).astype(np.float32))]
