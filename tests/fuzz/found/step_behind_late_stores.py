"""A loop loaded what one before a step of several cycles had stored while that step ran: the interpreter was late."""

import numpy as np

OPTIONS = {}
N = 3


def program(a, b, x0, m):
    for i0 in range(5):
        for i1 in range(3):
            b[(i0 * N + i1) % 5] = b[(i0 * N + i1) % 5] - np.int32(np.uint8(a[i1 // 1 % 2 - 2, 0]))
    for i2 in range(5):
        for i3 in range(3):
            b[i3 % 5] = b[(i2 * N + i3) % 5] * np.int32(2147483647)
    for i6 in range(5):
        b[i6] = b[i6] * b[i6]
        b[i6] = b[i6 - 1] - +b[x0 % 5]
    i7 = 0
    for i8 in range(3):
        for i9 in range(5):
            for i10 in range(i9 + 1):
                b[i10 - 2] = b[i10 - 1] + b[i10 % 5] + (b[i8] - b[i7])
        a[1, i8] = i8
        b[i8] = (
            i7 & np.uint32(max(np.uint64(274877906944), N % 5))
            if 0 <= m and m < 5 and (b[m] <= np.int32(2081795005))
            else x0 & np.uint8(a[0, (m - 8) % 3])
            if x0 <= 281
            else (7 | N) ^ x0
        )


INPUTS = [
    (
        np.array([[0, 65535, 1], [512, 2, 0]], dtype=np.uint16),
        np.array([-33, 1, -2147483648, 7, 0], dtype=np.int32),
        np.uint32(8),
        0,
    ),
]
