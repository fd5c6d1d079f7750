"""Quantised models run on integers, and give what PyTorch makes of the same graph, to the bit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from quantized_models import MIXED, QUANTIZED, WHOLE, Bits, Quantized
from torch import nn
from torch_layers import Function

import gatewright as gw


@cache
def compiled(model: Quantized) -> gw.Design:
    return gw.compile(model.converted(), args=(model.inputs(0),), search=0)


def expected(model: nn.Module, x: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return model(x).numpy()


def floats(design: gw.Design) -> list[str]:
    """The floating-point operators of a design."""
    return [row["name"] for row in design.report["operators"] if "f32" in row["name"]]


@pytest.mark.parametrize("model", [*WHOLE, *MIXED], ids=str)
def test_every_level_gives_the_same_bits(model: Quantized):
    design, x = compiled(model), model.inputs(1)
    runs = {level: design.run(x, level=level) for level in design.levels if level != "verilog"}
    for level, run in runs.items():
        assert run.outputs[0].tobytes() == runs["tensor"].outputs[0].tobytes(), level
    assert runs["schedule"].cycles == runs["rtl"].cycles == design.report["cycles"]


@pytest.mark.parametrize("model", WHOLE, ids=str)
def test_a_quantised_model_is_of_integers_and_gives_what_pytorch_gives(model: Quantized):
    design = compiled(model)
    assert floats(design) == []
    for seed in range(20, 40):
        x = model.inputs(seed)
        np.testing.assert_array_equal(design.run(x, level="tensor").outputs[0], expected(model.converted(), x))


@pytest.mark.parametrize("model", MIXED, ids=str)
def test_what_is_not_quantised_stays_floating_point(model: Quantized):
    design = compiled(model)
    assert floats(design)
    for seed in range(20, 40):
        x = model.inputs(seed)
        mine = design.run(x, level="tensor").outputs[0]
        np.testing.assert_allclose(mine, expected(model.converted(), x), rtol=1e-5, atol=1e-6)


def test_sums_are_as_wide_as_they_can_get_and_weights_have_eight_bits():
    design = compiled(WHOLE[0])
    multipliers = {row["name"] for row in design.report["operators"]}
    assert any(name.startswith("mul_8x8") for name in multipliers)
    weights = 4 * 9 + 4 * 4 * 9 + 10 * 64
    assert design.report["memory_bits"] < 8 * weights + 8 * (4 * 100 * 2 + 4 * 16 + 100) + 2000


def test_numbers_become_integers_at_the_ports():
    design = compiled(WHOLE[1])
    (parameter,), (result,) = design.signature.parameters, design.signature.results
    assert str(parameter.type).startswith("quantized<i8,") and str(result.type).startswith("quantized<i8,")
    x = WHOLE[1].inputs(7)
    np.testing.assert_array_equal(design(x), expected(WHOLE[1].converted(), x))
    with pytest.raises(gw.GatewrightError, match="holds NaN"):
        design.run(torch.full((1, 1, 8, 8), float("nan")))


@pytest.mark.parametrize("unsigned", [False, True], ids=["signed", "unsigned"])
@pytest.mark.parametrize("bits", range(2, 9))
def test_two_to_eight_bits_ties_included(bits: int, unsigned: bool):
    model = Bits(bits, unsigned).eval()
    x = torch.randn(1, 1, 6, 6, generator=torch.Generator().manual_seed(bits)) * 2
    design = gw.compile(model, args=(x,), search=0)
    assert floats(design) == []
    assert f"<i{bits}," in str(design.signature)
    for seed in range(8):
        x = torch.randn(1, 1, 6, 6, generator=torch.Generator().manual_seed(seed)) * 2
        levels = ("tensor", "loops", "rtl") if seed == 0 else ("tensor",)
        for level in levels:
            np.testing.assert_array_equal(design.run(x, level=level).outputs[0], expected(model, x), err_msg=level)


class OfIntegers(nn.Module):
    """A model that takes and gives integers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Twice dequantised, once quantised."""
        y = QUANTIZED.dequantize_per_tensor(x, 0.02, 3, -128, 127, torch.int8)
        return QUANTIZED.quantize_per_tensor(torch.tanh(y) * y, 0.01, -5, 0, 255, torch.uint8)


def test_integers_at_the_ports_of_the_model_are_those_of_the_hardware():
    x = torch.arange(-128, 128, dtype=torch.int16).to(torch.int8)
    design = gw.compile(OfIntegers(), args=(x,))
    assert str(design.signature) == "(x: i8[256]) -> (u8[256])"
    assert floats(design) == []
    for level in ("tensor", "loops", "schedule", "rtl"):
        np.testing.assert_array_equal(design.run(x, level=level).outputs[0], OfIntegers()(x).numpy(), err_msg=level)


class FakeQuantized(nn.Module):
    """A tensor that is read before it is quantised too."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The quantised number, and the error."""
        whole = QUANTIZED.quantize_per_tensor(x, 0.1, 0, -128, 127, torch.int8)
        y = QUANTIZED.dequantize_per_tensor(whole, 0.1, 0, -128, 127, torch.int8)
        return y, x - y


