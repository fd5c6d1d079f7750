"""A step of a loop loaded what a pipeline in the same loop had stored: the interpreter still had it in a queue."""

import numpy as np

OPTIONS = {}


def program(source, marks, cubes, ends, found):
    for i in range(8):
        marks[i] = source[i] + 1
        cubes[i] = source[i] * source[i] * source[i]
    for j in range(4):
        k = 0
        while k < 8 and ends[k] != 0:
            marks[k] = k + j
            k += 1
        found[j] = marks[j] // np.int32(j + 5)


INPUTS = [
    (
        np.arange(100, 900, 100, dtype=np.int32),
        np.zeros(8, np.int32),
        np.zeros(8, np.int32),
        np.array([1, 2, 3, 4, 5, 6, 7, 0], np.int32),
        np.zeros(4, np.int32),
    )
]
