"""An ONNX file gives the hardware that its PyTorch model gives."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

import gatewright as gw


def test_an_exported_network_computes_what_pytorch_computes(tmp_path: Path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        parts = [nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU6(), nn.MaxPool2d(2), nn.AvgPool2d(2)]
        model = nn.Sequential(*parts, nn.Flatten(), nn.Linear(8, 3)).eval()
        x = torch.randn(1, 1, 8, 8)
    file = tmp_path / "small-net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (x,), str(file), dynamo=False, input_names=["image"])
    design = gw.compile(file, precision="fixed<16,8>")
    assert str(design.signature) == "(image: fixed<16,8>[1, 1, 8, 8]) -> (fixed<16,8>[1, 3])"
    assert design.name == "small_net"
    expected = design.run(x.numpy(), level="tensor").outputs[0]
    assert np.abs(expected - model(x).detach().numpy()).max() <= 2 / 256
    for level in ("loops", "schedule", "rtl"):
        np.testing.assert_array_equal(design.run(x.numpy(), level=level).outputs[0], expected, err_msg=level)


def test_a_model_of_integers_needs_no_format(tmp_path: Path):
    weights = numpy_helper.from_array(np.array([[1, -2], [3, 4], [-5, 6]], np.int32), "weights")
    nodes = [helper.make_node("MatMul", ["x", "weights"], ["product"]), helper.make_node("Neg", ["product"], ["y"])]
    given = helper.make_tensor_value_info("x", TensorProto.INT32, [2, 3])
    returned = helper.make_tensor_value_info("y", TensorProto.INT32, [2, 2])
    graph = helper.make_graph(nodes, "graph", [given], [returned], [weights])
    file = tmp_path / "integers.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(file))
    x = np.array([[1, 2, 3], [2**30, -7, 8]], np.int32)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(gw.compile(file)(x), -(x @ numpy_helper.to_array(weights)))


def test_quantised_layers_are_integers_and_give_what_onnx_gives(tmp_path: Path):
    generator = np.random.default_rng(0)
    constants = {
        "x_scale": np.float32(0.02),
        "x_zero": np.int8(3),
        "weights": generator.integers(-127, 128, (5, 8)).astype(np.int8),
        "scales": generator.uniform(0.001, 0.01, 5).astype(np.float32),
        "zeros": np.zeros(5, np.int8),
        "bias": generator.normal(size=5).astype(np.float32),
        "y_scale": np.float32(0.05),
        "y_zero": np.int8(-4),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "x_scale", "x_zero"], ["d"]),
        helper.make_node("DequantizeLinear", ["weights", "scales", "zeros"], ["w"], axis=0),
        helper.make_node("Gemm", ["d", "w", "bias"], ["s"], transB=1),
        helper.make_node("Relu", ["s"], ["r"]),
        helper.make_node("QuantizeLinear", ["r", "y_scale", "y_zero"], ["p"]),
        helper.make_node("DequantizeLinear", ["p", "y_scale", "y_zero"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 8])
    returned = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 5])
    initial = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "graph", [given], [returned], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    file = tmp_path / "quantised.onnx"
    onnx.save(model, str(file))
    design = gw.compile(file)
    scale = float(np.float32(0.02))
    assert str(design.signature.parameters[0].type) == f"quantized<i8,{scale!r},3,-128,127,divide>[2, 8]"
    assert not [row["name"] for row in design.report["operators"] if "f32" in row["name"]]
    reference = ReferenceEvaluator(model)
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(2, 8)).astype(np.float32)
        for level in ("tensor", "loops", "rtl") if seed == 0 else ("tensor",):
            expected = reference.run(None, {"x": x})[0]
            np.testing.assert_array_equal(design.run(x, level=level).outputs[0], expected, err_msg=level)
