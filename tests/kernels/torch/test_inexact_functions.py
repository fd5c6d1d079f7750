"""Functions that no exact arithmetic has, on fixed-point numbers: less than one unit in the last place off."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from float_models import MODELS
from torch import nn
from torch_layers import Function, Layer

import gatewright as gw

FORMAT = gw.fixed(16, 10)
EVERY = np.arange(-(1 << 15), 1 << 15) / 1024
WITHIN_ONE = EVERY[abs(EVERY) <= 1]
POSITIVE = EVERY[EVERY > 0]
FUNCTIONS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], Callable[[np.ndarray], np.ndarray], np.ndarray]] = {
    "exp": (torch.exp, np.exp, EVERY),
    "exp2": (torch.exp2, np.exp2, EVERY),
    "log": (torch.log, np.log, POSITIVE),
    "log2": (torch.log2, np.log2, POSITIVE),
    "sin": (torch.sin, np.sin, EVERY),
    "cos": (torch.cos, np.cos, EVERY),
    "tan": (torch.tan, np.tan, EVERY),
    "asin": (torch.asin, np.arcsin, WITHIN_ONE),
    "acos": (torch.acos, np.arccos, WITHIN_ONE),
    "atan": (torch.atan, np.arctan, EVERY),
    "atan2": (lambda x: torch.atan2(x, x + 1), lambda x: np.arctan2(x, x + 1), EVERY[EVERY < 30]),
    "tanh": (torch.tanh, np.tanh, EVERY),
    "sigmoid": (torch.sigmoid, lambda x: 1 / (1 + np.exp(-x)), EVERY),
    "erf": (torch.erf, np.vectorize(lambda x: float(mp.erf(x))), EVERY),
    "gelu": (F.gelu, np.vectorize(lambda x: x * float(mp.ncdf(x))), EVERY),
    "sqrt": (torch.sqrt, np.sqrt, POSITIVE),
    "rsqrt": (torch.rsqrt, lambda x: 1 / np.sqrt(x), POSITIVE),
    "reciprocal": (torch.reciprocal, lambda x: 1 / x, POSITIVE),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_number_of_sixteen_bits(name: str):
    compute, exact, numbers = FUNCTIONS[name]
    x = torch.from_numpy(numbers).float()
    design = gw.compile(Function(compute), args=(x,), precision=str(FORMAT), search=0)
    found = design.run(x, level="tensor").outputs[0]
    with np.errstate(all="ignore"):
        expected = np.clip(exact(numbers), -32, 32 - 1 / 1024)
    assert np.abs(found - expected).max() * 1024 < 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_level_gives_the_same_numbers(name: str):
    compute, _, numbers = FUNCTIONS[name]
    x = torch.from_numpy(np.random.default_rng(0).choice(numbers, 40)).float()
    design = gw.compile(Function(compute), args=(x,), precision=str(FORMAT), search=0)
    runs = {level: design.run(x, level=level) for level in ("tensor", "loops", "schedule", "rtl")}
    for level, run in runs.items():
        np.testing.assert_array_equal(run.outputs[0], runs["tensor"].outputs[0], err_msg=level)
    assert runs["schedule"].cycles == runs["rtl"].cycles == design.report["cycles"]


def test_what_is_beyond_the_format_saturates_and_is_counted():
    x = torch.tensor([0.0, 1.0, 4.0, 31.0, -31.0])
    design = gw.compile(Function(torch.exp), args=(x,), precision=str(FORMAT), search=0)
    np.testing.assert_array_equal(design.run(x).outputs[0][2:], [32 - 1 / 1024, 32 - 1 / 1024, 0])
    counts = design.saturations(x)
    assert list(counts.values()) == [0, 2]
    log = gw.compile(Function(torch.log), args=(x,), precision=str(FORMAT), search=0)
    np.testing.assert_array_equal(log.run(x).outputs[0][[0, 4]], [-32, 0])  # minus infinity, NaN


CALIBRATED = [m for m in MODELS if m.name in ("softmax", "layer norm", "gelu", "lstm cell", "attention", "silu")]


@pytest.mark.parametrize("layer", CALIBRATED, ids=str)
def test_models_with_such_functions_are_calibrated(layer: Layer):
    samples = [layer.inputs(seed) for seed in range(6)]
    design = gw.compile(layer.model(), args=samples[0], precision="fixed<18>", calibrate=samples, search=0)
    inputs = samples[3]
    with torch.no_grad():
        expected = layer.model()(*inputs)
    expected = expected[0] if isinstance(expected, tuple) else expected
    runs = {level: design.run(*inputs, level=level) for level in ("tensor", "loops")}
    np.testing.assert_array_equal(runs["loops"].outputs[0], runs["tensor"].outputs[0])
    assert np.abs(runs["tensor"].outputs[0] - expected.numpy()).max() < 2e-3 * float(expected.abs().max())


class Narrow(nn.Module):
    """A table of a function between two formats."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(torch.tanh(x) > 0.5, torch.exp(-x), x * 3 - 1)


def test_choices_and_constants_take_the_detour_too():
    x = torch.linspace(-2, 2, 33)
    design = gw.compile(Narrow(), args=(x,), precision="fixed<12,8>")
    exact = gw.fixed(12, 8)(x.numpy())
    expected = np.where(np.tanh(exact) > 0.5, np.exp(-exact), exact * 3 - 1)
    for level in ("tensor", "loops", "rtl"):
        assert np.abs(design.run(x, level=level).outputs[0] - np.clip(expected, -8, 8)).max() < 1 / 256
