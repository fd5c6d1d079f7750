"""Unsigned integers of ONNX models are unsigned in all that is done with them, and at the ports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import gatewright as gw

X = np.array([3, 136, 200, 255, 0, 128], np.uint8)
Y = np.array([255, 1, 130, 2, 128, 9], np.uint8)
SHORT = np.array([3, 40000, 65535, 0, 7], np.uint16)
WORDS = np.array([[1000, 2, 70000], [2**31 + 5, 1, 3]], np.uint32)
REAL = np.array([-1, 0.25, 0.5, 0.75, 1, -0.5, 7, -9.0], np.float32)
IMAGE = (np.arange(36, dtype=np.uint8) * 7).reshape(1, 1, 6, 6)
SCALES = "float[2] s = {0.0625, 0.3}, uint8[2] z = {128, 3}"

CASES: dict[str, tuple[str, tuple[np.ndarray, ...]]] = {
    **{
        operation: (f"(uint8[6] x, uint8[6] y) => (uint8[6] r) {{ r = {operation}(x, y) }}", (X, Y))
        for operation in ("Add", "Sub", "Mul", "Div", "Max", "Min", "BitwiseXor")
    },
    **{
        operation: (f"(uint8[6] x, uint8[6] y) => (bool[6] r) {{ r = {operation}(x, y) }}", (X, Y))
        for operation in ("Greater", "LessOrEqual", "Equal")
    },
    **{
        operation: (f"(uint8[6] x) => (uint8[6] r) {{ r = {operation}(x) }}", (X,))
        for operation in ("Abs", "BitwiseNot", "Identity", "Sign")
    },
    "short words": ("(uint16[5] x) => (uint16[5] p, uint16[5] q) { p = Mul(x, x) q = Add(x, p) }", (SHORT,)),
    "words": ("(uint32[2,3] x) => (uint32[2,3] p, float[2,3] q) { p = Mul(x, x) q = Cast<to=1>(x) }", (WORDS,)),
    "sums of words": ("(uint32[2,3] x) => (uint32 r) { r = ReduceSum<keepdims=0>(x) }", (WORDS,)),
    "largest of words": (
        "(uint32[2,3] x) => (uint32[2,1] r, int64[1,3] a) <int64[1] one = {1}>"
        "{ r = ReduceMax(x, one) a = ArgMax<axis=0>(x) }",
        (WORDS,),
    ),
    "long words": (
        "(uint64[2] x) => (uint64[2] r, bool[2] e) { r = Add(x, x) e = Equal(x, r) }",
        (np.array([2**64 - 1, 0], np.uint64),),
    ),
    "to other types": (
        "(uint8[6] x) => (int8[6] a, int32[6] b, uint16[6] c, bool[6] d)"
        "{ a = Cast<to=3>(x) b = Cast<to=6>(x) c = Cast<to=4>(x) d = Cast<to=9>(x) }",
        (X,),
    ),
    "from floats": (
        "(float[5] x) => (uint8[5] r) { r = Cast<to=2>(x) }",
        (np.array([0, 1.5, 128, 200.7, 255], np.float32),),
    ),
    "from integers": (
        "(int32[5] x) => (uint8[5] r) { r = Cast<to=2>(x) }",
        (np.array([0, -1, 128, 300, 255], np.int32),),
    ),
    "shifts": (
        "(uint8[6] x) => (uint8[6] l, uint8[6] r) <uint8[6] y = {1, 2, 7, 1, 3, 4}>"
        '{ l = BitShift<direction="LEFT">(x, y) r = BitShift<direction="RIGHT">(x, y) }',
        (X,),
    ),
    "choices": ("(uint8[6] x, uint8[6] y) => (uint8[6] r) { c = Greater(x, y) r = Where(c, x, y) }", (X, Y)),
    "joined": ("(uint8[6] x, uint8[6] y) => (uint8[12] r) { r = Concat<axis=0>(x, y) }", (X, Y)),
    "bounds": ("(uint8[6] x) => (uint8[6] r) <uint8 a = {10}, uint8 b = {200}> { r = Clip(x, a, b) }", (X,)),
    "constants": (
        "(uint8[6] x) => (uint8[6] r, uint8[6] k) <uint8[6] c = {200, 1, 2, 3, 4, 255}>"
        "{ r = Add(x, c) k = Identity(c) }",
        (X,),
    ),
    "padding": ("(uint8[6] x) => (uint8[9] r) <int64[2] p = {1, 2}, uint8 v = {200}> { r = Pad(x, p, v) }", (X,)),
    "windows": (
        "(uint8[1,1,6,6] x) => (uint8[1,1,3,3] r) { r = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x) }",
        (IMAGE,),
    ),
    "there and back": (
        "(float[8] x) => (float[8] r, uint8[8] q) <float s = {0.0625}, uint8 z = {128}>"
        "{ q = QuantizeLinear(x, s, z) r = DequantizeLinear(q, s, z) }",
        (REAL,),
    ),
    "rows there and back": (
        f"(float[2,4] x) => (float[2,4] r) <{SCALES}>"
        "{ q = QuantizeLinear<axis=0>(x, s, z) r = DequantizeLinear<axis=0>(q, s, z) }",
        (REAL.reshape(2, 4),),
    ),
    "columns there and back": (
        f"(float[4,2] x) => (float[4,2] r) <{SCALES}>{{ q = QuantizeLinear(x, s, z) r = DequantizeLinear(q, s, z) }}",
        (REAL.reshape(4, 2),),
    ),
    "a product of matrices": (
        "(uint8[2,3] x, uint8[3,2] y) => (int32[2,2] r) <uint8 a = {12}, uint8 b = {1}>"
        "{ r = MatMulInteger(x, y, a, b) }",
        (X.reshape(2, 3), Y.reshape(3, 2)),
    ),
    "a convolution": (
        "(uint8[1,1,6,6] x) => (int32[1,1,5,5] r) <uint8[1,1,2,2] w = {1, 255, 128, 3}, uint8 a = {12}>"
        "{ r = ConvInteger(x, w, a) }",
        (IMAGE,),
    ),
    "a quantised product": (
        "(uint8[2,3] x, uint8[3,2] y) => (uint8[2,2] r) <float s = {0.01}, float t = {0.05}, uint8 z = {128}>"
        "{ r = QLinearMatMul(x, s, z, y, s, z, t, z) }",
        (X.reshape(2, 3), Y.reshape(3, 2)),
    ),
    "a range of its own": (
        "(float[8] x) => (uint8[8] q, float s, uint8 z) { q, s, z = DynamicQuantizeLinear(x) }",
        (REAL,),
    ),
}


def saved(text: str, folder: Path) -> tuple[onnx.ModelProto, Path]:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]> g {text}')
    onnx.save(model, str(folder / "model.onnx"))
    return model, folder / "model.onnx"


@pytest.mark.parametrize("name", CASES)
def test_unsigned_numbers_are_what_onnx_makes_of_them(name: str, tmp_path: Path):
    text, inputs = CASES[name]
    model, file = saved(text, tmp_path)
    expected = ReferenceEvaluator(model).run(None, dict(zip([v.name for v in model.graph.input], inputs, strict=True)))
    design = gw.compile(file, search=0)
    for level in ("loops", "rtl"):
        for mine, real in zip(design.run(*inputs, level=level).outputs, expected, strict=True):
            assert np.asarray(mine).dtype == np.asarray(real).dtype, level
            np.testing.assert_allclose(mine, real, rtol=1e-6, err_msg=level)
            assert np.shape(mine) == np.shape(real), level


def test_what_no_wider_type_holds_is_refused(tmp_path: Path):
    _, file = saved("(uint64[2] x) => (uint64[2] r) { r = Div(x, x) }", tmp_path)
    with pytest.raises(gw.UnsupportedError, match="Div of uint64"):
        gw.compile(file)


def test_a_port_takes_the_whole_range(tmp_path: Path):
    _, file = saved("(uint8[6] x) => (uint8[6] r) { r = Identity(x) }", tmp_path)
    design = gw.compile(file, search=0)
    assert str(design.signature) == "(x: u8[6]) -> (u8[6])"
    with pytest.raises(gw.InterfaceError, match="holds -1, which does not fit u8"):
        design(np.full(6, -1))


def test_the_weights_of_a_model_may_be_unsigned(tmp_path: Path):
    weights = numpy_helper.from_array(np.array([[200, 3], [255, 0]], np.uint8), "w")
    nodes = [
        helper.make_node("Cast", ["w"], ["f"], to=onnx.TensorProto.FLOAT),
        helper.make_node("MatMul", ["x", "f"], ["y"]),
    ]
    ports = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2]) for name in ("x", "y")]
    model = helper.make_model(
        helper.make_graph(nodes, "g", ports[:1], ports[1:], [weights]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
    )  # fmt: skip
    onnx.save(model, str(tmp_path / "weights.onnx"))
    design = gw.compile(tmp_path / "weights.onnx")
    np.testing.assert_array_equal(design(np.array([[1, 2]], np.float32)), [[710, 3]])
