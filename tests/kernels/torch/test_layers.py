"""Every layer gives the same bits at every level, and is within two steps of the format of PyTorch's real numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_layers import LAYERS, Layer

import gatewright as gw

LEVELS = ("loops", "schedule", "rtl")
"""The levels that are compared with the tensor level."""

PRECISION, STEP = "fixed<16,8>", 2.0**-8
SEEDS = range(3)


def as_tuple(returned: object) -> tuple[torch.Tensor, ...]:
    """The results of a model."""
    return returned if isinstance(returned, tuple) else (returned,)  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_every_level_of_a_layer_agrees(layer: Layer):
    model = layer.model()
    design = gw.compile(model, args=layer.inputs(0), precision=PRECISION, search=0)
    for seed in SEEDS:
        inputs = layer.inputs(seed)
        arrays = [tensor.numpy() for tensor in inputs]
        expected = design.run(*arrays, level="tensor")
        with torch.no_grad():
            reals = as_tuple(model(*inputs))
        for result, real in zip(expected.outputs, reals, strict=True):
            assert np.abs(result - real.numpy()).max() <= 2 * STEP
        runs = {level: design.run(*arrays, level=level) for level in LEVELS}
        for level, run in runs.items():
            for result, same in zip(expected.outputs, run.outputs, strict=True):
                np.testing.assert_array_equal(result, same, err_msg=level)
        assert runs["schedule"].cycles == runs["rtl"].cycles


@pytest.mark.parametrize("precision", ["fixed<8,4>", "fixed<12,6>", "fixed<18,10>", "fixed<24,12>", "fixed<16,-2>"])
def test_any_format_gives_the_same_bits(precision: str):
    layer = next(layer for layer in LAYERS if layer.name == "residual")
    design = gw.compile(layer.model(), args=layer.inputs(0), precision=precision, search=0)
    for seed in SEEDS:
        arrays = [8 * tensor.numpy() for tensor in layer.inputs(seed)]
        expected = design.run(*arrays, level="tensor").outputs[0]
        for level in LEVELS:
            np.testing.assert_array_equal(design.run(*arrays, level=level).outputs[0], expected, err_msg=level)


def test_values_beyond_the_format_saturate():
    model = torch.torch.nn.Conv2d(1, 1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(3.0)
    design = gw.compile(model, args=(torch.zeros(1, 1, 1, 4),), precision="fixed<8,4>")
    given = np.array([[[[100.0, 7.0, -7.0, -0.03125]]]])
    np.testing.assert_array_equal(design(given).ravel(), [7.9375, 7.9375, -8.0, -0.0])


def test_a_model_in_training_mode_is_read_as_in_evaluation_and_left_alone():
    model = torch.torch.nn.Sequential(torch.torch.nn.Linear(4, 3), torch.torch.nn.Dropout(0.5)).train()
    x = torch.ones(1, 4)
    design = gw.compile(model, args=(x,), precision=PRECISION)
    assert all(part.training for part in model.modules())
    with torch.no_grad():
        assert np.abs(design(x.numpy()) - model.eval()(x).numpy()).max() <= 2 * STEP


def test_an_exported_program_compiles():
    model = torch.torch.nn.Sequential(torch.torch.nn.Linear(4, 3), torch.torch.nn.ReLU())
    x = torch.ones(1, 4)
    with torch.no_grad():
        exported = torch.export.export(model.eval(), (x,))
    same = gw.compile(model, args=(x,), precision=PRECISION)
    np.testing.assert_array_equal(gw.compile(exported, precision=PRECISION)(x.numpy()), same(x.numpy()))


@pytest.mark.parametrize("bound", [torch.nn.ReLU6(), torch.nn.Hardtanh(-2.0, 2.0)], ids=["relu6", "hardtanh"])
def test_bounds_on_fixed_point_numbers_are_comparisons(bound: torch.nn.Module):
    design = gw.compile(bound, args=(torch.zeros(2, 8),), precision="fixed<16,8>")
    assert design.report["operators"] == []
    assert design.report["cycles"] == 2 * 8 + 3
