"""Subscripts, slices, whole-array expressions, and the functions that make and rearrange arrays."""

from __future__ import annotations

import numpy as np
import pytest

A = np.zeros((4, 6), np.int32)
V = np.zeros(8, np.int32)
TABLE = np.array([[3, -1, 4], [1, -5, 9]], np.int16)
FLAGS = np.array([True, False, True])
SCALE = 7


def test_whole_array_expressions(agrees):
    def f(a, b, c):
        c[:] = a + b * 2
        c += a & 7
        c[1:5] = -a[1:5]
        a[...] = 3

    agrees(f, V, V, V)


def test_an_expression_over_arrays_needs_no_temporary(compiled, text):
    def f(a, b, c):
        c[:] = (a + b) * (a - b) // 3

    module = text(compiled(f, V, V, V))
    assert "alloc" not in module and module.count("scf.for") == 1


def test_broadcasting(agrees):
    def f(a, v, w):
        a += v
        a[:, 1:4] = w[:, None] * 2
        a[1] = v - w[2]
        return a * w.reshape(4, 1) + v

    agrees(f, A, np.zeros(6, np.int32), np.zeros(4, np.int32))


@pytest.mark.parametrize("index", ("0, 1", "-1, -2", "i, j", "i - 4, j", "-i - 1, -j - 1", "i - 1, j - 3", "u, i"))
def test_an_element(agrees, from_text, index):
    f = from_text(f"def f(a, i, j, u):\n    a[{index}] += 1\n    return a[{index}]\n")
    agrees(f, A, 1, 1, np.uint8(1), inputs=[(A + 5, i, j, np.uint8(i)) for i in range(4) for j in range(4)])


@pytest.mark.parametrize(
    "part", ("a[1]", "a[-1]", "a[i]", "a[:, 2]", "a[1:3]", "a[::2, ::-1]", "a[::-1][1]", "a[i][1:4]", "a[..., 0]",
             "a[:, -3:]", "a[5:9]", "a[i:i + 1]", "a[3:0:-2]", "a.T", "a.T[2]", "a[1:, 1:].T", "a[None, 1]")
)  # fmt: skip
def test_a_part_is_numpys(agrees, from_text, part):
    f = from_text(
        f"def f(a):\n    for i in range(3):\n        x = {part}\n        a[0, 0] += np.sum(x)\n    return i\n"
    )
    agrees(f, A.astype(np.int64))


def test_a_part_is_stored_to(agrees):
    def f(a, v):
        for i in range(4):
            a[i, :] = v[:6] + i
            a[i][2] = i
        a[:, 0] = 9
        a[1:3, 2:4] = a[2:4, 0:2]
        a.T[5] = v[:4]
        a[::2, ::3] = 1

    agrees(f, A, V)


def test_windows_that_move_with_a_loop(agrees):
    def f(a, v):
        for i in range(6):
            v[i : i + 3] += v[i]
        for i in range(1, 4):
            a[i, i : i + 2] = a[i - 1, i - 1 : i + 1]

    agrees(f, A, V)


def test_reshaping_gives_numpys_views_and_copies(agrees):
    def f(a, b):
        r = a.reshape(2, 12)
        r[1, 3] = 77
        s = a.reshape(2, 2, 6)
        s[:, 1, 2] += 5
        t = a.T.reshape(24)
        t[0] = -1
        u = a.ravel()
        for i in range(24):
            u[i] ^= i
        w = np.reshape(a[1:3], (3, -1))
        w[2, 0] = 9
        flat = a[:, 1:4].flatten()
        flat[0] = 5
        b[:] = t[:8] + r[0, :8] + flat[4:]

    agrees(f, A, V)


def test_transposing_three_axes(agrees):
    def f(a, b):
        b[:] = a.transpose(2, 0, 1)
        b += np.transpose(a, (2, 0, 1))
        b.transpose((1, 2, 0))[0, 0, 0] = 5

    agrees(f, np.zeros((2, 3, 4), np.int16), np.zeros((4, 2, 3), np.int16))


def test_local_arrays(agrees):
    def f(v):
        z = np.zeros(8, np.int32)
        o = np.ones((2, 3), dtype=np.uint8)
        e = np.empty_like(v)
        w = np.full(4, 9)
        like = np.full_like(v, 3)
        for i in range(8):
            z[i] = v[i] * i
            e[i] = z[i] - 1
        z[2:4] = like[:2]
        return z + e, o, w, np.zeros_like(o), np.ones_like(v), like

    agrees(f, V)


