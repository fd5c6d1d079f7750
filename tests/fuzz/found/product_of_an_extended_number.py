"""The multiplier was chosen for the bits of the number, and refused for those of its extension."""

import numpy as np

K0 = np.array([0, 1, 2, 3], dtype=np.int32)


def program(a, x):
    a[int(x) % 3] = K0[int(x) * int(x) % 4]


INPUTS = [(np.array([7, 8, 9], dtype=np.int64), np.uint16(x)) for x in (0, 3, 65535)]
