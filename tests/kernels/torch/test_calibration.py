"""Fixed point from data: where samples put the binary point of every tensor, what the report says of it, all levels."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch_layers import LAYERS, Layer

import gatewright as gw
from gatewright.quantization.calibration import fraction_for

SAMPLES = 12


class Branches(nn.Module):
    """Tensors of different sizes meet: in a sum, joined, and padded with a number."""

    def __init__(self):
        super().__init__()
        self.narrow = nn.Linear(6, 6)
        self.wide = nn.Linear(6, 6)
        self.last = nn.Linear(26, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        small, large = self.narrow(x), 50 * self.wide(y)
        together = torch.cat([small, large, small + large, torch.relu(large)], dim=1)
        return self.last(nn.functional.pad(together, (1, 1), value=-3.0))


NETWORKS = [
    *LAYERS,
    Layer("branches", Branches, ((1, 6), (1, 6))),
    Layer("sizes", lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4), nn.Flatten()), ((1, 5),)),
]


@cache
def samples_of(layer: Layer) -> list[tuple[torch.Tensor, ...]]:
    return [tuple(3 * x for x in layer.inputs(10 + seed)) for seed in range(SAMPLES)]


@cache
def calibrated(layer: Layer, precision: str) -> gw.Design:
    samples = samples_of(layer)
    return gw.compile(layer.model(), args=samples[0], precision=precision, calibrate=samples, search=0)


def reference(layer: Layer, inputs: tuple[torch.Tensor, ...]) -> list[np.ndarray]:
    with torch.no_grad():
        returned = layer.model()(*inputs)
    return [tensor.numpy() for tensor in (returned if isinstance(returned, tuple) else (returned,))]


@pytest.mark.parametrize("precision", ["fixed<16>", "fixed<8>"])
@pytest.mark.parametrize("layer", NETWORKS, ids=str)
def test_every_level_gives_the_same_numbers(layer: Layer, precision: str):
    design = calibrated(layer, precision)
    for inputs in (samples_of(layer)[0], tuple(40 * x for x in layer.inputs(2))):  # the second saturates
        runs = {level: design.run(*inputs, level=level) for level in design.levels if level != "verilog"}
        for level, run in runs.items():
            for mine, same in zip(run.outputs, runs["tensor"].outputs, strict=True):
                assert np.array_equal(mine, same), level
        assert runs["schedule"].cycles == runs["rtl"].cycles == design.report["cycles"]


@pytest.mark.parametrize("layer", NETWORKS, ids=str)
def test_every_tensor_has_the_most_fraction_bits_that_its_range_leaves(layer: Layer):
    filled = set()
    for row in calibrated(layer, "fixed<16>").report["tensors"]:
        bits, fraction = map(int, row["format"][6:-1].split(","))
        magnitude = max(-row["low"], row["high"])
        assert bits == 16 and round(magnitude * 2.0**fraction) <= 2**15 - 1
        if magnitude * 2.0 ** (fraction + 1) + 0.5 > 2**15 - 1:
            filled.add(fraction)
        else:
            assert fraction in filled, "it is not a part of a tensor that needs these bits"


@pytest.mark.parametrize("layer", NETWORKS, ids=str)
def test_the_reported_errors_are_those_of_the_hardware(layer: Layer):
    design, samples = calibrated(layer, "fixed<16>"), samples_of(layer)
    exact = np.stack([reference(layer, inputs)[0] for inputs in samples]).astype(np.float64)
    mine = np.stack([design.run(*inputs, level="rtl").outputs[0] for inputs in samples])
    error = np.abs(mine.reshape(exact.shape) - exact)
    row = next(row for row in reversed(design.report["tensors"]) if np.isclose(row["high"], exact.max(), atol=1e-5))
    assert row["largest_error"] == pytest.approx(error.max(), rel=1e-2, abs=1e-5)
    assert row["mean_error"] == pytest.approx(error.mean(), rel=1e-2, abs=1e-5)


def test_the_report_names_the_layers():
    model = nn.Sequential()
    model.add_module("first", nn.Linear(4, 4))
    model.add_module("inner", nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))
    x = torch.ones(3, 1, 4)
    design = gw.compile(model.eval(), args=(x[0],), precision="fixed<12>", calibrate=x)
    assert [row["layer"] for row in design.report["tensors"]] == [None, "inner.0", "inner.1"]
    assert {row["layer"] for row in design.report["loops"]} == {"first", "inner.1"}


def test_the_accuracy_is_that_of_the_samples():
    layer = NETWORKS[-1]
    samples = samples_of(layer)
    right = [int(reference(layer, inputs)[0].argmax()) for inputs in samples]
    labels = np.array([right[0] + 1, right[1] + 1, *right[2:]])
    design = gw.compile(layer.model(), args=samples[0], precision="fixed<16>", calibrate=samples, labels=labels)
    assert design.report["accuracy_float"] == pytest.approx(1 - 2 / SAMPLES)
    classes = [design.run(*inputs, level="rtl").outputs[0].argmax() for inputs in samples]
    assert design.report["accuracy_fixed"] == np.mean(classes == labels)


def test_calibrated_formats_are_better_than_any_one_format():
    layer = NETWORKS[-1]
    samples = samples_of(layer)

    def error(design: gw.Design) -> float:
        runs = [design.run(*inputs, level="tensor").outputs[0] for inputs in samples]
        return max(float(np.abs(run - reference(layer, x)[0]).max()) for run, x in zip(runs, samples, strict=True))

    others = [gw.compile(layer.model(), args=samples[0], precision=f"fixed<10,{f}>") for f in range(10)]
    assert error(calibrated(layer, "fixed<10>")) < min(map(error, others))


@pytest.mark.parametrize(
    ("magnitude", "bits", "fraction"),
    [
        (1.0, 8, 6),
        (0.99, 8, 7),
        (127.51 / 128, 8, 6),
        (127.49 / 128, 8, 7),
        (100.0, 8, 0),
        (1000.0, 8, -3),
        (0.0, 8, 7),
    ],
)
def test_fraction_bits(magnitude: float, bits: int, fraction: int):
    assert fraction_for(magnitude, bits) == fraction


def test_samples_are_an_array_or_a_list():
    model, x = nn.Linear(3, 2), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    given = [x, x[:, None], x.numpy(), list(x[:, None]), [(row[None],) for row in x]]
    reports = [gw.compile(model, args=(x[:1],), precision="fixed<9>", calibrate=g).report["tensors"] for g in given]
    assert all(report == reports[0] for report in reports)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "precision='fixed<9>' leaves open where the point is"),
        ({"calibrate": []}, "there are no samples to calibrate with"),
        ({"calibrate": torch.ones(3, 1, 4)}, "a sample has the shape (1, 4), the model takes (1, 3)"),
        ({"calibrate": torch.ones(3, 1, 3), "labels": [0, 1]}, "there are 3 samples and 2 labels"),
        (
            {"calibrate": torch.ones(3, 1, 3), "precision": None},
            "samples to calibrate with need a fixed-point format",
        ),
        ({"precision": {"layer": "fixed<9,3>"}}, "precision= gives no format to what is in no layer named"),
        ({"precision": {"": "fixed<9,3>", "x": "half"}}, "precision='half' is not a format"),
        ({"calibrate": torch.ones(3, 1, 3), "precision": "fixed<99>"}, "precision='fixed<99>' is not a format"),
    ],
)
def test_what_cannot_be(options: dict[str, object], message: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(nn.Linear(3, 2), args=(torch.ones(1, 3),), **{"precision": "fixed<9>", **options})
    assert str(raised.value).splitlines()[0] == message


def test_a_function_is_not_a_model():
    def double(x):
        return x * 2

    with pytest.raises(gw.OptionError, match="that is for the tensors of a model"):
        gw.compile(double, args=(np.ones(3, np.float32),), precision="fixed<9>", calibrate=np.ones((2, 3)))


class Encoder(nn.Module):
    """Layers within layers."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.inner(x))


