"""A sum that starts as the Python integer 0 takes the type of what is added."""

import numpy as np


def program(a):
    for j in range(2):
        s = 0
        for i in range(4):
            s = s + a[i]
        a[j] = s
    return s


INPUTS = [(np.array([100, 100, 27, -3], dtype=np.int8),)]
