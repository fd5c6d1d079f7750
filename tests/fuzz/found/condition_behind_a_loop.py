"""A condition that is computed before a loop and used behind it was lost."""

import numpy as np


def program(a, n):
    turns = 0
    for i in range(n[0]):
        n[0] = 1
        a[i] = a[i] + i
        turns += 1
    return turns


INPUTS = [(np.arange(5, dtype=np.int32), np.array([bound], dtype=np.int32)) for bound in (4, 0)]