def test_layers_have_formats_of_their_own():
    model, x = Encoder().eval(), torch.randn(1, 6, generator=torch.Generator().manual_seed(0))
    wanted = {"": "fixed<16,8>", "inner": "fixed<12,6>", "inner.0": "fixed<8,4>"}
    design = gw.compile(model, args=(x,), precision=wanted, calibrate=x)
    formats = {row["layer"]: row["format"] for row in design.report["tensors"]}
    assert formats == {None: "fixed<16,8>", "inner.1": "fixed<12,6>", "inner.2": "fixed<12,6>", "last": "fixed<16,8>"}
    constants = re.findall(r"dense<.*> : tensor<(?:\d+x)*i(\d+)>", design.ir("tensor"))
    widths = set(map(int, constants))  # a constant of a few numbers may need fewer bits
    assert {8, 12} < widths and 12 < max(widths) <= 16, "weights are as wide as the format of their layer"
    runs = [design.run(x, level=level) for level in ("tensor", "loops", "schedule", "rtl")]
    assert all(np.array_equal(run.outputs[0], runs[0].outputs[0]) for run in runs)
    np.testing.assert_allclose(runs[0].outputs[0], model(x).detach().numpy(), atol=0.2)
    plain = gw.compile(model, args=(x,), precision=wanted)
    assert plain.ir("tensor") == design.ir("tensor") and "tensors" not in plain.report


