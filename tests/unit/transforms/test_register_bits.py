"""Values weigh as many bits as the registers that hold them."""

from __future__ import annotations

import pytest
from xdsl.dialects import test
from xdsl.dialects.builtin import IndexType, IntegerType, bf16, f64
from xdsl.ir import Attribute

import gatewright as gw
from gatewright.transforms.schedule.operators import register_bits


@pytest.mark.parametrize(
    ("types", "bits"),
    [([IntegerType(1)], 1), ([IntegerType(37)], 37), ([f64], 64), ([bf16], 16), ([IndexType()], 16), ([], 1)],
)
def test_a_value_weighs_its_bits(types: list[Attribute], bits: int):
    assert register_bits(test.TestOp(result_types=types).results) == bits


def narrow_before_wide(a: gw.u8[64], b: gw.u8[64], c: gw.u8[64], y: gw.u64[64]):
    for i in range(64):
        y[i] = (gw.u64(a[i]) * gw.u64(b[i])) ^ gw.u64(c[i])


def test_registers_hold_what_is_narrow():
    design = gw.compile(narrow_before_wide)
    assert design.report["cycles"] <= 64 + 8
    assert design.report["register_bits"] < 3 * 64
