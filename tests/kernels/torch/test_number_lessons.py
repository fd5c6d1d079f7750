"""Where tools that turn models into hardware give wrong numbers silently: that must not happen here.

The complaints are those of users of such tools; each test is named for what must hold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import gatewright as gw
from gatewright.tools import compile as gatewright_tool

# 15. Silent wrong answers.

PROGRAM = """
import numpy as np
import gatewright as gw

def scaled(x: gw.f32[8]):
    return x * np.float32(0.1)
"""


def test_15_a_run_is_compared_with_python_to_the_bit_without_being_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM, encoding="utf-8")
    assert gatewright_tool.main(["run", f"{file}:scaled"]) == 0
    assert "the same as scaled in Python" in capsys.readouterr().out
    run = gw.Design.run

    def one_bit_off(self: gw.Design, *arguments: np.ndarray, **options: object) -> object:
        found = run(self, *arguments, **options)  # pyright: ignore[reportArgumentType]
        found.outputs[0].view(np.uint32)[3] ^= 1
        return found

    monkeypatch.setattr(gw.Design, "run", one_bit_off)
    assert gatewright_tool.main(["run", f"{file}:scaled"]) == 1
    assert "scaled in Python differs: 1 of 8 values, first" in capsys.readouterr().out


class Sorted(nn.Module):
    """An operation without hardware."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        return torch.sort(y).values


def test_15_what_is_not_supported_is_an_error_with_its_name_and_line():
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(Sorted(), args=(torch.ones(4),))
    message = str(raised.value)
    line = Sorted.forward.__code__.co_firstlineno + 2
    assert f"{Path(__file__).name}:{line}" in message and "sort" in message


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 2, 3, padding_mode="reflect"),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.MaxPool2d(2, padding=1, dilation=2),
    ],
    ids=str,
)
def test_15_an_unusual_option_of_a_layer_is_obeyed_or_refused(layer: nn.Module):
    x = torch.randn(1, 2, 7, 7, generator=torch.Generator().manual_seed(0))
    try:
        design = gw.compile(layer, args=(x,))
    except gw.GatewrightError:
        return
    np.testing.assert_allclose(design.run(x).outputs[0], layer(x).detach().numpy(), rtol=1e-5, atol=1e-6)


# 16. Fixed point that collapses the accuracy.


def test_16_accuracy_does_not_collapse_where_ranges_do_not_fit_one_format():
    """Inputs of thousands and scores of hundredths: one format of 16 bits has either, samples have both."""
    generator = torch.Generator().manual_seed(3)
    network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 5)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        network[0].weight *= 1e-4
        network[2].weight *= 1e-2
        network[2].bias *= 1e-2
    samples = 5000 * torch.randn(60, 6, generator=generator)
    with torch.no_grad():
        labels = network(samples).argmax(1)

    def accuracy(**options: object) -> float:
        design = gw.compile(network, args=(samples[:1],), **options)
        rows = [design.run(sample[None], level="rtl").outputs[0] for sample in samples]
        return float(np.mean([row.argmax() == label for row, label in zip(rows, labels, strict=True)]))

    assert accuracy(precision="fixed<16,8>") < 0.9
    assert accuracy(precision="fixed<16>", calibrate=samples) >= 0.98


def test_16_accumulators_cannot_overflow():
    """The largest and smallest inputs there are, with weights of one sign: the sum is as large as it can get."""
    model = nn.Linear(64, 1, bias=False).eval()
    nn.init.constant_(model.weight, 0.9921875)
    design = gw.compile(model, args=(torch.zeros(1, 64),), precision="fixed<16,8>")
    for value in (127.99609375, -128.0):
        for sign in (1, -1):
            x = torch.full((1, 64), value) * torch.tensor([1.0] * 32 + [float(sign)] * 32)
            exact = np.clip(float((x.double().clamp(-128, 127.99609375) * 0.9921875).sum()), -128, 127.99609375)
            assert design.run(x).outputs[0] == pytest.approx(exact, abs=1 / 512)
            assert design.saturations(x)["input"] == (32 if value == -128 and sign < 0 else 0)


def test_16_the_report_has_the_error_of_every_layer():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)).eval()
    samples = torch.randn(20, 1, 4, generator=torch.Generator().manual_seed(0))
    rows = gw.compile(model, args=(samples[0],), precision="fixed<10>", calibrate=samples).report["tensors"]
    assert [row["layer"] for row in rows] == [None, "1", "2"]
    for row in rows:
        assert row["low"] < row["high"] and 0 < row["mean_error"] <= row["largest_error"] < 0.1
        assert row["signal_to_noise_db"] > 30
