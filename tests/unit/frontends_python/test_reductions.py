"""Sums, products, extremes and products of matrices."""

from __future__ import annotations

import numpy as np
import pytest

A = np.zeros((3, 4), np.int32)
B = np.zeros((4, 2), np.int32)
V = np.zeros(6, np.uint8)
DTYPES = (np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64, np.bool_)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_a_reduction_has_numpys_type(agrees, dtype):
    def f(a):
        return np.sum(a), a.sum(), np.prod(a), np.min(a), a.max(), np.any(a), a.all(), np.argmax(a), np.argmin(a)

    agrees(f, np.zeros(5, dtype))


def test_reductions_along_axes(agrees):
    def f(a):
        sums = np.sum(a, axis=0), a.sum(axis=-1), np.sum(a, axis=1, keepdims=True), np.sum(a, (0, 2)[:1])
        extremes = np.max(a, 1), a.min(axis=(0, 1)), np.argmax(a, axis=0), a.argmin(axis=1)
        return sums + extremes + (a.prod(axis=0), np.any(a > 3, axis=1))

    agrees(f, A)


def test_a_sum_in_another_type(agrees):
    def f(a):
        return np.sum(a, dtype=np.uint8), a.sum(axis=0, dtype=np.int64), np.sum(a * a + 1)

    agrees(f, V)


def test_a_reduction_of_an_empty_part(agrees):
    def f(a):
        return np.sum(a[3:3]), np.prod(a[4:2]), np.any(a[:0]), np.all(a[:0])

    agrees(f, V)


def test_pythons_own_reductions_keep_the_type(agrees):
    def f(v, a):
        return sum(v), min(v), max(v), sum((v[0], v[1], 3)), max(v[0], v[1]), min((v[2], v[3])), sum(a[0]), max(a[:, 1])

    agrees(f, V, A)


@pytest.mark.parametrize("dtype", (np.int8, np.uint32, np.int64, np.bool_), ids=lambda d: d.__name__)
def test_a_product_of_matrices_wraps_in_the_type_of_its_elements(agrees, dtype):
    def f(a, b, v, w):
        return a @ b, np.matmul(a, v), w @ a, v @ v, np.dot(a, b), a.dot(v), np.dot(v, v)

    agrees(f, A.astype(dtype), B.astype(dtype), np.zeros(4, dtype), np.zeros(3, dtype), rounds=5)


def test_a_product_of_matrices_of_two_types(agrees):
    def f(a, v):
        return a @ v, np.dot(a, 3), np.dot(v[0], v)

    agrees(f, A, np.zeros(4, np.uint32))


def test_a_product_of_stacks_of_matrices(agrees):
    def f(a, b):
        return a @ b, a[0] @ b, (a + 1) @ (b - 1)

    agrees(f, np.zeros((2, 3, 2), np.int16), np.zeros((2, 2, 4), np.int16), rounds=4)


def test_a_matrix_is_multiplied_in_place(agrees):
    def f(a, v):
        a @= a + 1
        v[:] = a @ v

    agrees(f, np.zeros((3, 3), np.int32), np.zeros(3, np.int32), rounds=4)


def test_reductions_inside_expressions(agrees):
    def f(a):
        a[:] = a - np.sum(a, axis=1, keepdims=True) // 4
        return np.sum(np.where(a > 0, a, 0), axis=0) + np.max(a)

    agrees(f, A)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64], ids=lambda d: d.__name__)
def test_the_place_of_the_first_nan(agrees, dtype):
    def f(a):
        return np.argmax(a), a.argmin(), np.argmax(a.reshape(2, 3), axis=1)

    nan, inf = np.nan, np.inf
    rows = [[1, nan, 3, nan, 2, 0], [nan] * 6, [1, 2, 3, 4, 5, nan], [1, 5, 5, 2, 0, 0], [inf, nan, inf, 1, -inf, 2]]
    agrees(f, np.zeros(6, dtype), inputs=[(np.array(row, dtype),) for row in rows])
