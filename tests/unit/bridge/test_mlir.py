"""Text goes to MLIR and comes back the same, whatever the width of its constants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr

from gatewright.bridge.contents import Carried, sign_extended
from gatewright.bridge.mlir import MlirError, run_passes
from gatewright.frontends.imported import read
from gatewright.ir.contents import name_of
from gatewright.transforms.tensor.elements import array_of, dense


def constants(given: Carried) -> list[list[float]]:
    """The contents of the constant tensors in a module."""
    found = [op.value for op in read(given).walk() if isinstance(op, arith.ConstantOp)]
    return [array_of(value).reshape(-1).tolist() for value in found if isinstance(value, DenseIntOrFPElementsAttr)]


@pytest.mark.parametrize("count", [3, 200])
@pytest.mark.parametrize("width", [1, 5, 8, 12, 16, 17, 24, 31, 33, 40, 50, 64])
def test_integers_of_any_width_pass_through_mlir(width: int, count: int):
    generator = np.random.default_rng(0)
    low, high = (0, 1) if width == 1 else (-(1 << (width - 1)), (1 << (width - 1)) - 1)
    array = generator.integers(low, high, count, endpoint=True, dtype=np.int64)
    array[:2] = low, high
    text = f'%0 = "arith.constant"() <{{value = {dense(array, width)}}}> : () -> tensor<{count}xi{width}>'
    assert constants(run_passes(text, "")) == [array.tolist()]


def test_resources_of_a_text_of_the_users_own_are_read_in_mlirs_packing():
    text = """%0 = "arith.constant"() <{value = dense_resource<mine> : tensor<2xi12>}> : () -> tensor<2xi12>
    {-# dialect_resources: { builtin: { mine: "0x04000000FF0F0100" } } #-}"""
    assert constants(run_passes(text, "")) == [[-1, 1]]


@pytest.mark.parametrize("count", [3, 200])
@pytest.mark.parametrize("width", [1, 5, 8, 12, 17, 33, 64])
def test_contents_beside_a_text_pass_through_mlir(width: int, count: int):
    generator = np.random.default_rng(1)
    low, high = (0, 1) if width == 1 else (-(1 << (width - 1)), (1 << (width - 1)) - 1)
    array = generator.integers(low, high, count, endpoint=True, dtype=np.int64)
    array[:2] = low, high
    data = dense(array, width).data.data
    named = f"dense_resource<{name_of(data)}> : tensor<{count}xi{width}>"
    text = f'%0 = "arith.constant"() <{{value = {named}}}> : () -> tensor<{count}xi{width}>'
    assert constants(run_passes(text, "", {name_of(data): data})) == [array.tolist()]


@pytest.mark.parametrize("type_", ["f16", "bf16", "f32", "f64"])
def test_floats_without_a_decimal_form_keep_their_value(type_: str):
    infinity = {"f16": "0xFC00", "bf16": "0xFF80", "f32": "0xFF800000", "f64": "0xFFF0000000000000"}[type_]
    text = f"""
        %0 = arith.constant dense<{infinity}> : tensor<{type_}>
        %1 = arith.constant dense<[1.5, {infinity}, -2.0e-3]> : tensor<3x{type_}>
    """
    single, several = constants(run_passes(text, ""))
    assert single == [-math.inf]
    assert several[:2] == [1.5, -math.inf] and several[2] == pytest.approx(-2e-3, rel=1e-2)


def test_a_text_that_is_not_mlir_is_refused_with_its_place():
    with pytest.raises(MlirError, match="use of undeclared SSA value name") as raised:
        run_passes("func.func @f() -> i32 {\n  return %x : i32\n}", "")
    assert raised.value.places == [("-", 2, 10)]


def test_signs_are_extended_from_any_width():
    assert sign_extended(np.array([0x800, 0x7FF, 0xFFF], np.uint16), 12).tolist() == [-2048, 2047, -1]
    assert sign_extended(np.array([255], np.uint8), 8).tolist() == [-1]
