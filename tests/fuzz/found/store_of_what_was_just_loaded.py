"""A load that looked among the last stores handed on the word from memory instead of the one that it found."""

import numpy as np

OPTIONS = {"multipliers": 1, "clock_mhz": 200, "target": "ecp5"}


def program(c):
    for i in range(5):
        c[i] = c[i - 1]


INPUTS = [(np.array([1947724768741413499, 5, 3, 13261979651652676387, 1], dtype=np.uint64),)]
