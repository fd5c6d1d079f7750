"""The interpreter extended a truncated number by the bits it had before."""

import numpy as np


def program(a, x):
    a[1] = np.uint8(x).astype(np.uint64) - ~np.uint64(0)


INPUTS = [(np.array([3, 5], dtype=np.uint64), np.int64(-9223372036854775808))]
