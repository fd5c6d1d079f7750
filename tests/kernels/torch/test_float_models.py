"""Floating-point models compile as they are: every level gives the same bits, which are within 1e-5 of PyTorch's."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from float_models import MODELS, Convolutional, FeedForward
from torch_layers import LAYERS, Layer

import gatewright as gw
from gatewright.options import Options

LANE = 1.15
"""Most cycles for each multiply-add of a model on one lane."""
WHOLE = MODELS[:6]
"""The models that have several layers: what one layer computes does not depend on its plan, and none is looked for."""


@cache
def compiled(layer: Layer) -> gw.Design:
    search = Options().search if layer in WHOLE else 0
    return gw.compile(layer.model(), args=layer.inputs(0), multipliers=1, search=search)


def results(layer: Layer, inputs: tuple[torch.Tensor, ...]) -> list[np.ndarray]:
    with torch.no_grad():
        returned = layer.model()(*inputs)
    return [tensor.numpy() for tensor in (returned if isinstance(returned, tuple) else (returned,))]


@pytest.mark.parametrize("layer", [*MODELS, *LAYERS], ids=str)
def test_every_level_gives_the_same_bits(layer: Layer):
    design, inputs = compiled(layer), layer.inputs(1)
    expected = results(layer, inputs)
    runs = {level: design.run(*inputs, level=level) for level in design.levels if level != "verilog"}
    for level, run in runs.items():
        for mine, same, real in zip(run.outputs, runs["loops"].outputs, expected, strict=True):
            assert mine.tobytes() == same.tobytes(), level
            np.testing.assert_allclose(mine, real, rtol=1e-5, atol=1e-6)
    assert runs["schedule"].cycles == runs["rtl"].cycles == design.report["cycles"]
    assert design.report["estimate"] in (None, design.report["cycles"])


@pytest.mark.parametrize(("number", "model"), [(0, FeedForward), (1, Convolutional)], ids=["feed forward", "cnn"])
def test_one_lane_does_a_multiply_add_nearly_every_cycle(number: int, model: type[FeedForward | Convolutional]):
    design = compiled(MODELS[number])
    assert design.report["cycles"] <= LANE * model.MULTIPLY_ADDS
    assert [row["units"] for row in design.report["operators"] if row["kind"] == "mulf"] == [1]


@pytest.mark.parametrize("layer", MODELS, ids=str)
def test_the_planner_counts_on_the_cycles_of_whole_models(layer: Layer):
    report = compiled(layer).report
    assert report["estimate"] == report["cycles"] is not None


@pytest.mark.parametrize("name", ["feed forward", "softmax"])
def test_the_verilog_gives_the_same_bits(name: str):
    layer = next(layer for layer in MODELS if layer.name == name)
    design, inputs = compiled(layer), layer.inputs(2)
    run, same = design.run(*inputs, level="verilog"), design.run(*inputs, level="loops")
    assert [result.tobytes() for result in run.outputs] == [result.tobytes() for result in same.outputs]
    assert run.cycles == design.report["cycles"]


@pytest.mark.parametrize("type_", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_other_formats_are_formats_too(type_: torch.dtype):
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)).to(type_).eval()
    x = torch.randn(2, 6, generator=torch.Generator().manual_seed(3)).to(type_)
    design = gw.compile(model, args=(x,))
    with torch.no_grad():
        expected = model(x).double().numpy()
    tolerance = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float64: 1e-12}[type_]
    (at_loops,) = design.run(x, level="loops").outputs
    np.testing.assert_allclose(at_loops.astype(np.float64), expected, rtol=tolerance, atol=tolerance)
    for level in ("schedule", "rtl"):
        assert design.run(x, level=level).outputs[0].tobytes() == at_loops.tobytes()
