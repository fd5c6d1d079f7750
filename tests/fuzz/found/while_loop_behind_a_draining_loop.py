"""A `while` loop inside a loop loaded what the loop before had yet to store: it was not seen to start at once."""

import numpy as np

OPTIONS = {}


def program(source, cubes, sums):
    for i in range(8):
        cubes[i] = source[i] * source[i] * source[i]
    for j in range(4):
        k = 7
        total = 0
        while total < 100 and k >= 0:
            total += int(cubes[k])
            k -= 1
        sums[j] = total


INPUTS = [(np.arange(1, 9, dtype=np.int32), np.zeros(8, np.int32), np.zeros(4, np.int32))]
