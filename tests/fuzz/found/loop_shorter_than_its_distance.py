"""A load was forwarded from two stores at once, neither of which it ever reads: the loop ends before."""

import numpy as np

OPTIONS = {}


def program(b):
    for i in range(2, 4):
        b[i] = b[i]
        b[i] = b[i - 2]


INPUTS = [(np.array([3, 4, 5, 6], dtype=np.uint64),)]