def test_open_and_closed_formats_mix():
    model, x = Encoder().eval(), torch.randn(9, 1, 6, generator=torch.Generator().manual_seed(0))
    wanted = {"": "fixed<16>", "inner": "fixed<8>", "last": "fixed<10,5>"}
    design = gw.compile(model, args=(x[0],), precision=wanted, calibrate=x)
    rows = {row["layer"]: row["format"] for row in design.report["tensors"]}
    assert rows["last"] == "fixed<10,5>" and rows["inner.2"].startswith("fixed<8,") and rows[None] == "fixed<16,13>"
    levels = [design.run(x[1], level=level).outputs[0] for level in ("tensor", "loops", "schedule", "rtl")]
    assert all(np.array_equal(each, levels[0]) for each in levels)


class FromZero(nn.Module):
    """A layer on a constant zero, as in the first step of a recurrent network."""

    def __init__(self):
        super().__init__()
        self.input, self.state = nn.Linear(4, 3), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.input(x) + self.state(torch.zeros(1, 5)))


def test_a_layer_on_zeros_gives_its_bias():
    model, x = FromZero().eval(), torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    for options in ({"precision": "fixed<16,10>"}, {"precision": "fixed<16>", "calibrate": x}):
        design = gw.compile(model, args=(x,), **options)
        runs = [design.run(x, level=level).outputs[0] for level in ("tensor", "loops", "rtl")]
        np.testing.assert_allclose(runs[0], model(x).detach().numpy(), atol=0.002)
        assert all(np.array_equal(run, runs[0]) for run in runs)


def test_what_saturates_is_counted():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.ReLU(), nn.Linear(3, 1, bias=False)).eval()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0, 0], [0, 4.0, 0], [0, 0, 1.0]]))
        model[2].weight.copy_(torch.tensor([[1.0, 1.0, 1.0]]))
    design = gw.compile(model, args=(torch.ones(1, 3),), precision="fixed<8,4>")
    assert design.saturations(torch.tensor([[1.0, 1.5, -2.0]])) == {"input": 0, "1": 0, "2": 0}
    assert design.saturations(torch.tensor([[1.0, 2.0, 3.0]])) == {"input": 0, "1": 1, "2": 1}  # 8 of 7.9375, 12
    assert design.saturations(torch.tensor([[7.97, 7.96, -9.0]])) == {"input": 2, "1": 1, "2": 1}
    with pytest.raises(gw.OptionError, match="only models with a fixed-point precision saturate"):
        gw.compile(model, args=(torch.ones(1, 3),)).saturations(torch.ones(1, 3))


@pytest.mark.parametrize("layer", NETWORKS, ids=str)
def test_on_the_samples_nothing_saturates_but_far_beyond_them_it_does(layer: Layer):
    design, samples = calibrated(layer, "fixed<16>"), samples_of(layer)
    assert sum(sum(design.saturations(*inputs).values()) for inputs in samples) == 0
    assert sum(design.saturations(*(400 * x for x in samples[0])).values()) > 0


def test_a_layer_that_is_not_there_is_an_error_that_lists_those_that_are():
    with pytest.raises(gw.OptionError, match="the model has no layer 'outer'") as raised:
        gw.compile(Encoder(), args=(torch.ones(1, 6),), precision={"": "fixed<16,8>", "outer": "fixed<8,4>"})
    assert "inner.0, inner.1, inner.2, last" in str(raised.value)


def test_channels_of_weights_have_points_of_their_own():
    """Rows of weights of very different sizes: with one point the small ones would have next to no bits."""
    x = torch.randn(40, 1, 8, generator=torch.Generator().manual_seed(1))
    model = nn.Sequential(nn.Linear(8, 4, bias=False), nn.ReLU()).eval()
    weights = torch.rand(4, 8, generator=torch.Generator().manual_seed(2)) + 0.5
    with torch.no_grad():
        model[0].weight.copy_(weights * torch.tensor([[1.0], [1 / 16], [1 / 64], [0.0]]))
    design = gw.compile(model, args=(x[0],), precision={"": "fixed<16>", "0": "fixed<8>"}, calibrate=x)
    scaled = np.stack([design.run(sample, level="tensor").outputs[0][0] for sample in x])
    exact = model(x[:, 0]).detach().numpy()
    relative = np.abs(scaled - exact)[:, :3].max(0) / exact[:, :3].max(0)
    assert (relative < 0.01).all(), relative
    levels = [design.run(x[1], level=level).outputs[0] for level in ("tensor", "loops", "schedule", "rtl")]
    assert all(np.array_equal(each, levels[0]) for each in levels)
