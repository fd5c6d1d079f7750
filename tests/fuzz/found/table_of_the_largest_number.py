"""Zeros beside the largest number of 64 bits made an array of floats, as NumPy makes one of them, out of a table."""

import numpy as np

OPTIONS = {}


def program(place):
    table = np.array([[0, 18446744073709551615, 0], [0, 1, 9007199254740993]], dtype=np.uint64)
    table[:, :] = table[:, :]
    return table[int(place) % 2, 1] ^ table[1, 2]


INPUTS = [(np.int32(0),), (np.int32(1),)]