def test_arrays_of_constants(agrees, text):
    def f(i, v):
        t = np.array([5, 6, 7, 8])
        w = np.array([[1, 2], [3, 4]], dtype=np.int8)
        r = np.arange(2, 20, 3)
        m = np.array([v[0], v[1], 3])
        w[0, 1] = 9
        return t[i] + r[i], w, m, np.arange(3, dtype=np.uint8), np.eye(3, dtype=np.int32), np.eye(2, 3, 1, np.int8)

    program = agrees(f, np.uint8(1), V, inputs=[(np.uint8(i), V + i) for i in range(4)])
    assert "memref.global" in text(program)


def test_a_constant_table_that_is_changed_starts_again_in_every_iteration(agrees):
    def f(a):
        for i in range(8):
            t = np.array([1, 2, 3], dtype=np.int32)
            t[i % 3] += a[i]
            a[i] = t[0] * 100 + t[1] * 10 + t[2]

    agrees(f, V)


def test_constants_of_the_module_become_roms_and_literals(agrees, text):
    local = np.array([10, 20, 30], np.uint8)

    def f(a, i):
        for k in range(3):
            a[k] = TABLE[i, k] * SCALE + local[k]
        if FLAGS[1]:
            a[7] = 1
        if FLAGS[i]:
            a[6] = TABLE[1, 2]

    program = agrees(f, V, np.uint8(1), inputs=[(V.copy(), np.uint8(i)) for i in (0, 1)])
    module = text(program)
    assert module.count('"memref.global"') == 3 and "constant" in module


def test_tables_with_equal_contents_are_one_rom(compiled, text):
    def f(i):
        a = np.array([1, 2, 3])
        b = np.array([1, 2, 3])
        return a[i] + b[i + 1]

    assert text(compiled(f, np.uint8(1))).count('"memref.global"') == 1


def test_elementwise_functions(agrees):
    def f(a, b):
        extremes = np.maximum(a, b), np.minimum(a, 0), np.clip(a, -5, 9)
        chosen = np.where(a > b, a, -b), np.where(a > 0, 1, 2)
        computed = np.abs(a), np.square(a), np.add(a, b), np.negative(a), np.outer(a, b), ~a
        divided = np.floor_divide(a, b), np.remainder(a, b)
        truths = np.logical_and(a, b), np.bitwise_xor(a, b), a == b, np.not_equal(a, 3), np.logical_not(a)
        return extremes + chosen + computed + divided + truths

    agrees(f, V, V)


def test_casts_of_arrays(agrees):
    def f(a, b):
        b[:] = a
        x = a.astype(np.uint8)
        y = np.uint16(a)
        return x, y, (a > 3).astype(np.int8), a.astype(bool), np.sqrt(y).astype(np.uint8), np.uint32(np.sqrt(x)) + x

    agrees(f, V, np.zeros(8, np.int16))


def test_concatenation(agrees):
    def f(a, v):
        return np.concatenate((v, v[::-1], np.ones(2, np.int8))), np.concatenate([a, a[:2] + 1], axis=0)

    agrees(f, A, V)


def test_shapes_are_constants(agrees, text):
    def f(a, v):
        rows, columns = a.shape
        for i in range(rows):
            for j in range(columns):
                a[i, j] = len(a) + a.size + a.ndim + v.shape[0] + len(v.T)
        n = np.zeros(a.shape, a.dtype)
        return n.shape[1], np.iinfo(v.dtype).max

    assert "scf.if" not in text(agrees(f, A, V))


def test_an_array_unpacks_into_names(agrees):
    def f(v):
        a, b, c = v
        (d, e), g = (a, b), c
        return d * e + g

    agrees(f, np.zeros(3, np.int32))


def test_in_place_arithmetic_keeps_the_type_of_the_array(agrees):
    def f(a, b):
        a += b
        a[2] -= a[3]
        a *= 3
        a[1:3] <<= 1
        a |= b

    agrees(f, np.zeros(4, np.int8), np.zeros(4, np.int32))
    agrees(f, np.zeros(4, np.uint8), np.zeros(4, np.uint32))


def test_fill_copy_and_item(agrees):
    def f(a):
        b = a.copy()
        a.fill(4)
        c = np.copy(a)
        c[0] = b[1].item() % 100 + 1
        return b, c, np.asarray(a)

    agrees(f, V)
