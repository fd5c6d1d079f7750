"""A counter was compared with a number of NumPy's that no Python integer of 64 bits reaches: it was refused."""

import numpy as np


def program(p0: np.int32):
    v0 = np.uint16(0)
    for i0 in range(3):
        v0 = np.uint16(max(i0, np.uint64(12379976274932240483))) + np.uint16(np.uint64(9223372036854775808) < i0)
    return v0


OPTIONS = {}

INPUTS = [
    (np.int32(5),),
]
