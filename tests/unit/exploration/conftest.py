"""A kernel that is cheap to compile."""

from __future__ import annotations

import pytest

import gatewright as gw


def weighted(a: gw.i16[12], b: gw.i16[12], c: gw.i32[12]):
    for i in range(12):
        c[i] = gw.i32(a[i]) * b[i] + gw.i32(b[i]) * b[i]


@pytest.fixture
def kernel():
    return weighted
