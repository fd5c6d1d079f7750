"""Inverse functions of sine, cosine and tangent in PyTorch and ONNX models of floats, at every level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

import gatewright as gw

X = np.linspace(-1, 1, 9)
Y = np.array([3.0, -0.0, 0.5, -2.0, 1e-6, -1e-6, 8.0, 0.0, -1.0])


class Angles(torch.nn.Module):
    """All four."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.asin(x), torch.acos(x), torch.atan(y), torch.atan2(y, x)


def check(design: gw.Design, arguments: list[np.ndarray], exact: list[np.ndarray]) -> None:
    runs = {level: design.run(*arguments, level=level) for level in design.levels if level != "verilog"}
    for level, run in runs.items():
        for found, same, wanted in zip(run.outputs, runs["rtl"].outputs, exact, strict=True):
            np.testing.assert_array_equal(found, same, err_msg=level)
            np.testing.assert_array_max_ulp(found, wanted.astype(found.dtype), 1)
    assert runs["rtl"].cycles == design.report["cycles"]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_models_of_pytorch(dtype: type):
    x, y = X.astype(dtype), Y.astype(dtype)
    design = gw.compile(Angles(), args=(torch.from_numpy(x), torch.from_numpy(y)), search=0)
    wide_x, wide_y = x.astype(np.float64), y.astype(np.float64)
    exact = [np.arcsin(wide_x), np.arccos(wide_x), np.arctan(wide_y), np.arctan2(wide_y, wide_x)]
    check(design, [x, y], exact)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_models_of_onnx(dtype: type, tmp_path: Path):
    names = ("Asin", "Acos", "Atan")
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    assert kind in (TensorProto.FLOAT, TensorProto.FLOAT16)
    graph = helper.make_graph(
        [helper.make_node(name, ["x"], [name.lower()]) for name in names],
        "angles",
        [helper.make_tensor_value_info("x", kind, X.shape)],
        [helper.make_tensor_value_info(name.lower(), kind, X.shape) for name in names],
    )
    file = tmp_path / "angles.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), file)
    x = X.astype(dtype)
    wide = x.astype(np.float64)
    check(gw.compile(str(file), search=0), [x], [np.arcsin(wide), np.arccos(wide), np.arctan(wide)])