def test_what_is_read_as_a_number_too_stays_one():
    x = torch.randn(20, generator=torch.Generator().manual_seed(0)) * 8
    design = gw.compile(FakeQuantized(), args=(x,))
    assert str(design.signature.parameters[0].type) == "f32[20]"
    for mine, real in zip(design.run(x).outputs, FakeQuantized()(x), strict=True):
        np.testing.assert_array_equal(mine, real.numpy())


def test_the_command_line_compiles_a_quantised_model(tmp_path: Path):
    design = compiled(WHOLE[4])
    design.save(tmp_path)
    assert (tmp_path / "report.json").exists()
    again = gw.compile(design.ir("tensor"))
    x = WHOLE[4].inputs(3)
    assert str(again.signature) == str(design.signature)
    np.testing.assert_array_equal(again.run(x).outputs[0], design.run(x).outputs[0])


def dequantized(x: torch.Tensor, scale: float) -> torch.Tensor:
    return QUANTIZED.dequantize_per_tensor(x, scale, 0, -128, 127, torch.int8)


def quantized(x: torch.Tensor, scale: float) -> torch.Tensor:
    return QUANTIZED.quantize_per_tensor(x, scale, 0, -128, 127, torch.int8)


ROUGH = 0.12037590146064758
EVERY = torch.arange(-128, 128, dtype=torch.int16).to(torch.int8)
TIES = torch.arange(-40, 40) * 1.875
EDGES: dict[str, tuple[Function, torch.Tensor]] = {
    "a factor before the port is quantised": (Function(lambda x: quantized(x * 0.2, 0.75)), TIES),
    "a quotient before the port is quantised": (Function(lambda x: quantized(x / 7, 0.75)), TIES),
    "a product of a result": (Function(lambda x: (dequantized(x, ROUGH), dequantized(x, ROUGH) * 3)), EVERY),
    "padded with infinity, and not chosen from": (
        Function(lambda x: quantized(F.pad(dequantized(x, 1 / 16), (1, 1), value=-torch.inf).clamp(min=-100), 1.0)),
        EVERY[100:140],
    ),
    "times nothing": (Function(lambda x: F.pad(dequantized(x, 0.5) * 0.0, (1, 1), value=1.0)), EVERY),
    "one less a number": (Function(lambda x: quantized(1 - dequantized(x, ROUGH), 0.3)), EVERY),
    "a leaky unit": (Function(lambda x: quantized(F.leaky_relu(dequantized(x, ROUGH), 0.1), 0.3)), EVERY),
    "one by a number": (Function(lambda x: quantized(torch.reciprocal(dequantized(x, ROUGH) + 100), 0.001)), EVERY),
}


@pytest.mark.parametrize("name", EDGES)
def test_what_floating_point_rounds_twice_is_rounded_twice(name: str):
    model, x = EDGES[name]
    design = gw.compile(model, args=(x,), search=0)
    real = model(x)
    for level in ("tensor", "loops", "rtl"):
        for mine, same in zip(
            design.run(x, level=level).outputs, real if isinstance(real, tuple) else (real,), strict=True
        ):
            np.testing.assert_array_equal(mine, same.numpy(), err_msg=level)


@pytest.mark.parametrize("scale", [0.1, 0.3, 1 / 3, 0.7, 1e-3])
def test_a_scale_that_single_precision_does_not_have(scale: float):
    x = torch.randn(400, generator=torch.Generator().manual_seed(0)) * 60 * scale
    model = Function(lambda x: dequantized(quantized(x, scale), scale))
    design = gw.compile(model, args=(x,), search=0)
    assert "f32" not in str(design.signature) and floats(design) == []
    np.testing.assert_array_equal(design.run(x).outputs[0], model(x).numpy())


@pytest.mark.parametrize("name", ["one less a number", "a leaky unit", "one by a number"])
def test_functions_with_constants_are_tables(name: str):
    model, x = EDGES[name]
    assert floats(gw.compile(model, args=(x,))) == []
