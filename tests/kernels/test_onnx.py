"""An ONNX file gives the hardware that its PyTorch model gives."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
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
