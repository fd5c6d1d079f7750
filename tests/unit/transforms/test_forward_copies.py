"""Copies that are only read have no memory and take no time; all others are made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gatewright as gw


def converted(a: gw.i16[8, 8], b: gw.i16[8, 8]) -> gw.i32[8, 8]:
    x, y = a.astype(np.int32), b.astype(np.int32)
    return x @ y


def transposed(a: gw.i16[8, 8], b: gw.i16[8, 8]) -> gw.i32[8, 8]:
    return a.astype(np.int32) @ b.astype(np.int32).T


def widened(a: gw.f16[8, 8], b: gw.f16[8, 8]) -> gw.f32[8, 8]:
    x, y = a.astype(np.float32), b.astype(np.float32)
    return x @ y


def copied(a: gw.i32[8, 8], b: gw.i32[8, 8]) -> gw.i32[8, 8]:
    x, y = a.copy(), np.zeros((8, 8), np.int32)
    for i in range(8):
        for j in range(8):
            y[i, j] = x[7 - i, j] + b[j, i]
    return y


def changed(a: gw.i32[8, 8], b: gw.i32[8, 8]):
    x = a.copy()
    for i in range(8):
        for j in range(8):
            a[i, j] = x[7 - i, j] + b[i, j]


def stored_to(a: gw.i32[8, 8], b: gw.i32[8, 8]) -> gw.i32[8, 8]:
    x = a.copy()
    x[2, 3] = 5
    return x + b


def read_beside(a: gw.i32[8, 8], b: gw.i32[8, 8]) -> gw.i32[8, 8]:
    x = a.copy()
    y = np.zeros((8, 8), np.int32)
    for i in range(8):
        for j in range(8):
            y[i, j] = x[j, i] + a[i, j] - b[i, j]
    return y


def twice(a: gw.i32[8, 8], b: gw.i32[8, 8]) -> gw.i32[8, 8]:
    x, z = a.copy(), a.copy()
    y = np.zeros((8, 8), np.int32)
    for i in range(8):
        for j in range(8):
            y[i, j] = x[j, i] + z[i, j] - b[i, j]
    return y


CASES = {converted: 0, transposed: 0, widened: 0, copied: 0, changed: 1, stored_to: 1, read_beside: 1, twice: 0}
"""The memories that are left."""


@pytest.mark.parametrize("kernel", CASES)
def test_what_is_only_read_is_not_copied(kernel: Callable[..., object]):
    design = gw.compile(kernel, multipliers=1)
    assert len(design.report["memories"]) == CASES[kernel]
    given = [
        np.random.default_rng(1).integers(-9, 9, (8, 8)).astype(each.type.element.dtype)
        for each in design.signature.parameters
    ]
    expected = [array.copy() for array in given]
    result = kernel(*expected)
    for level in ("loops", "schedule", "rtl"):
        arrays = [array.copy() for array in given]
        run = design.run(*arrays, level=level)
        np.testing.assert_array_equal(arrays, expected)
        if result is not None:
            np.testing.assert_array_equal(run.outputs[0], result)
        assert level == "loops" or run.cycles == design.report["cycles"]


def test_a_product_of_copies_is_as_narrow_as_what_was_copied():
    for kernel in (converted, transposed):
        report = gw.compile(kernel, multipliers=1).report
        assert [row["name"] for row in report["operators"] if row["kind"] == "muli"] == ["mul_16x16_32_l1"]
        assert report["cycles"] == 515


def test_a_copy_about_whose_loop_something_is_asked_is_made():
    def asked(a: gw.i32[64]) -> gw.i32[64]:
        x, y = np.empty(64, np.int32), np.zeros(64, np.int32)
        for j in range(64):
            gw.pipeline(j, interval=2)
            x[j] = a[j]
        for i in range(64):
            y[i] = x[63 - i] + 1
        return y

    design = gw.compile(asked)
    assert "pipeline(j, interval=2)" in str(design.plan)
    a = np.arange(64, dtype=np.int32)
    np.testing.assert_array_equal(design(a), a[::-1] + 1)
